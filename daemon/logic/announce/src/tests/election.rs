use model::{
    NodeName, Snapshot,
    testing::{address, advertisement, cluster, label_is, node, pool, service},
};

use super::{given, planned, ranking, refusals};
use crate::{Options, plan, ranking::hash};

fn cluster_of(nodes: &[&str]) -> Snapshot {
    let base = cluster()
        .with(pool("first", &["192.0.2.0/24"]))
        .with(advertisement("all"))
        .with(service("default/web"))
        .with_endpoints("default/web", &["elsewhere"]);
    nodes
        .iter()
        .fold(base, |snapshot, name| snapshot.with(node(name)))
}

/// The ranking that MetalLB computes, from its own code.
const VECTORS: [([&str; 3], &str, [usize; 3]); 12] = [
    (["node-a", "node-b", "node-c"], "10.0.0.1", [1, 0, 2]),
    (["node-a", "node-b", "node-c"], "10.0.0.2", [1, 2, 0]),
    (["node-a", "node-b", "node-c"], "10.20.30.1", [1, 2, 0]),
    (["node-a", "node-b", "node-c"], "192.168.1.240", [0, 2, 1]),
    (["node-a", "node-b", "node-c"], "1000::1", [0, 1, 2]),
    (["node-a", "node-b", "node-c"], "2001:db8::1", [1, 0, 2]),
    (["iris1", "iris2", "iris3"], "10.0.0.1", [0, 1, 2]),
    (["iris1", "iris2", "iris3"], "10.20.30.1", [2, 1, 0]),
    (["iris1", "iris2", "iris3"], "10.20.30.2", [0, 1, 2]),
    (["iris1", "iris2", "iris3"], "192.168.1.240", [2, 0, 1]),
    (["iris1", "iris2", "iris3"], "1000::1", [2, 0, 1]),
    (["iris1", "iris2", "iris3"], "2001:db8::1", [1, 2, 0]),
];

#[test]
fn nodes_rank_as_in_metallb() {
    for (nodes, vip, order) in VECTORS {
        let snapshot = cluster_of(&nodes);

        let plan = plan(
            &snapshot,
            &given(&[("default/web", &[vip])]),
            Options::default(),
        );

        assert_eq!(
            ranking(&plan, vip),
            order.map(|at| nodes[at]).join(","),
            "{vip}"
        );
    }
}

#[test]
fn the_hash_is_sha_256_of_node_hash_sign_and_address() {
    let place = hash(&NodeName::new("iris1"), address("10.20.30.1"));

    assert_eq!(place[..8], 0xe42a_d61a_4159_fa2d_u64.to_be_bytes());
}

#[test]
fn a_preferred_node_goes_before_the_hash() {
    let snapshot = cluster_of(&["node-a", "node-b"])
        .with(node("node-c").labelled("disk", "fast"))
        .with(advertisement("all").preferring(50, label_is("disk", "fast")));

    assert!(ranking(&planned(&snapshot), "192.0.2.1").starts_with("node-c,"));
}

#[test]
fn weights_of_all_advertisements_add_up() {
    let snapshot = cluster_of(&[])
        .with(
            node("node-a")
                .labelled("disk", "fast")
                .labelled("rack", "near"),
        )
        .with(node("node-b").labelled("floor", "ground"))
        .with(
            advertisement("one")
                .preferring(30, label_is("disk", "fast"))
                .preferring(50, label_is("floor", "ground")),
        )
        .with(advertisement("two").preferring(30, label_is("rack", "near")));

    assert_eq!(ranking(&planned(&snapshot), "192.0.2.1"), "node-a,node-b");
}

#[test]
fn weights_of_an_advertisement_that_does_not_select_the_node_do_not_count() {
    let snapshot = cluster_of(&["node-a"])
        .with(node("node-b").labelled("disk", "fast"))
        .with(advertisement("all"))
        .with(
            advertisement("others")
                .from_nodes(label_is("disk", "slow"))
                .preferring(100, label_is("disk", "fast")),
        );
    let without = cluster_of(&["node-a", "node-b"]);

    assert_eq!(
        ranking(&planned(&snapshot), "192.0.2.1"),
        ranking(&planned(&without), "192.0.2.1")
    );
}

#[test]
fn a_cordoned_node_comes_after_all_others_even_if_preferred() {
    let snapshot = cluster_of(&["node-a", "node-b"])
        .with(node("node-c").labelled("disk", "fast").cordoned())
        .with(advertisement("all").preferring(50, label_is("disk", "fast")));

    assert!(ranking(&planned(&snapshot), "192.0.2.1").ends_with(",node-c"));
}

#[test]
fn a_cordoned_node_alone_goes_on_announcing() {
    let snapshot = cluster_of(&[]).with(node("node-a").cordoned());

    assert_eq!(ranking(&planned(&snapshot), "192.0.2.1"), "node-a");
}

#[test]
fn both_addresses_of_a_dual_stack_service_have_one_owner() {
    let snapshot = cluster_of(&["node-a", "node-b", "node-c"]);
    let vips = ["192.168.1.240", "2001:db8::1"];

    let plan = plan(
        &snapshot,
        &given(&[("default/web", &vips)]),
        Options::default(),
    );

    assert_eq!(ranking(&plan, "192.168.1.240"), "node-a,node-c,node-b");
    assert_eq!(ranking(&plan, "2001:db8::1"), "node-a,node-c,node-b");
}

#[test]
fn services_that_share_an_address_have_one_owner_that_serves_them_all() {
    let snapshot = cluster_of(&["node-a", "node-b", "node-c"])
        .with(service("default/web").local())
        .with_endpoints("default/web", &["node-a", "node-c"])
        .with(service("default/dns").local())
        .with_endpoints("default/dns", &["node-b", "node-c"]);
    let shared: [&str; 1] = ["192.0.2.1"];

    let plan = plan(
        &snapshot,
        &given(&[("default/web", &shared), ("default/dns", &shared)]),
        Options::default(),
    );

    assert_eq!(ranking(&plan, "192.0.2.1"), "node-c");
    assert_eq!(refusals(&plan), [""; 0]);
}

#[test]
fn of_services_without_a_common_node_the_first_by_name_is_announced() {
    let snapshot = cluster_of(&["node-a", "node-b"])
        .with(service("default/web").local())
        .with_endpoints("default/web", &["node-a"])
        .with(service("default/dns").local())
        .with_endpoints("default/dns", &["node-b"]);
    let shared: [&str; 1] = ["192.0.2.1"];

    let plan = plan(
        &snapshot,
        &given(&[("default/web", &shared), ("default/dns", &shared)]),
        Options::default(),
    );

    assert_eq!(ranking(&plan, "192.0.2.1"), "node-b");
    assert_eq!(
        refusals(&plan),
        [
            "default/web: NoCommonNode: no node can announce 192.0.2.1 both for it and for \
          default/dns; give it an address of its own"
        ]
    );
}

#[test]
fn interfaces_of_the_owners_advertisements_are_joined_and_one_without_leaves_the_choice() {
    let named = cluster_of(&["node-a"])
        .with(advertisement("all").on_interface("eth1"))
        .with(advertisement("more").on_interface("eth2"));
    let open = cluster_of(&["node-a"]).with(advertisement("more").on_interface("eth2"));

    let interfaces = |snapshot: &Snapshot| {
        let plan = planned(snapshot);
        let all = plan.announcements.into_values();
        all.flat_map(|announcement| announcement.interfaces)
            .collect::<Vec<_>>()
    };

    assert_eq!(interfaces(&named), ["eth1", "eth2"]);
    assert_eq!(interfaces(&open), [""; 0]);
}
