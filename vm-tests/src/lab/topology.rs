//! Machines, bridges and cables.

use std::{fmt::Write as _, time::Duration};

use anyhow::{Context, Result};
use serde::Deserialize;

use super::Lab;
use crate::{
    machine::{Machine, Users},
    wait,
};

/// The machine that stands for the Proxmox host: all bridges, no address.
pub const HOST: &str = "proxmox";

/// A cable from a machine to a bridge.
#[derive(Clone, Copy, Debug)]
pub struct Cable {
    /// The machine.
    pub machine: &'static str,
    /// Its interface there.
    pub interface: &'static str,
    /// Bridge on the host: vmbr0 is the home LAN, vmbr1 the cluster's.
    pub bridge: &'static str,
    /// Last octet of its MAC, bc:24:11:00:00:xx.
    pub mac: u8,
}

const fn cable(
    machine: &'static str,
    interface: &'static str,
    bridge: &'static str,
    mac: u8,
) -> Cable {
    Cable {
        machine,
        interface,
        bridge,
        mac,
    }
}

/// All cables of the scenario.
pub const CABLES: [Cable; 10] = [
    cable("uplink", "eth0", "vmbr0", 0xf1),
    cable("home-laptop", "eth0", "vmbr0", 0xf2),
    cable("stranger", "eth0", "vmbr0", 0xf3),
    cable("router", "eth0", "vmbr0", 0xc8),
    cable("router", "eth1", "vmbr1", 0xc9),
    cable("talos-1", "eth0", "vmbr1", 0x01),
    cable("talos-2", "eth0", "vmbr1", 0x02),
    cable("talos-3", "eth0", "vmbr1", 0x03),
    cable("talos-client", "eth0", "vmbr1", 0x04),
    cable("laptop", "eth0", "vmbr1", 0x20),
];

impl Cable {
    /// MAC of the machine's end.
    pub fn mac(&self) -> String {
        format!("bc:24:11:00:00:{:02x}", self.mac)
    }

    /// Name of the bridge's end.
    pub fn port(&self) -> String {
        if self.bridge == "vmbr0" && self.machine == "router" {
            "router-uplink".to_owned()
        } else {
            self.machine.to_owned()
        }
    }
}

/// The machine that has this MAC.
pub fn machine_with(mac: &str) -> Option<&'static str> {
    CABLES
        .iter()
        .find(|cable| cable.mac().eq_ignore_ascii_case(mac))
        .map(|cable| cable.machine)
}

/// Starts all machines that the lab does not have yet and connects them; every link is up on return.
pub fn build(lab: &mut Lab, cables: &[Cable]) -> Result<()> {
    lab.add_machine(HOST, Users::Shared)?;
    for cable in cables {
        if lab.machine(cable.machine).is_err() {
            lab.add_machine(cable.machine, Users::Shared)?;
        }
    }
    let mut batch = String::new();
    for bridge in ["vmbr0", "vmbr1"] {
        writeln!(
            batch,
            "link add name {bridge} type bridge forward_delay 0 mcast_snooping 0"
        )?;
        writeln!(batch, "link set dev {bridge} up")?;
    }
    for cable in cables {
        let (port, mac, interface) = (cable.port(), cable.mac(), cable.interface);
        let holder = lab.machine(cable.machine)?.holder();
        writeln!(
            batch,
            "link add name {port} type veth peer name {interface} address {mac} netns {holder}"
        )?;
        writeln!(batch, "link set dev {port} master {} up", cable.bridge)?;
    }
    lab.machine(HOST)?.feed("ip", &["-batch", "-"], &batch)?;
    for cable in cables {
        lab.machine(cable.machine)?
            .succeed("ip", &["link", "set", "dev", cable.interface, "up"])?;
    }
    for cable in cables {
        wait_until_up(lab.machine(cable.machine)?, cable.interface)?;
        wait_until_up(lab.machine(HOST)?, &cable.port())?;
    }
    Ok(())
}

/// Takes a machine's cable out of the bridge, or puts it back.
pub fn plug(host: &Machine, cable: &Cable, plugged: bool) -> Result<()> {
    let port = cable.port();
    let args = if plugged {
        vec!["link", "set", "dev", &port, "master", cable.bridge]
    } else {
        vec!["link", "set", "dev", &port, "nomaster"]
    };
    host.succeed("ip", &args)?;
    Ok(())
}

/// The IPv4 addresses of an interface, with prefix length.
pub fn addresses(machine: &Machine, interface: &str) -> Result<Vec<String>> {
    #[derive(Deserialize)]
    struct Link {
        #[serde(default)]
        addr_info: Vec<Address>,
    }
    #[derive(Deserialize)]
    struct Address {
        #[serde(default)]
        local: String,
        #[serde(default)]
        prefixlen: u8,
    }
    let text = machine.succeed("ip", &["-json", "-4", "address", "show", "dev", interface])?;
    let links: Vec<Link> = serde_json::from_str(&text).context("understand `ip -json address`")?;
    Ok(links
        .iter()
        .flat_map(|link| &link.addr_info)
        .filter(|address| !address.local.is_empty())
        .map(|address| format!("{}/{}", address.local, address.prefixlen))
        .collect())
}

fn wait_until_up(machine: &Machine, interface: &str) -> Result<()> {
    wait::until(Duration::from_secs(5), || {
        let text = machine
            .succeed("ip", &["-brief", "link", "show", "dev", interface])
            .ok()?;
        (text.split_whitespace().nth(1) == Some("UP")).then_some(())
    })
    .with_context(|| {
        format!(
            "{interface} of {} did not come up within 5 s",
            machine.name()
        )
    })
}
