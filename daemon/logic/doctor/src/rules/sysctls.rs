//! Kernel settings. The daemons make those that they may; here are those that they could not, and a few of others.

use std::net::IpAddr;

use super::cure;
use crate::{Finding, Host, Interface, Role};

const NO_FORWARDING: &str =
    "nothing is forwarded: no VIP beyond its subnet and no Internet through the router";
const REDIRECTS: &str = "clients cache ICMP redirects and stay with a dead node";

pub(super) fn examine(host: &Host, role: Role) -> Vec<Finding> {
    let mut findings = Vec::new();
    if role.may_route() {
        findings.extend(router(host));
    }
    if role.may_announce() {
        findings.extend(strict_arp(host));
        findings.extend(strict_reverse_path(host));
    }
    findings
}

/// What the router wants, and may be unable to set.
fn router(host: &Host) -> Vec<Finding> {
    if host.sysctls_writable {
        // It makes them at its start.
        return vec![Finding::ok(
            "sysctl",
            "kernel settings can be made from here",
        )];
    }
    let all = ["all"].into_iter();
    let names = all.chain(host.interfaces.iter().map(|link| link.name.as_str()));
    let redirects = names.map(|name| {
        (
            format!("net/ipv4/conf/{name}/send_redirects"),
            "0",
            REDIRECTS,
        )
    });
    let forwarding = (
        "net/ipv4/conf/all/forwarding".to_string(),
        "1",
        NO_FORWARDING,
    );
    let mut findings: Vec<Finding> = std::iter::once(forwarding)
        .chain(redirects)
        .filter_map(|(key, value, why)| {
            let found = host.sysctls.get(&key).filter(|found| *found != value)?;
            let what = format!("{key} is {found} and cannot be set from here");
            Some(
                Finding::problem("sysctl", what)
                    .because(why)
                    .cured_by(cure::setting(host, &key, value)),
            )
        })
        .collect();
    if findings.is_empty() {
        findings.push(Finding::ok("sysctl", "kernel settings are right"));
    }
    findings
}

/// kube-proxy in IPVS mode puts every VIP on an interface of every node.
fn strict_arp(host: &Host) -> Option<Finding> {
    let has_ipvs = host.interfaces.iter().any(|link| link.name == "kube-ipvs0");
    let ignore = host.sysctls.get("net/ipv4/conf/all/arp_ignore");
    let answers = ignore.is_none_or(|value| value == "0");
    (has_ipvs && answers).then(|| {
        cure::strict_arp(Finding::problem(
            "strictArp",
            "kube-proxy runs in IPVS mode without strictARP",
        ))
    })
}

/// A request to a VIP on one NIC is dropped where the way back is another.
fn strict_reverse_path(host: &Host) -> Vec<Finding> {
    let key = |name: &str| format!("net/ipv4/conf/{name}/rp_filter");
    let of = |name: &str| host.sysctls.get(&key(name))?.parse::<u8>().ok();
    let all = of("all").unwrap_or_default();
    let nics: Vec<&Interface> = host.interfaces.iter().filter(|link| is_lan(link)).collect();
    if nics.len() < 2 {
        return Vec::new();
    }
    let strict = nics
        .into_iter()
        .filter(|link| of(&link.name).unwrap_or_default().max(all) == 1);
    let finding = |link: &Interface| {
        let what = format!(
            "{} drops packets whose way back is another NIC (rp_filter=1)",
            link.name
        );
        Finding::hint("reversePath", what)
            .because("clients beyond the default route cannot reach VIPs that are announced there")
            .cured_by(cure::setting(host, &key(&link.name), "2"))
    };
    strict.map(finding).collect()
}

fn is_lan(link: &Interface) -> bool {
    link.operational && link.master.is_none() && link.addresses.iter().any(IpAddr::is_ipv4)
}
