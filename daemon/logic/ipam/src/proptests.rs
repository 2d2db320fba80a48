//! Any cluster from a small domain, against a reference model that knows only the rules.

use std::collections::BTreeMap;

use model::{
    AddressPool, IpFamilyPolicy, PoolScope, Service, Snapshot, Vip,
    testing::{cluster, node, pool, service},
};
use proptest::{collection::vec, option, prelude::*, sample::select};

use crate::{AllocationPlan, Holdings, plan};

const ADDRESSES: [&str; 8] = [
    "192.0.2.0",
    "192.0.2.1",
    "192.0.2.2",
    "192.0.2.3",
    "198.51.100.1",
    "2001:db8::",
    "2001:db8::1",
    "203.0.113.1",
];

fn pools() -> impl Strategy<Value = Vec<AddressPool>> {
    let ranges = select(vec![
        vec!["192.0.2.0/31"],
        vec!["192.0.2.0/30"],
        vec!["192.0.2.2-192.0.2.3", "2001:db8::/127"],
        vec!["198.51.100.0/30", "2001:db8::1/128"],
        vec!["2001:db8::/126"],
    ]);
    let one = (ranges, any::<bool>(), any::<bool>(), option::of(0..3_i64)).prop_map(
        |(ranges, auto, avoid, priority)| {
            let mut one = pool("", &ranges);
            one.auto_assign = auto;
            one.avoid_buggy_ips = avoid;
            one.scope = priority.map(|priority| PoolScope {
                priority,
                namespaces: ["a".to_string()].into(),
                ..PoolScope::default()
            });
            one
        },
    );
    vec(one, 0..4)
}

fn services() -> impl Strategy<Value = Vec<Service>> {
    let families = select(vec![
        vec!["10.96.0.1"],
        vec!["fd00::1"],
        vec!["10.96.0.1", "fd00::1"],
        vec!["fd00::1", "10.96.0.1"],
    ]);
    let policy = select(vec![
        IpFamilyPolicy::SingleStack,
        IpFamilyPolicy::PreferDualStack,
        IpFamilyPolicy::RequireDualStack,
    ]);
    let one = (
        select(vec!["a", "b"]),
        (families, policy),
        option::weighted(0.3, select(ADDRESSES.to_vec())),
        option::weighted(0.2, select(vec!["p0", "p1", "nowhere"])),
        option::weighted(0.6, select(vec!["key", "other", ""])),
        (
            any::<bool>(),
            select(vec![vec![80], vec![443], vec![80, 443]]),
        ),
        vec(select(ADDRESSES.to_vec()), 0..3),
    );
    let one = one.prop_map(|(namespace, (ips, policy), wish, pool, key, how, status)| {
        let (local, ports) = how;
        let mut one = service(&format!("{namespace}/x"))
            .with_cluster_ips(&ips)
            .with_family_policy(policy)
            .on(&ports);
        one.load_balancer_ips = wish.map(str::to_string);
        one.address_pool = pool.map(str::to_string);
        one.sharing_key = key.map(str::to_string);
        if local {
            one = one.local().selecting("app", namespace);
        }
        status.into_iter().fold(one, Service::holding)
    });
    vec(one, 0..10)
}

fn snapshots() -> impl Strategy<Value = Snapshot> {
    (pools(), services(), option::of(select(ADDRESSES.to_vec()))).prop_map(
        |(pools, services, of_node)| {
            let mut snapshot = cluster();
            if let Some(address) = of_node {
                snapshot = snapshot.with(node("worker-1").at(address));
            }
            for (at, mut one) in pools.into_iter().enumerate() {
                one.name = format!("p{at}");
                snapshot = snapshot.with(one);
            }
            for (at, mut one) in services.into_iter().enumerate() {
                one.key.name = format!("s{at}");
                snapshot = snapshot.with(one);
            }
            snapshot
        },
    )
}

/// What was saved earlier: any addresses for any of the Services.
fn saved() -> impl Strategy<Value = Holdings> {
    let one = (0..10_usize, vec(select(ADDRESSES.to_vec()), 1..3));
    vec(one, 0..6).prop_map(|rows| {
        rows.into_iter()
            .map(|(at, texts)| {
                let key = model::testing::key(&format!("a/s{at}"));
                let vips = texts.into_iter().map(model::testing::vip).collect();
                (key, vips)
            })
            .collect()
    })
}

