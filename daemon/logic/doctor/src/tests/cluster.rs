use super::fixture::*;
use crate::*;

fn ours(name: &str, range: &str) -> OurPool {
    OurPool {
        name: format!("metallb-system/{name}"),
        ranges: vec![range.parse().unwrap()],
    }
}

fn cilium_pool(range: &str) -> CiliumPool {
    CiliumPool {
        name: "blue".to_string(),
        ranges: vec![range.parse().unwrap()],
        disabled: false,
    }
}

fn cluster() -> Cluster {
    Cluster {
        pools: vec![ours("www", "10.10.10.0-10.10.10.255")],
        nodes: vec![Node {
            name: "talos-2".to_string(),
            excluded: false,
        }],
        ..Cluster::default()
    }
}

#[test]
fn a_cilium_pool_that_overlaps_ours_is_a_problem_and_any_other_a_hint() {
    let mut overlapping = cluster();
    overlapping.cilium_pools = vec![cilium_pool("10.10.10.64-10.10.10.127")];
    let mut apart = cluster();
    apart.cilium_pools = vec![cilium_pool("10.20.0.0-10.20.0.255")];
    let mut disabled = overlapping.clone();
    disabled.cilium_pools[0].disabled = true;

    let finding = only(&judge_cluster(overlapping), "ciliumPool");
    assert_eq!(finding.severity, Severity::Problem);
    assert!(finding.what.contains("metallb-system/www"), "{finding:?}");
    assert_eq!(
        only(&judge_cluster(apart), "ciliumPool").severity,
        Severity::Hint
    );
    assert!(
        !judge_cluster(disabled)
            .iter()
            .any(|finding| finding.check == "ciliumPool")
    );
}

#[test]
fn a_cilium_policy_is_a_problem_as_soon_as_cilium_follows_it() {
    let mut cluster = cluster();
    cluster.cilium_policies = vec![CiliumL2Policy {
        name: "lan".to_string(),
        load_balancers: true,
    }];
    cluster.cilium_announces = Some(false);
    assert_eq!(
        only(&judge_cluster(cluster.clone()), "ciliumL2").severity,
        Severity::Hint
    );
    cluster.cilium_announces = Some(true);

    assert_eq!(
        only(&judge_cluster(cluster), "ciliumL2").severity,
        Severity::Problem
    );
}

#[test]
fn a_device_that_cilium_does_not_look_at_is_named_and_a_pattern_covers_it() {
    let judge = |devices: &[&str]| {
        let mut cluster = cluster();
        cluster.cilium_devices = Some(devices.iter().map(ToString::to_string).collect());
        examine(&Facts {
            role: Role::Node,
            host: Some(host()),
            daemon: Daemon::NotAsked,
            cluster: Some(cluster),
        })
    };

    let finding = only(&judge(&["eth1"]), "ciliumDevices");

    assert_eq!(finding.severity, Severity::Problem);
    assert!(finding.what.contains("announced on eth0"), "{finding:?}");
    assert!(
        finding.cure[0].contains("devices='{eth1,eth0}'"),
        "{finding:?}"
    );
    for fine in [&["eth0"][..], &["eth+"]] {
        let findings = judge(fine);
        assert!(
            findings
                .iter()
                .all(|finding| finding.check != "ciliumDevices" || finding.severity == Severity::Ok),
            "{findings:?}"
        );
    }
}

#[test]
fn other_announcers_are_named_with_their_nodes() {
    let mut cluster = cluster();
    cluster.rivals = vec![Pod {
        name: "metallb-system/speaker-x".to_string(),
        node: Some("talos-2".to_string()),
        image: "quay.io/metallb/speaker:v0.16.2".to_string(),
    }];

    let finding = only(&judge_cluster(cluster), "rival");

    assert_eq!(finding.severity, Severity::Problem);
    assert!(
        finding.what.contains("metallb-system/speaker-x on talos-2"),
        "{finding:?}"
    );
}

#[test]
fn a_cluster_of_excluded_nodes_announces_nothing() {
    let mut cluster = cluster();
    cluster.nodes[0].excluded = true;

    let finding = only(&judge_cluster(cluster), "nodes");

    assert!(
        finding.cure[0].starts_with("kubectl label node talos-2"),
        "{finding:?}"
    );
}

#[test]
fn kube_proxy_in_ipvs_mode_must_leave_arp_alone() {
    let mut cluster = cluster();
    let proxy = KubeProxy {
        mode: ProxyMode::Ipvs,
        strict_arp: false,
    };
    cluster.kube_proxy = Some(proxy);
    assert_eq!(
        only(&judge_cluster(cluster.clone()), "strictArp").severity,
        Severity::Problem
    );
    cluster.kube_proxy = Some(KubeProxy {
        strict_arp: true,
        ..proxy
    });

    assert_eq!(judge_cluster(cluster)[0].severity, Severity::Ok);
}

#[test]
fn what_may_not_be_read_is_told_and_nothing_is_concluded_from_it() {
    let mut cluster = cluster();
    cluster.unread = vec!["pods may not be listed".to_string()];

    let findings = judge_cluster(cluster);

    assert_eq!(only(&findings, "unread").severity, Severity::Hint);
    assert!(!findings.iter().any(|finding| finding.check == "rival"));
}
