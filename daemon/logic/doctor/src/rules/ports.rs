//! Ports that somebody else has.

use std::net::IpAddr;

use super::cure;
use crate::{Finding, Host, Port, Role, Transport};

/// Who needs a port, and for what.
struct Need {
    transport: Transport,
    port: u16,
    router: bool,
    node: bool,
    what: &'static str,
    /// Without it a function is gone; else only part of one.
    vital: bool,
}

/// Of the router.
const fn need(transport: Transport, port: u16, what: &'static str) -> Need {
    Need {
        transport,
        port,
        router: true,
        node: false,
        what,
        vital: true,
    }
}

/// Of both, and only for some set-ups.
const fn both(transport: Transport, port: u16, what: &'static str) -> Need {
    Need {
        node: true,
        vital: false,
        ..need(transport, port, what)
    }
}

const NEEDS: [Need; 8] = [
    need(Transport::Udp, 53, "DNS is not served"),
    need(Transport::Tcp, 53, "DNS over TCP is not served"),
    need(Transport::Udp, 67, "DHCP is not served"),
    need(Transport::Tcp, 80, "metrics and health are not served"),
    Need {
        vital: false,
        ..need(Transport::Udp, 547, "DHCPv6 cannot be served")
    },
    both(
        Transport::Tcp,
        179,
        "BGP sessions that the other side opens do not reach lanlord",
    ),
    both(Transport::Udp, 3784, "BFD cannot watch BGP sessions"),
    Need {
        router: false,
        node: true,
        ..need(Transport::Tcp, 7472, "metrics and health are not served")
    },
];

/// Ports that the probes look at.
pub(crate) fn needed() -> impl Iterator<Item = (Transport, u16)> {
    NEEDS.iter().map(|need| (need.transport, need.port))
}

pub(super) fn examine(host: &Host, role: Role) -> Vec<Finding> {
    let mut findings = Vec::new();
    for need in &NEEDS {
        let concerns = (need.router && role.may_route()) || (need.node && role.may_announce());
        let taken = host.ports.iter().filter(|port| {
            concerns
                && port.transport == need.transport
                && port.address.port() == need.port
                && !is_harmless(port.address.ip())
                && !port.holders.iter().any(|holder| holder.own)
        });
        findings.extend(taken.map(|port| judge(host, need, port)));
    }
    if findings.is_empty() {
        let what = "no port that lanlord uses is taken by others";
        findings.push(Finding::ok("port", what));
    }
    findings
}

/// A resolver on a loopback address, as systemd-resolved and Talos have one, is in nobody's way.
fn is_harmless(address: IpAddr) -> bool {
    let talos_host_dns = IpAddr::from([169, 254, 116, 108]);
    address.is_loopback() || address == talos_host_dns
}

fn judge(host: &Host, need: &Need, port: &Port) -> Finding {
    let (transport, flags) = match need.transport {
        Transport::Udp => ("udp", "-lunp"),
        Transport::Tcp => ("tcp", "-ltnp"),
    };
    let holders: Vec<String> = port
        .holders
        .iter()
        .map(|holder| format!("{} (pid {})", holder.program, holder.pid))
        .collect();
    let by = match holders.is_empty() {
        true => "a process that cannot be seen from here".to_string(),
        false => holders.join(", "),
    };
    let (number, address) = (need.port, port.address.ip());
    let what = format!("port {number}/{transport} on {address} is taken by {by}");
    let finding = match need.vital {
        true => Finding::problem("port", what),
        false => Finding::hint("port", what),
    };
    finding
        .because(need.what)
        .cured_by(match port.holders.first() {
            Some(holder) => cure::stop(host, &holder.program),
            None => format!("see who it is, as root: ss {flags} 'sport = :{number}'"),
        })
}