fn holdings_of(plan: &AllocationPlan) -> Holdings {
    plan.allocations
        .iter()
        .map(|(key, allocation)| (key.clone(), allocation.vips.clone()))
        .collect()
}

/// The reference: two Services on one address must be allowed to share it.
fn may_share(a: &Service, b: &Service) -> bool {
    let key = |service: &Service| service.sharing_key.clone().unwrap_or_default();
    let pods = |service: &Service| {
        matches!(service.traffic_policy, model::TrafficPolicy::Local)
            .then(|| service.selector.clone())
            .unwrap_or_default()
    };
    let disjoint = a
        .ports
        .iter()
        .all(|port| b.ports.iter().all(|other| other.port != port.port));
    !key(a).is_empty() && key(a) == key(b) && pods(a) == pods(b) && disjoint
}

proptest! {
    #[test]
    fn allocations_never_overlap_beyond_the_sharing_rules(
        snapshot in snapshots(), saved in saved(),
    ) {
        let plan = plan(&snapshot, &saved);

        let mut users: BTreeMap<Vip, Vec<&Service>> = BTreeMap::new();
        for (key, allocation) in &plan.allocations {
            for vip in &allocation.vips {
                users.entry(*vip).or_default().push(&snapshot.services[key]);
            }
        }
        for (vip, users) in users {
            for (at, one) in users.iter().enumerate() {
                for other in &users[at + 1..] {
                    prop_assert!(may_share(one, other), "{vip}: {} and {}", one.key, other.key);
                }
            }
        }
    }

    #[test]
    fn every_address_lies_in_its_pool_and_none_is_a_nodes(
        snapshot in snapshots(), saved in saved(),
    ) {
        let plan = plan(&snapshot, &saved);

        for allocation in plan.allocations.values() {
            let pool = &snapshot.pools[&allocation.pool];
            for &vip in &allocation.vips {
                prop_assert!(pool.contains(vip));
                for node in snapshot.nodes.values() {
                    prop_assert!(!node.addresses.contains(&vip.address()));
                }
            }
        }
    }

    #[test]
    fn every_service_has_an_address_or_a_reason(snapshot in snapshots(), saved in saved()) {
        let plan = plan(&snapshot, &saved);

        for key in snapshot.services.keys() {
            let refused = plan.refused.iter().any(|(refused, _)| refused == key);
            prop_assert!(refused || plan.allocations.contains_key(key), "{key}");
        }
    }

    #[test]
    fn planning_twice_changes_nothing(snapshot in snapshots(), saved in saved()) {
        let once = plan(&snapshot, &saved);

        let twice = plan(&snapshot, &holdings_of(&once));

        prop_assert_eq!(&once.allocations, &twice.allocations);
        prop_assert_eq!(&once.refused, &twice.refused);
        prop_assert_eq!(&twice, &plan(&snapshot, &holdings_of(&twice)));
    }

    #[test]
    fn a_written_status_is_not_changed_by_the_next_plan(
        snapshot in snapshots(), saved in saved(),
    ) {
        let once = plan(&snapshot, &saved);
        let mut written = snapshot;
        for (key, service) in &mut written.services {
            let vips = once.allocations.get(key).map(|allocation| allocation.vips.clone());
            service.status_ips = vips.unwrap_or_default().iter().map(|vip| vip.address()).collect();
        }

        let twice = plan(&written, &Holdings::new());

        prop_assert_eq!(&once.allocations, &twice.allocations);
        prop_assert_eq!(&once.refused, &twice.refused);
        prop_assert_eq!(&twice.allocations, &crate::follow(&written).allocations);
    }

    #[test]
    fn a_new_service_takes_nothing_from_those_that_hold(snapshot in snapshots()) {
        let before = plan(&snapshot, &Holdings::new());
        let newcomer = service("a/a-first").wanting("192.0.2.1").sharing("key");

        let after = plan(&snapshot.with(newcomer), &holdings_of(&before));

        for (key, allocation) in &before.allocations {
            prop_assert_eq!(after.allocations.get(key), Some(allocation));
        }
    }
}
