//! `lanlord talos-patch --firewall`: what a Talos node must let in where everything else is blocked.
//!
//! A patch of its own, for workers too. The one port that lanlord listens on is that of metrics and health. ARP is no
//! matter of this firewall, packets to a VIP pass it because a VIP is no address of the node, and everything else
//! (the API, DNS updates) is asked for by the node itself.

use std::{fmt::Write, process::ExitCode, str::FromStr};

use ipnet::IpNet;

use crate::print;

/// Who may come in: a prefix without host bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subnet(IpNet);

/// What nodes listen on: name of the rule, protocol, port.
const OPEN: [(&str, &str, u16); 1] = [("lanlord-metrics", "tcp", 7472)];

/// Prints one NetworkRuleConfig a port.
pub fn firewall(subnets: &[Subnet]) -> anyhow::Result<ExitCode> {
    print::write(&text(subnets))?;
    Ok(ExitCode::SUCCESS)
}

pub(super) fn text(subnets: &[Subnet]) -> String {
    let mut text = format!(
        "# lanlord {}: patch for every node, workers too, of a cluster whose NetworkDefaultActionConfig says block.\n",
        env!("CARGO_PKG_VERSION")
    );
    for (name, protocol, port) in OPEN {
        let _ = writeln!(
            text,
            "---\napiVersion: v1alpha1\nkind: NetworkRuleConfig\nname: {name}\nportSelector:\n  ports:\n    - {port}\n  \
             protocol: {protocol}\ningress:"
        );
        for Subnet(subnet) in subnets {
            let _ = writeln!(text, "  - subnet: {subnet}");
        }
    }
    text
}

impl FromStr for Subnet {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let net: IpNet = text
            .parse()
            .map_err(|_| format!("`{text}` is no subnet; write it like 192.168.1.0/24"))?;
        if net == net.trunc() {
            Ok(Self(net))
        } else {
            Err(format!("{net} has host bits set; write {}", net.trunc()))
        }
    }
}
