//! Programs that do what lanlord does.

use super::cure;
use crate::{Finding, Host, Program, Role};

/// Names that are looked for, as the kernel cuts them (15 octets).
pub(crate) const KNOWN: [&str; 11] = [
    "bgpd",
    "bird",
    "dhcpd",
    "dnsmasq",
    "gobgpd",
    "kea-dhcp4",
    "keepalived",
    "kube-vip",
    "named",
    "speaker",
    "unbound",
];

pub(super) fn examine(host: &Host, role: Role) -> Vec<Finding> {
    let programs = host.programs.iter();
    let mut findings: Vec<Finding> = programs
        .filter_map(|program| judge(host, role, program))
        .collect();
    if findings.is_empty() {
        let what = "no program that does the same runs here";
        findings.push(Finding::ok("program", what));
    }
    findings
}

fn judge(host: &Host, role: Role, program: &Program) -> Option<Finding> {
    let name = program.name.as_str();
    let what = format!("{name} (pid {}) runs here", program.pid);
    let finding = match name {
        "dhcpd" | "kea-dhcp4" if role.may_route() => Finding::problem("program", what)
            .because("two DHCP servers on one LAN give different answers; ours keeps quiet while it hears another")
            .cured_by(cure::stop(host, name)),
        "dnsmasq" if role.may_route() => Finding::hint("program", what)
            .because("it may serve DHCP or DNS on the same LAN")
            .cured_by(cure::stop(host, name)),
        "named" | "unbound" if role.may_route() => Finding::hint("program", what)
            .because("it may hold port 53; as an upstream on another address it is fine")
            .cured_by(cure::stop(host, name)),
        "speaker" if role.may_announce() => {
            Finding::problem("program", format!("MetalLB's speaker (pid {}) runs here", program.pid))
                .because("two programs answer ARP for one VIP: connections break")
                .cured_by("kubectl delete -n metallb-system daemonset/speaker deployment/controller")
        }
        "kube-vip" if role.may_announce() => Finding::hint("program", what)
            .because("with svc_enable it announces Services too: two owners for one VIP")
            .cured_by("set svc_enable to \"false\" in its manifest; its control-plane VIP may stay"),
        "keepalived" if role.may_announce() => Finding::hint("program", what)
            .because("an address that it holds must not be in a pool")
            .cured_by("leave its virtual_ipaddress out of every IPAddressPool"),
        "bird" | "bgpd" | "gobgpd" => Finding::hint("program", what)
            .because("it may hold port 179: BGP sessions that the other side opens do not reach lanlord"),
        _ => return None,
    };
    Some(finding)
}
