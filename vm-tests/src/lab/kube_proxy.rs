//! kube-proxy's part for one Service of the scenario: DNAT of the VIP to an endpoint. The VIP is on no interface.

use std::{fmt::Write as _, net::Ipv4Addr};

use anyhow::{Context, Result};

use super::Lab;
use crate::machine::Machine;

/// Nodes that carry the rules.
pub const NODES: [&str; 3] = ["talos-1", "talos-2", "talos-3"];

/// Ports of the Service and of its endpoints.
const PORTS: [(u16, u16); 2] = [(80, 8000), (443, 8443)];

/// Makes every node forward `vip` to the endpoints that are ready.
pub fn program_all(lab: &Lab, vip: Ipv4Addr) -> Result<()> {
    let endpoints = lab.manifests.ready_endpoints()?;
    for node in NODES {
        program(lab.machine(node)?, vip, &endpoints)?;
    }
    Ok(())
}

/// Makes one node forward `vip` to `endpoints`, each with the same chance, masqueraded when the endpoint is elsewhere
/// (policy Cluster).
pub fn program(node: &Machine, vip: Ipv4Addr, endpoints: &[Ipv4Addr]) -> Result<()> {
    node.succeed("sh", &["-c", "echo 1 > /proc/sys/net/ipv4/ip_forward"])?;
    let rules = ruleset(vip, endpoints).context("write the rules")?;
    node.feed("nft", &["-f", "-"], &rules)?;
    Ok(())
}

fn ruleset(vip: Ipv4Addr, endpoints: &[Ipv4Addr]) -> Result<String, std::fmt::Error> {
    let mut text =
        String::from("table ip kube-proxy\ndelete table ip kube-proxy\ntable ip kube-proxy {\n");
    for (chain, hook) in [("arriving", "prerouting"), ("own", "output")] {
        writeln!(text, "chain {chain} {{ type nat hook {hook} priority -100;")?;
        for (port, target) in PORTS {
            if let Some(to) = choice(endpoints) {
                writeln!(
                    text,
                    "ip daddr {vip} tcp dport {port} meta mark set meta mark | 0x4000 dnat to {to}:{target}"
                )?;
            }
        }
        writeln!(text, "}}")?;
    }
    writeln!(
        text,
        "chain leaving {{ type nat hook postrouting priority 100; meta mark & 0x4000 == 0x4000 masquerade\n}}\n}}"
    )?;
    Ok(text)
}

fn choice(endpoints: &[Ipv4Addr]) -> Option<String> {
    match endpoints {
        [] => None,
        [only] => Some(only.to_string()),
        several => {
            let map: Vec<String> = several
                .iter()
                .enumerate()
                .map(|(index, address)| format!("{index} : {address}"))
                .collect();
            Some(format!(
                "numgen random mod {} map {{ {} }}",
                several.len(),
                map.join(", ")
            ))
        }
    }
}
