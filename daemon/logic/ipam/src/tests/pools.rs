use std::collections::BTreeSet;

use model::{
    PoolScope,
    testing::{cluster, label_is, node, pool, service},
};

use super::{given, planned, refusal};
use crate::PoolUse;

fn for_namespace(name: &str) -> PoolScope {
    PoolScope {
        namespaces: BTreeSet::from([name.to_string()]),
        ..PoolScope::default()
    }
}

#[test]
fn services_get_the_first_free_addresses_in_the_order_of_their_names() {
    let snapshot = cluster()
        .with(pool("first", &["192.0.2.0/24"]))
        .with(service("default/b"))
        .with(service("default/a"));

    let plan = planned(&snapshot);

    assert_eq!(given(&plan, "default/a"), "192.0.2.0");
    assert_eq!(given(&plan, "default/b"), "192.0.2.1");
    assert_eq!(plan.refused, []);
}

#[test]
fn ranges_are_used_up_in_written_order() {
    let snapshot = cluster()
        .with(pool(
            "first",
            &["192.0.2.9-192.0.2.9", "192.0.2.1-192.0.2.2"],
        ))
        .with(service("default/a"))
        .with(service("default/b"));

    let plan = planned(&snapshot);

    assert_eq!(given(&plan, "default/a"), "192.0.2.9");
    assert_eq!(given(&plan, "default/b"), "192.0.2.1");
}

#[test]
fn a_full_pool_refuses_with_its_name() {
    let snapshot = cluster()
        .with(pool("first", &["192.0.2.1/32"]))
        .with(service("default/a"))
        .with(service("default/b"));

    let plan = planned(&snapshot);

    assert_eq!(
        refusal(&plan, "default/b"),
        "AllocationFailed: no free IPv4 address in pool first"
    );
}

#[test]
fn the_next_open_pool_by_name_serves_when_the_first_is_full() {
    let snapshot = cluster()
        .with(pool("a", &["192.0.2.1/32"]))
        .with(pool("b", &["198.51.100.1/32"]))
        .with(service("default/a"))
        .with(service("default/b"));

    let plan = planned(&snapshot);

    assert_eq!(given(&plan, "default/b"), "198.51.100.1");
}

#[test]
fn without_a_pool_every_service_is_refused() {
    let plan = planned(&cluster().with(service("default/a")));

    assert_eq!(
        refusal(&plan, "default/a"),
        "AllocationFailed: there is no usable IPAddressPool; create one"
    );
}

#[test]
fn a_pool_pinned_to_the_namespace_goes_before_an_open_one() {
    let snapshot = cluster()
        .with(pool("a-open", &["192.0.2.0/24"]))
        .with(pool("pinned", &["198.51.100.0/24"]).serving(for_namespace("shop")))
        .with(service("shop/web"))
        .with(service("other/web"));

    let plan = planned(&snapshot);

    assert_eq!(given(&plan, "shop/web"), "198.51.100.0");
    assert_eq!(given(&plan, "other/web"), "192.0.2.0");
}

#[test]
fn pinned_pools_are_tried_by_priority_and_zero_is_last() {
    let with_priority = |priority| PoolScope {
        priority,
        ..PoolScope::default()
    };
    let snapshot = cluster()
        .with(pool("a", &["192.0.2.1/32"]).serving(with_priority(0)))
        .with(pool("b", &["192.0.2.2/32"]).serving(with_priority(20)))
        .with(pool("c", &["192.0.2.3/32"]).serving(with_priority(10)))
        .with(service("default/1"))
        .with(service("default/2"))
        .with(service("default/3"));

    let plan = planned(&snapshot);

    assert_eq!(given(&plan, "default/1"), "192.0.2.3");
    assert_eq!(given(&plan, "default/2"), "192.0.2.2");
    assert_eq!(given(&plan, "default/3"), "192.0.2.1");
}

#[test]
fn namespace_labels_and_service_labels_must_both_fit_a_pinned_pool() {
    let scope = PoolScope {
        namespace_selectors: vec![label_is("team", "shop")],
        service_selectors: vec![label_is("tier", "front")],
        ..PoolScope::default()
    };
    let snapshot = cluster()
        .with_namespace("shop", "team", "shop")
        .with(pool("pinned", &["192.0.2.0/24"]).serving(scope))
        .with(service("shop/web").labelled("tier", "front"))
        .with(service("shop/db"))
        .with(service("other/web").labelled("tier", "front"));

    let plan = planned(&snapshot);

    assert_eq!(given(&plan, "shop/web"), "192.0.2.0");
    assert!(refusal(&plan, "shop/db").contains("no pool with autoAssign admits the Service"));
    assert!(refusal(&plan, "other/web").contains("no pool with autoAssign admits the Service"));
}

