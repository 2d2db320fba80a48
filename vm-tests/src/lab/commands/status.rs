//! `cargo lab status`: machines, addresses, who answers for the VIP, names.

use admin::types::Status;
use anyhow::Result;

use super::Visit;
use crate::{
    lab::{page, probe, topology, www},
    output::say,
};

/// Prints it.
pub fn status(lab: &Visit) -> Result<()> {
    say(format!(
        "{:14} {:16} {:24} {}",
        "MACHINE", "INTERFACE", "ADDRESSES", "LANLORD"
    ));
    for name in lab.machines() {
        let machine = lab.machine(name)?;
        let daemon = match probe::status(&machine) {
            Ok(Status::Node(status)) => node_line(&status),
            Ok(Status::Router(status)) => router_line(&status),
            Err(_) => String::new(),
        };
        let mut daemon = Some(daemon);
        for cable in topology::CABLES
            .iter()
            .filter(|cable| cable.machine == name)
        {
            let addresses = topology::addresses(&machine, cable.interface).unwrap_or_default();
            let interface = format!("{} on {}", cable.interface, cable.bridge);
            let daemon = daemon.take().unwrap_or_default();
            say(format!(
                "{name:14} {interface:16} {:24} {daemon}",
                addresses.join(" ")
            )
            .trim_end());
        }
    }
    say("");
    let vip = www::VIP.to_string();
    let laptop = lab.machine("laptop")?;
    let owner = probe::owner(&laptop, &vip)
        .map_or_else(|seen| seen, |owner| format!("answered for by {owner}"));
    say(format!("{vip}: {owner} (ARP, asked by the laptop)"));
    let page = page::fetch(&laptop, www::PAGE).map_or_else(
        |seen| seen,
        |page| format!("200, served by {}", page.server),
    );
    say(format!("{}: {page} (curl on the laptop)", www::PAGE));
    say("");
    if let Ok(Status::Router(status)) = probe::status(&lab.machine("router")?) {
        say(format!("{:32} {:18} {}", "NAME", "ADDRESSES", "SOURCE"));
        for name in status.dns.names {
            let addresses: Vec<String> = name.addresses.iter().map(ToString::to_string).collect();
            say(format!(
                "{:32} {:18} {}",
                name.name,
                addresses.join(" "),
                name.source
            ));
        }
    }
    Ok(())
}

fn node_line(status: &admin::types::NodeStatus) -> String {
    let mut words = vec!["node".to_owned()];
    if status.lease_holder {
        words.push("lease holder".to_owned());
    }
    for vip in status.vips.iter().filter(|vip| !vip.interfaces.is_empty()) {
        words.push(format!(
            "announces {} on {}",
            vip.vip,
            vip.interfaces.join(" ")
        ));
    }
    words.extend(status.problems.iter().cloned());
    words.join(", ")
}

fn router_line(status: &admin::types::RouterStatus) -> String {
    let mut words = vec!["router".to_owned()];
    for dhcp in &status.dhcp {
        words.push(format!("DHCP {}", dhcp.state));
    }
    words.push(format!("{} names", status.dns.names.len()));
    words.extend(status.problems.iter().cloned());
    words.join(", ")
}
