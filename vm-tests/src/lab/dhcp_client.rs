//! The stock DHCP clients, with the files they have on the distribution.

use anyhow::Result;

use super::Lab;
use crate::machine::Machine;

/// What a machine got.
#[derive(Clone, Debug)]
pub struct Lease {
    /// Address with prefix length.
    pub address: String,
    /// Default gateway.
    pub router: String,
    /// First resolver in `/etc/resolv.conf`.
    pub resolver: String,
}

/// Starts the lab's client on `eth0`, in the foreground; the part is `<machine>-dhcp`.
pub fn start(lab: &mut Lab, machine: &str) -> Result<String> {
    let client = lab.dhcp_client.clone();
    let name = format!("hostname:{machine}");
    let args: &[&str] = match client.as_str() {
        "udhcpc" => &["-f", "-i", "eth0", "-x", &name],
        "dhcpcd" => &["-4", "-B", "-d", "-h", machine, "eth0"],
        _ => &["-4", "-d", "-v", "eth0"],
    };
    lab.start(machine, "dhcp", &client, args)
}

/// What the client has made of its answer so far; else what is missing.
pub fn lease(machine: &Machine) -> Result<Lease, String> {
    let addresses =
        super::topology::addresses(machine, "eth0").map_err(|error| format!("{error:#}"))?;
    let address = addresses.into_iter().next().ok_or("no address on eth0")?;
    let route = machine
        .succeed("ip", &["-4", "route", "show", "default"])
        .map_err(|error| format!("{error:#}"))?;
    let router =
        word_after(&route, "via").ok_or_else(|| format!("{address}, but no default route"))?;
    let file = machine.directory().join("etc/resolv.conf");
    let text = std::fs::read_to_string(&file).unwrap_or_default();
    let resolver = word_after(&text, "nameserver")
        .ok_or_else(|| format!("{address} via {router}, but no resolver in /etc/resolv.conf"))?;
    Ok(Lease {
        address,
        router,
        resolver,
    })
}

/// The word that follows `word`.
pub fn word_after(text: &str, word: &str) -> Option<String> {
    let mut words = text.split_whitespace();
    words.find(|found| *found == word)?;
    words.next().map(str::to_owned)
}
