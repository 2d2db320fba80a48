//! Orders and memory, without a wire: what a view makes this node do.

use std::{path::Path, sync::Arc};

use cluster::View;
use model::{
    NodeName, Snapshot,
    testing::{advertisement, cluster, key, node, pool, service, vip},
};
use segment::Orders;
use tokio::sync::watch;

use super::{Authority, Counters, Planned, Planner};
use crate::{access::Access, saved::Saved};

/// Two workers and one Service without a wish.
fn lab() -> Snapshot {
    cluster()
        .with(node("talos-2"))
        .with(node("talos-3"))
        .with(pool("first", &["192.0.2.0/30"]))
        .with(advertisement("all"))
        .with(service("default/web"))
        .with_endpoints("default/web", &["talos-2", "talos-3"])
}

fn view(snapshot: Snapshot) -> Arc<View> {
    let mut view = View::default();
    view.snapshot = snapshot;
    Arc::new(view)
}

struct Bench {
    node: NodeName,
    planner: Planner,
    orders: watch::Receiver<Orders>,
    planned: watch::Receiver<Option<Arc<Planned>>>,
}

fn bench(name: &str, state: &Path, authority: Authority) -> Bench {
    let saved = Saved::open(state).unwrap();
    let access = Access {
        node: Some(name.into()),
        ..Access::default()
    };
    let orders = watch::Sender::new(saved.orders());
    let planned = watch::Sender::new(None);
    Bench {
        node: name.into(),
        orders: orders.subscribe(),
        planned: planned.subscribe(),
        planner: Planner {
            access: watch::Sender::new(access).subscribe(),
            options: plan::Options::default(),
            authority,
            saved,
            views: watch::Sender::new(None).subscribe(),
            orders,
            planned,
            counters: Arc::new(Counters::default()),
        },
    }
}

impl Bench {
    fn plan(&self, view: Arc<View>) {
        self.planner.plan(view, &self.node);
    }

    /// The node that owns the only VIP, after this view.
    fn owner_after(&self, snapshot: Snapshot) -> String {
        self.plan(view(snapshot));
        let planned = self.planned.borrow().clone().unwrap();
        let announcement = planned
            .plan
            .announcement
            .announcements
            .values()
            .next()
            .unwrap();
        announcement.owner.to_string()
    }
}

#[test]
fn exactly_one_of_two_nodes_is_ordered_to_answer() {
    let (left, right) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let left = bench("talos-2", left.path(), Authority::Files);
    let right = bench("talos-3", right.path(), Authority::Files);

    left.plan(view(lab()));
    right.plan(view(lab()));

    assert_eq!(
        left.orders.borrow().vips.len() + right.orders.borrow().vips.len(),
        1
    );
}

#[test]
fn a_node_that_is_not_ready_any_more_is_relieved() {
    let state = tempfile::tempdir().unwrap();
    let bench = bench("talos-2", state.path(), Authority::Files);
    let owner = bench.owner_after(lab());
    let other = if owner == "talos-2" {
        "talos-3"
    } else {
        "talos-2"
    };

    let next = bench.owner_after(lab().with(node(&owner).not_ready()));

    assert_eq!(next, other);
}

#[test]
fn a_restart_begins_with_the_orders_and_addresses_of_the_last_run() {
    let state = tempfile::tempdir().unwrap();
    let alone = || {
        cluster()
            .with(node("talos-2"))
            .with(pool("first", &["192.0.2.0/30"]))
            .with(advertisement("all"))
    };
    let with_both = alone()
        .with(service("default/a"))
        .with_endpoints("default/a", &["talos-2"])
        .with(service("default/b"))
        .with_endpoints("default/b", &["talos-2"]);
    let first = bench("talos-2", state.path(), Authority::Files);
    first.plan(view(with_both));
    let ordered = first.orders.borrow().clone();
    let held = first.planned.borrow().clone().unwrap().plan.holdings()[&key("default/b")].clone();
    drop(first);

    let second = bench("talos-2", state.path(), Authority::Files);
    assert_eq!(
        *second.orders.borrow(),
        ordered,
        "answers before the first view"
    );
    second.plan(view(
        alone()
            .with(service("default/b"))
            .with_endpoints("default/b", &["talos-2"]),
    ));

    let after = second.planned.borrow().clone().unwrap().plan.holdings()[&key("default/b")].clone();
    assert_eq!(
        after, held,
        "the address stays although a lower one is free"
    );
}

#[test]
fn with_an_api_only_the_status_is_followed() {
    let state = tempfile::tempdir().unwrap();
    let bench = bench("talos-2", state.path(), Authority::Status);
    let alone = || {
        cluster()
            .with(node("talos-2"))
            .with(pool("first", &["192.0.2.0/30"]))
            .with(advertisement("all"))
    };
    let mut given = service("default/web");
    given.status_ips = vec![vip("192.0.2.2").address()];

    bench.plan(view(
        alone()
            .with(service("default/web"))
            .with_endpoints("default/web", &["talos-2"]),
    ));
    assert!(
        bench.orders.borrow().vips.is_empty(),
        "nothing is announced before the holder wrote it"
    );
    bench.plan(view(
        alone()
            .with(given)
            .with_endpoints("default/web", &["talos-2"]),
    ));

    assert!(bench.orders.borrow().vips.contains_key(&vip("192.0.2.2")));
}

#[test]
fn orders_that_could_not_be_saved_are_saved_with_the_next_plan() {
    let state = tempfile::tempdir().unwrap();
    let in_the_way = state.path().join("vips");
    std::fs::create_dir(&in_the_way).unwrap();
    let alone = || {
        cluster()
            .with(node("talos-2"))
            .with(pool("first", &["192.0.2.0/30"]))
            .with(advertisement("all"))
            .with(service("default/web"))
            .with_endpoints("default/web", &["talos-2"])
    };
    let first = bench("talos-2", state.path(), Authority::Files);
    first.plan(view(alone()));
    std::fs::remove_dir(&in_the_way).unwrap();

    first.plan(view(alone()));

    let second = bench("talos-2", state.path(), Authority::Files);
    assert!(!second.orders.borrow().vips.is_empty());
    assert_eq!(*second.orders.borrow(), *first.orders.borrow());
}

#[test]
fn damaged_memory_counts_as_none() {
    let state = tempfile::tempdir().unwrap();
    std::fs::write(state.path().join("vips"), b"{ half").unwrap();
    std::fs::write(state.path().join("addresses"), b"").unwrap();

    let bench = bench("talos-2", state.path(), Authority::Files);

    assert!(bench.orders.borrow().vips.is_empty());
    assert!(bench.planner.saved.holdings().is_empty());
}
