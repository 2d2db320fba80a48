//! What the kernel must have.

use super::cure;
use crate::{Conntrack, Finding, Host, Platform, Probe, Role};

mod tables;

pub(crate) use tables::PARTS;

/// Connections that a home or a small office easily has.
const FEW_CONNECTIONS: u64 = 65_536;
const CONNTRACK_MAX: &str = "net/netfilter/nf_conntrack_max";

pub(super) fn examine(host: &Host, role: Role) -> Vec<Finding> {
    let mut findings = vec![packet_sockets(host)];
    if role.may_route() {
        findings.extend(tables::nf_tables(host));
        findings.push(tables::nft(host));
        findings.extend(host.conntrack.map(|table| conntrack(host, table)));
        findings.extend(next_hops(host));
    }
    if !host.ipv6 {
        findings.push(
            Finding::hint("ipv6", "IPv6 is switched off")
                .because("IPv6 VIPs are not announced and IPv6 clients not served")
                .cured_by(cure::setting(host, "net/ipv6/conf/all/disable_ipv6", "0")),
        );
    }
    findings
}

fn packet_sockets(host: &Host) -> Finding {
    let why = "no ARP answers, so that no VIP is announced from here, and no DHCP";
    match &host.packet_sockets {
        Probe::Works => Finding::ok("packetSockets", "packet sockets work"),
        Probe::Missing => Finding::problem("packetSockets", "this kernel has no packet sockets")
            .because(why)
            .cured_by(cure::module(host, &["af_packet"])),
        Probe::Denied => Finding::hint("packetSockets", "packet sockets could not be tried")
            .because("CAP_NET_RAW is missing"),
        Probe::Failed(text) => {
            Finding::problem("packetSockets", format!("packet sockets fail: {text}")).because(why)
        }
    }
}

fn conntrack(host: &Host, table: Conntrack) -> Finding {
    let what = format!("{} of {} connections are in use", table.count, table.most);
    if table.count > table.most / 10 * 8 {
        let more = table.most.saturating_mul(4).to_string();
        return Finding::problem("conntrack", what)
            .because("when the table is full, new connections through NAT are dropped")
            .cured_by(cure::setting(host, CONNTRACK_MAX, &more));
    }
    if table.most < FEW_CONNECTIONS {
        return Finding::hint("conntrack", what)
            .because("a busy LAN behind NAT needs more; when the table is full, new connections are dropped")
            .cured_by(cure::setting(host, CONNTRACK_MAX, "262144"));
    }
    Finding::ok("conntrack", what)
}

fn next_hops(host: &Host) -> Option<Finding> {
    match &host.next_hops {
        Probe::Works | Probe::Denied => None,
        Probe::Missing => Some(
            Finding::hint("nextHops", "this kernel has no next-hop objects")
                .because("routes to VIPs over several nodes are plain multipath: more connections move when a node goes")
                .cured_by("Linux 5.3 or later has them"),
        ),
        Probe::Failed(text) => Some(Finding::hint(
            "nextHops",
            format!("next-hop objects fail: {text}"),
        )),
    }
}

/// Only nodes are on a clock of milliseconds.
pub(super) fn punctuality(host: &Host, role: Role) -> Vec<Finding> {
    if !role.may_announce() {
        return Vec::new();
    }
    let (real_time, memory) = (&host.punctuality.real_time, &host.punctuality.locked_memory);
    let parts = [
        (
            real_time,
            "real-time priority",
            "SYS_NICE",
            "LimitRTPRIO=10",
        ),
        (memory, "locked memory", "IPC_LOCK", "LimitMEMLOCK=infinity"),
    ];
    let missing = parts
        .into_iter()
        .filter_map(|(result, what, capability, limit)| {
            let refused = result.as_ref().err()?;
            let cure = match &host.environment.platform {
                Platform::Machine => {
                    format!("in the systemd unit: AmbientCapabilities=CAP_{capability} and {limit}")
                }
                Platform::Container(_) => {
                    format!(
                        "in the pod or container: securityContext.capabilities.add: [{capability}]"
                    )
                }
                Platform::Talos => format!("in the extension's service: keep CAP_{capability}"),
            };
            Some(
                Finding::hint("punctuality", format!("no {what}: {refused}"))
                    .because("under heavy load ARP answers come late, by some 80 ms instead of 3")
                    .cured_by(cure),
            )
        });
    missing.collect()
}
