//! The composition: one cluster from pool to name.

use ipam::Holdings;
use model::{
    NodeName, Refusal, Snapshot,
    testing::{advertisement, cluster, ingress, ingress_class, key, node, pool, service, vip},
};

use crate::{AddressSource, Options, Plan, plan};

const EXCLUDE: &str = "node.kubernetes.io/exclude-from-external-load-balancers";

/// The network of the README: a control plane, two workers, Traefik behind one VIP.
fn lab() -> Snapshot {
    cluster()
        .with(node("talos-1").at("192.168.1.201").labelled(EXCLUDE, ""))
        .with(node("talos-2").at("192.168.1.202"))
        .with(node("talos-3").at("192.168.1.203"))
        .with(pool("first", &["10.10.10.0/24"]))
        .with(advertisement("first"))
        .with(
            service("traefik/traefik")
                .on(&[80, 443])
                .wanting("10.10.10.10"),
        )
        .with_endpoints("traefik/traefik", &["talos-2", "talos-3"])
        .with(ingress_class("traefik", "traefik.io/ingress-controller"))
        .with(ingress("default/example-ingress", &["www.example.com"]))
}

fn planned(snapshot: &Snapshot) -> Plan {
    plan(
        snapshot,
        AddressSource::Allocate(&Holdings::new()),
        &Options::default(),
    )
}

#[test]
fn the_scenario_is_planned_from_pool_to_name() {
    let text = planned(&lab()).to_string();

    assert_eq!(
        text,
        "\
pools
  first  10.10.10.0/24  IPv4 1 given, 255 free
addresses
  traefik/traefik  10.10.10.10  from first
owners
  10.10.10.10  talos-2, then talos-3  for traefik/traefik
names
  www.example.com  10.10.10.10  by Ingress default/example-ingress, to Service traefik/traefik
"
    );
}

#[test]
fn the_vip_of_a_node_that_is_not_ready_moves_to_its_successor() {
    let snapshot = lab().with(node("talos-2").at("192.168.1.202").not_ready());

    let plan = planned(&snapshot);

    let talos_3 = NodeName::new("talos-3");
    let owned: Vec<_> = plan.owned_by(&talos_3).into_keys().collect();
    assert_eq!(owned, [vip("10.10.10.10")]);
    assert!(plan.owned_by(&NodeName::new("talos-2")).is_empty());
}

#[test]
fn an_empty_cluster_prints_empty_sections() {
    assert_eq!(
        planned(&cluster()).to_string(),
        "pools\n  none\naddresses\n  none\nowners\n  none\nnames\n  none\n"
    );
}

#[test]
fn refusals_and_warnings_are_printed_with_object_code_and_text() {
    let mut snapshot = lab()
        .with(pool("second", &["10.10.10.128/25"]))
        .with(service("users/full").wanting("10.10.10.10"))
        .with(ingress("default/other", &["bad_name.example"]))
        .with(ingress("default/old", &["old.example.com"]).holding("192.168.1.202"));
    snapshot.refused.push(Refusal {
        object: "L2Advertisement broken".to_string(),
        code: "Invalid".to_string(),
        text: "nodeSelectors[0] has no operator".to_string(),
    });

    let text = planned(&snapshot).to_string();

    let (_, findings) = text.split_once("refused\n").expect("refusals");
    assert_eq!(
        findings,
        "  \
  L2Advertisement broken: Invalid: nodeSelectors[0] has no operator
  IPAddressPool second: PoolOverlap: 10.10.10.128/25 overlaps 10.10.10.0/24 of pool first; give \
each address to one pool only
  Service users/full: AllocationFailed: 10.10.10.10 is held by traefik/traefik; to share it, \
both need the same annotation metallb.io/allow-shared-ip
  Ingress default/other: BadHostName: `bad_name.example` is no host name: labels are letters, \
digits and hyphens, with no hyphen at either end
warnings
  Ingress default/old: StatusHoldsNodeAddress: the status holds 192.168.1.202, the address of \
node talos-2; names point at the VIP of Service traefik/traefik instead
"
    );
}

#[test]
fn a_follower_announces_what_the_status_says_and_decides_nothing() {
    let without = lab();
    let with = lab().with(service("traefik/traefik").holding("10.10.10.77"));
    let follow = |snapshot: &Snapshot| plan(snapshot, AddressSource::Status, &Options::default());

    assert!(follow(&without).announcement.announcements.is_empty());
    let followed = follow(&with).announcement.announcements;
    assert_eq!(
        followed.into_keys().collect::<Vec<_>>(),
        [vip("10.10.10.77")]
    );
}

#[test]
fn excluded_nodes_announce_when_the_option_says_so() {
    let options = Options {
        ignore_exclude_lb: true,
    };

    let plan = plan(&lab(), AddressSource::Allocate(&Holdings::new()), &options);

    let ranking = &plan.announcement.announcements[&vip("10.10.10.10")].ranking;
    assert_eq!(ranking.len(), 3);
}

#[test]
fn the_plan_as_json_has_text_keys_and_every_section() {
    let json = serde_json::to_value(planned(&lab())).expect("a plan is plain data");

    assert_eq!(json["pools"]["first"]["assigned_ipv4"], 1);
    assert_eq!(
        json["allocations"]["traefik/traefik"]["vips"][0],
        "10.10.10.10"
    );
    assert_eq!(json["announcements"]["10.10.10.10"]["owner"], "talos-2");
    assert_eq!(
        json["names"]["www.example.com"]["addresses"][0],
        "10.10.10.10"
    );
    assert_eq!(
        json["names"]["www.example.com"]["source"]["kind"],
        "Ingress"
    );
    assert_eq!(json["refused"].as_array().map(Vec::len), Some(0));
    assert_eq!(json["warnings"].as_array().map(Vec::len), Some(0));
}

#[test]
fn a_snapshot_survives_json() {
    let json = serde_json::to_string(&lab()).expect("a snapshot is plain data");

    let read: Snapshot = serde_json::from_str(&json).expect("what was written");

    assert_eq!(read, lab());
    assert!(read.services.contains_key(&key("traefik/traefik")));
}
