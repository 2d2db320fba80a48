//! Cilium beside lanlord: its own announcements, its own pools, and the devices that it looks at.

use std::collections::BTreeSet;

use super::cluster::list;
use crate::{CiliumPool, Cluster, Finding, Host, Role};

pub(super) fn examine(cluster: &Cluster, host: Option<&Host>, role: Role) -> Vec<Finding> {
    let pools = cluster.cilium_pools.iter();
    let mut findings: Vec<Finding> = pools
        .filter(|pool| !pool.disabled)
        .map(|pool| judge_pool(cluster, pool))
        .collect();
    findings.extend(policies(cluster));
    findings.extend(devices(cluster, host, role));
    findings
}

/// Two allocators, perhaps even for one set of addresses.
fn judge_pool(cluster: &Cluster, theirs: &CiliumPool) -> Finding {
    let ours = cluster
        .pools
        .iter()
        .flat_map(|pool| pool.ranges.iter().map(move |range| (pool, range)));
    let overlapping: Vec<String> = ours
        .filter(|(_, range)| theirs.ranges.iter().any(|their| their.overlaps(range)))
        .map(|(pool, range)| format!("IPAddressPool {} ({range})", pool.name))
        .collect();
    let name = &theirs.name;
    let delete = format!("kubectl delete ciliumloadbalancerippool {name}");
    if overlapping.is_empty() {
        return Finding::hint(
            "ciliumPool",
            format!("Cilium gives out addresses too: CiliumLoadBalancerIPPool {name}"),
        )
        .because("a Service without a class gets addresses from both")
        .cured_by(delete)
        .cured_by("or serve different classes: lanlord node --lb-class NAME");
    }
    let what = format!(
        "CiliumLoadBalancerIPPool {name} overlaps {}",
        list(&overlapping)
    );
    Finding::problem("ciliumPool", what)
        .because("one address is given to two Services")
        .cured_by(delete)
}

/// Two programs that answer ARP for one address. Policies do nothing before Cilium is told to follow them.
fn policies(cluster: &Cluster) -> Vec<Finding> {
    let followed = cluster.cilium_announces != Some(false);
    let policies = cluster.cilium_policies.iter();
    let judge = |name: &str| {
        let what = format!("CiliumL2AnnouncementPolicy {name} announces load balancer addresses");
        let finding = match followed {
            true => Finding::problem("ciliumL2", what)
                .because("Cilium and lanlord both answer ARP for a VIP: connections break"),
            false => Finding::hint("ciliumL2", what)
                .because("it does nothing while enable-l2-announcements is off in cilium-config"),
        };
        finding.cured_by(format!("kubectl delete ciliuml2announcementpolicy {name}"))
    };
    policies
        .filter(|policy| policy.load_balancers)
        .map(|policy| judge(&policy.name))
        .collect()
}

/// What Cilium does not look at, it does not forward: the VIP is announced, and nobody serves it.
fn devices(cluster: &Cluster, host: Option<&Host>, role: Role) -> Option<Finding> {
    let devices = cluster.cilium_devices.as_ref()?;
    let named = cluster.advertisements.iter();
    let mut ours: BTreeSet<&str> = named
        .flat_map(|advertisement| &advertisement.interfaces)
        .map(String::as_str)
        .collect();
    if ours.is_empty() && role.may_announce() {
        let links = host.into_iter().flat_map(|host| &host.interfaces);
        let announcing = links.filter(|link| link.default_route);
        ours.extend(announcing.map(|link| link.name.as_str()));
    }
    let missing: Vec<&str> = ours
        .into_iter()
        .filter(|name| !devices.iter().any(|device| fits(device, name)))
        .collect();
    let looks_at = devices.join(" ");
    if missing.is_empty() {
        let what = format!("Cilium looks at {looks_at}");
        return Some(Finding::ok("ciliumDevices", what));
    }
    let all: Vec<&str> = devices.iter().map(String::as_str).collect();
    let all = [all, missing.clone()].concat().join(",");
    let missing = missing.join(", ");
    let what = format!("VIPs are announced on {missing}, but Cilium looks at {looks_at} only");
    Some(
        Finding::problem("ciliumDevices", what)
            .because("packets for VIPs arrive where Cilium does not forward them: connections time out")
            .cured_by(format!(
                "helm upgrade cilium --reuse-values --set devices='{{{all}}}', then restart the agents"
            )),
    )
}

/// `eth0`, or `eth+` for all that begin so.
fn fits(device: &str, name: &str) -> bool {
    match device.strip_suffix('+') {
        Some(prefix) => name.starts_with(prefix),
        None => device == name,
    }
}