#[test]
fn a_pool_without_auto_assign_serves_on_request_only() {
    let snapshot = cluster()
        .with(pool("kept", &["192.0.2.0/24"]).on_request_only())
        .with(service("default/any"))
        .with(service("default/picky").from_pool("kept"));

    let plan = planned(&snapshot);

    assert_eq!(given(&plan, "default/picky"), "192.0.2.0");
    assert!(refusal(&plan, "default/any").starts_with("AllocationFailed: no pool with autoAssign"));
}

#[test]
fn buggy_addresses_are_passed_over_where_the_pool_says_so() {
    let snapshot = cluster()
        .with(pool("first", &["192.0.2.255-192.0.3.1"]).avoiding_buggy_ips())
        .with(service("default/a"))
        .with(service("default/b").wanting("192.0.2.255"));

    let plan = planned(&snapshot);

    assert_eq!(given(&plan, "default/a"), "192.0.3.1");
    assert_eq!(
        refusal(&plan, "default/b"),
        "AllocationFailed: 192.0.2.255 ends in .0 or .255, which pool first avoids (avoidBuggyIPs)"
    );
    assert_eq!(plan.pools["first"].available_ipv4, 0);
}

#[test]
fn the_address_of_a_node_is_never_given_out() {
    let snapshot = cluster()
        .with(node("worker-1").at("192.0.2.1"))
        .with(pool("first", &["192.0.2.1-192.0.2.2"]))
        .with(service("default/a"))
        .with(service("default/b").wanting("192.0.2.1"));

    let plan = planned(&snapshot);

    assert_eq!(given(&plan, "default/a"), "192.0.2.2");
    assert!(refusal(&plan, "default/b").contains("192.0.2.1 is the address of node worker-1"));
}

#[test]
fn of_two_overlapping_pools_the_later_by_name_is_refused() {
    let snapshot = cluster()
        .with(pool("a", &["192.0.2.0/25"]))
        .with(pool("b", &["198.51.100.0/24", "192.0.2.64-192.0.2.200"]))
        .with(service("default/any"))
        .with(service("default/picky").from_pool("b"));

    let plan = planned(&snapshot);

    assert_eq!(plan.refused_pools.len(), 1);
    assert_eq!(plan.refused_pools[0].0, "b");
    assert_eq!(given(&plan, "default/any"), "192.0.2.0");
    assert!(refusal(&plan, "default/picky").contains("IPAddressPool b is refused itself"));
}

#[test]
fn a_pool_that_overlaps_itself_is_refused() {
    let snapshot = cluster().with(pool("a", &["192.0.2.0/24", "192.0.2.7-192.0.2.9"]));

    let plan = planned(&snapshot);

    assert_eq!(plan.refused_pools[0].0, "a");
}

#[test]
fn an_overlap_added_later_takes_no_address_from_its_holder() {
    let snapshot = cluster()
        .with(pool("a-new", &["192.0.2.0/30"]))
        .with(pool("b-old", &["192.0.2.0/24"]))
        .with(service("default/web").holding("192.0.2.77"));

    let plan = planned(&snapshot);

    assert_eq!(plan.refused_pools[0].0, "b-old");
    assert_eq!(given(&plan, "default/web"), "192.0.2.77");
}

#[test]
fn pool_use_counts_addresses_once_and_cuts_off_large_numbers() {
    let snapshot = cluster()
        .with(node("worker-1").at("192.0.2.3"))
        .with(pool("first", &["192.0.2.0/29", "2001:db8::/32"]))
        .with(service("default/a").sharing("k").on(&[80]))
        .with(service("default/b").sharing("k").on(&[443]));

    let plan = planned(&snapshot);

    let PoolUse {
        assigned_ipv4,
        assigned_ipv6,
        available_ipv4,
        available_ipv6,
        ..
    } = plan.pools["first"];
    assert_eq!((assigned_ipv4, available_ipv4), (1, 6));
    assert_eq!((assigned_ipv6, available_ipv6), (0, u64::MAX));
}

#[test]
fn a_thousand_services_get_an_address_each_whether_they_may_share_or_not() {
    let mut snapshot = cluster().with(pool("first", &["10.0.0.0/22"]));
    for n in 0..1_000 {
        let one = service(&format!("default/s{n}"));
        let one = if n % 2 == 0 { one.sharing("same") } else { one };
        snapshot = snapshot.with(one);
    }

    let plan = planned(&snapshot);

    // All are on one port, so that no two may share.
    let given: BTreeSet<_> = plan
        .allocations
        .values()
        .flat_map(|allocation| &allocation.vips)
        .collect();
    assert_eq!((plan.allocations.len(), given.len()), (1_000, 1_000));
}
