//! Others in the cluster that announce, and nodes that may not.

use super::cure;
use crate::{Cluster, Finding, Pod, ProxyMode};

pub(super) fn examine(cluster: &Cluster) -> Vec<Finding> {
    let mut findings = rivals(cluster);
    findings.extend(kube_proxy(cluster));
    findings.extend(nodes(cluster));
    findings.extend(overlaps(cluster));
    findings.extend(cluster.unread.iter().map(|what| {
        Finding::hint("unread", what.clone()).because("what follows from it is not judged")
    }));
    findings
}

/// Word in the image of another announcer, what it is, what it does, and how to end that.
const RIVALS: [(&str, &str, &str, &str); 3] = [
    (
        "metallb",
        "MetalLB runs",
        "two programs answer ARP for one VIP, and two controllers give out addresses",
        "kubectl delete -n metallb-system daemonset/speaker deployment/controller",
    ),
    (
        "kube-vip",
        "kube-vip runs",
        "with svc_enable it announces Services too: two owners for one VIP",
        "set svc_enable to \"false\" in its manifest; its control-plane VIP may stay",
    ),
    (
        "klipper-lb",
        "the service load balancer of k3s runs",
        "it takes the ports of every LoadBalancer Service on every node and writes node addresses into its status",
        "start k3s with --disable servicelb",
    ),
];

/// Words that give the image of another announcer away.
pub(crate) fn rival_images() -> impl Iterator<Item = &'static str> {
    RIVALS.iter().map(|(word, ..)| *word)
}

fn rivals(cluster: &Cluster) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (word, what, why, cure) in RIVALS {
        let pods = cluster.rivals.iter();
        let names: Vec<String> = pods
            .filter(|pod| pod.image.contains(word))
            .map(place)
            .collect();
        if names.is_empty() {
            continue;
        }
        let what = format!("{what}: {}", list(&names));
        let finding = match word {
            // It may look after the control plane's address only.
            "kube-vip" => Finding::hint("rival", what),
            _ => Finding::problem("rival", what),
        };
        findings.push(finding.because(why).cured_by(cure));
    }
    if findings.is_empty() && cluster.pods_read {
        findings.push(Finding::ok(
            "rival",
            "no other announcer runs in the cluster",
        ));
    }
    findings
}

fn place(pod: &Pod) -> String {
    match &pod.node {
        Some(node) => format!("{} on {node}", pod.name),
        None => pod.name.clone(),
    }
}

/// The first few, and how many more there are.
pub(super) fn list(names: &[String]) -> String {
    const SHOWN: usize = 5;
    let shown = names.get(..SHOWN).unwrap_or(names).join(", ");
    match names.len().checked_sub(SHOWN) {
        Some(more @ 1..) => format!("{shown} and {more} more"),
        Some(0) | None => shown,
    }
}

fn kube_proxy(cluster: &Cluster) -> Option<Finding> {
    let proxy = cluster.kube_proxy?;
    Some(match (proxy.mode, proxy.strict_arp) {
        (ProxyMode::Ipvs, false) => cure::strict_arp(Finding::problem(
            "strictArp",
            "kube-proxy is configured for IPVS without strictARP",
        )),
        (ProxyMode::Ipvs, true) | (ProxyMode::Other, _) => {
            Finding::ok("strictArp", "kube-proxy leaves ARP to lanlord")
        }
    })
}

fn nodes(cluster: &Cluster) -> Option<Finding> {
    const LABEL: &str = "node.kubernetes.io/exclude-from-external-load-balancers";
    let first = cluster.nodes.first()?;
    if !cluster.nodes.iter().all(|node| node.excluded) {
        return Some(Finding::ok("nodes", "there are nodes that may announce"));
    }
    Some(
        Finding::problem(
            "nodes",
            "every node is excluded from load balancing by its label",
        )
        .because("no node may announce a VIP; Talos labels control planes so")
        .cured_by(format!("kubectl label node {} {LABEL}-", first.name))
        .cured_by("on Talos: lanlord talos-patch --remove-exclude-label"),
    )
}

/// Pools that give one address twice.
fn overlaps(cluster: &Cluster) -> Vec<Finding> {
    let ranges: Vec<_> = cluster
        .pools
        .iter()
        .flat_map(|pool| pool.ranges.iter().map(move |range| (&pool.name, range)))
        .collect();
    let mut findings = Vec::new();
    for (at, (name, range)) in ranges.iter().enumerate() {
        let earlier = ranges.iter().take(at);
        for (other, _) in earlier.filter(|(other, its)| other != name && its.overlaps(range)) {
            let what = format!("IPAddressPools {other} and {name} overlap in {range}");
            findings.push(Finding::problem("pools", what).because(
                "pools that overlap are refused, and the last good configuration stays in force",
            ));
        }
    }
    findings
}
