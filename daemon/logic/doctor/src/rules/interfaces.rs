//! Network interfaces, and what the virtual switch behind them may do.

use std::net::IpAddr;

use crate::{Finding, Host, Interface, Platform, Role};

/// MTU of Ethernet.
const USUAL_MTU: u32 = 1500;
/// Beginnings of names that container engines and cluster networks give; most of MetalLB's exclusion list.
const OTHERS: [&str; 9] = [
    "cali",
    "cbr",
    "cilium",
    "cni",
    "docker",
    "flannel",
    "kube-ipvs",
    "lxc",
    "nodelocaldns",
];

pub(super) fn examine(host: &Host, role: Role) -> Vec<Finding> {
    let usable: Vec<&Interface> = host
        .interfaces
        .iter()
        .filter(|link| link.operational && !is_of_others(link))
        .collect();
    let mut findings: Vec<Finding> = Vec::new();
    for link in &usable {
        findings.extend(wireless(link, role));
        findings.extend(enslaved(link));
        findings.extend(small(link));
    }
    if !usable.iter().any(|link| is_lan(link, role)) {
        findings.push(
            Finding::problem("interface", "no network interface passes packets")
                .because("there is no LAN to serve or to announce on")
                .cured_by("ip -br link; on Proxmox give the guest a NIC on the LAN's bridge (net1: bridge=vmbr1)"),
        );
    }
    findings.extend(proxmox(host, &usable, role));
    if findings.is_empty() {
        let names: Vec<&str> = usable.iter().map(|link| link.name.as_str()).collect();
        let what = format!("interfaces that can be used: {}", names.join(", "));
        findings.push(Finding::ok("interface", what));
    }
    findings
}

fn is_of_others(link: &Interface) -> bool {
    let is_end_of_pod = link.kind.as_deref() == Some("veth") && link.name.starts_with("veth");
    is_end_of_pod || OTHERS.iter().any(|prefix| link.name.starts_with(prefix))
}

/// A router gives its interfaces their addresses itself; a node finds them there.
fn is_lan(link: &Interface, role: Role) -> bool {
    role != Role::Node || link.addresses.iter().any(IpAddr::is_ipv4)
}

fn wireless(link: &Interface, role: Role) -> Option<Finding> {
    let why = match role {
        Role::Router => {
            "an access point takes frames from a station's own MAC only: hosts behind it are cut off"
        }
        Role::Node | Role::Either => {
            "access points drop or delay broadcasts and answer ARP themselves: a VIP moves late or not at all"
        }
    };
    link.wireless.then(|| {
        Finding::hint("wireless", format!("{} is Wi-Fi", link.name))
            .because(why)
            .cured_by("use a wired interface: spec.interfaces of the L2Advertisement, or [[lan]] in router.toml")
    })
}

fn enslaved(link: &Interface) -> Option<Finding> {
    let (kind, master) = link.master.as_ref()?;
    let takes_packets = ["bridge", "bond", "team"].contains(&kind.as_str());
    if !takes_packets || !link.addresses.iter().any(IpAddr::is_ipv4) {
        return None;
    }
    let what = format!(
        "{} has an address and is a port of {kind} {master}",
        link.name
    );
    Some(
        Finding::hint("enslaved", what)
            .because(format!(
                "what arrives belongs to {master}: ARP and DHCP hear nothing on {}",
                link.name
            ))
            .cured_by(format!("put the address on {master}")),
    )
}

fn small(link: &Interface) -> Option<Finding> {
    (link.mtu < USUAL_MTU).then(|| {
        let what = format!("{} takes packets of at most {} octets", link.name, link.mtu);
        Finding::hint("mtu", what)
            .because("hosts that think it is 1500 lose large packets where ICMP is filtered; DHCP clients of ours are told")
    })
}

/// The firewall of Proxmox cannot be seen from within a guest.
fn proxmox(host: &Host, usable: &[&Interface], role: Role) -> Vec<Finding> {
    let in_lxc = host.environment.platform == Platform::Container("lxc".to_string())
        && usable
            .iter()
            .any(|link| link.kind.as_deref() == Some("veth"));
    let mut findings = Vec::new();
    if in_lxc && role.may_route() {
        findings.push(
            Finding::hint("proxmoxFirewall", "Proxmox may filter the NICs of this container")
                .because("with firewall=1 it drops DHCP, DNS and BGP to the router and router advertisements from it, and with IP filter all that is routed")
                .cured_by("on the Proxmox host: pct config <id> | grep firewall=1; create the NICs with firewall=0"),
        );
    }
    if host.environment.virtual_machine && role.may_announce() {
        findings.push(
            Finding::hint("proxmoxFirewall", "Proxmox may filter the NICs of this VM")
                .because("IP filter drops ARP and traffic of VIPs that are not in the set ipfilter-net0; a bridge with IGMP snooping and no querier drops multicast")
                .cured_by("on the Proxmox host: grep -i ipfilter /etc/pve/firewall/<id>.fw; switch it off, or add the pools to the set ipfilter-net0"),
        );
    }
    findings
}
