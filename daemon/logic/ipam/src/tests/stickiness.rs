use model::{
    PoolScope,
    testing::{cluster, key, pool, service, vip},
};

use super::{given, planned, refusal, warnings};
use crate::{Holdings, follow, plan};

#[test]
fn a_holder_keeps_its_address_and_chooses_before_newcomers() {
    let snapshot = cluster()
        .with(pool("first", &["192.0.2.0/24"]))
        .with(service("default/a"))
        .with(service("default/z").holding("192.0.2.0"));

    let plan = planned(&snapshot);

    assert_eq!(given(&plan, "default/z"), "192.0.2.0");
    assert_eq!(given(&plan, "default/a"), "192.0.2.1");
}

#[test]
fn an_address_that_no_pool_has_any_more_is_given_up_for_a_new_one() {
    let snapshot = cluster()
        .with(pool("first", &["192.0.2.0/24"]))
        .with(service("default/web").holding("198.51.100.7"));

    let plan = planned(&snapshot);

    assert_eq!(given(&plan, "default/web"), "192.0.2.0");
    assert_eq!(
        warnings(&plan, "default/web"),
        ["ClearAssignment: 198.51.100.7 is given up: 198.51.100.7 is in no IPAddressPool"]
    );
}

#[test]
fn a_pool_that_stops_auto_assigning_keeps_its_holders() {
    let snapshot = cluster()
        .with(pool("first", &["192.0.2.0/24"]).on_request_only())
        .with(service("default/web").holding("192.0.2.9"));

    assert_eq!(given(&planned(&snapshot), "default/web"), "192.0.2.9");
}

#[test]
fn a_pool_that_no_longer_admits_the_service_takes_its_address_back() {
    let only_shop = PoolScope {
        namespaces: ["shop".to_string()].into(),
        ..PoolScope::default()
    };
    let snapshot = cluster()
        .with(pool("first", &["192.0.2.0/24"]).serving(only_shop))
        .with(service("default/web").holding("192.0.2.9"));

    let plan = planned(&snapshot);

    assert_eq!(given(&plan, "default/web"), "");
    assert!(refusal(&plan, "default/web").starts_with("AllocationFailed"));
    assert!(
        warnings(&plan, "default/web")[0].starts_with("ClearAssignment: 192.0.2.9 is given up")
    );
}

#[test]
fn a_new_wish_replaces_what_is_held() {
    let snapshot = cluster().with(pool("first", &["192.0.2.0/24"])).with(
        service("default/web")
            .holding("192.0.2.9")
            .wanting("192.0.2.10"),
    );

    let plan = planned(&snapshot);

    assert_eq!(given(&plan, "default/web"), "192.0.2.10");
    assert_eq!(warnings(&plan, "default/web").len(), 1);
}

#[test]
fn what_was_given_before_counts_while_the_status_is_silent() {
    let snapshot = cluster()
        .with(pool("first", &["192.0.2.0/24"]))
        .with(service("default/web"));
    let saved = Holdings::from([(key("default/web"), vec![vip("192.0.2.42")])]);

    assert_eq!(given(&plan(&snapshot, &saved), "default/web"), "192.0.2.42");
}

#[test]
fn the_status_wins_over_what_was_saved() {
    let snapshot = cluster()
        .with(pool("first", &["192.0.2.0/24"]))
        .with(service("default/web").holding("192.0.2.7"));
    let saved = Holdings::from([(key("default/web"), vec![vip("192.0.2.42")])]);

    assert_eq!(given(&plan(&snapshot, &saved), "default/web"), "192.0.2.7");
}

#[test]
fn nobody_takes_by_an_old_record_what_stands_in_the_status_of_another_service() {
    let snapshot = cluster()
        .with(pool("first", &["192.0.2.0/24"]))
        .with(service("default/a"))
        .with(service("default/z").holding("192.0.2.7"));
    let saved = Holdings::from([(key("default/a"), vec![vip("192.0.2.7")])]);

    let plan = plan(&snapshot, &saved);

    assert_eq!(given(&plan, "default/z"), "192.0.2.7");
    assert_eq!(given(&plan, "default/a"), "192.0.2.0");
}

#[test]
fn a_record_that_is_no_longer_good_does_not_cost_the_address_in_the_status() {
    let snapshot = cluster()
        .with(pool("first", &["192.0.2.0/24"]))
        .with(service("default/a").holding("192.0.2.7"))
        .with(service("default/b").holding("192.0.2.7"));
    let from_another_pool = vec![vip("192.0.2.7"), vip("198.51.100.1")];
    let saved = Holdings::from([(key("default/a"), from_another_pool)]);

    let plan = plan(&snapshot, &saved);

    assert_eq!(given(&plan, "default/a"), "192.0.2.7");
}

#[test]
fn of_two_services_that_claim_one_address_one_moves() {
    let snapshot = cluster()
        .with(pool("first", &["192.0.2.0/24"]))
        .with(service("default/a").holding("192.0.2.7"))
        .with(service("default/b").holding("192.0.2.7"));

    let plan = planned(&snapshot);

    assert_eq!(given(&plan, "default/a"), "192.0.2.7");
    assert_eq!(given(&plan, "default/b"), "192.0.2.0");
}

#[test]
fn followers_take_the_status_as_it_is_and_decide_nothing() {
    let snapshot = cluster()
        .with(pool("first", &["192.0.2.0/24"]))
        .with(service("default/a").holding("192.0.2.7"))
        .with(service("default/b"))
        .with(service("default/c").holding("198.51.100.1"));

    let plan = follow(&snapshot);

    assert_eq!(given(&plan, "default/a"), "192.0.2.7");
    assert_eq!(plan.allocations[&key("default/a")].pool, "first");
    assert_eq!(
        refusal(&plan, "default/b"),
        "AllocationPending: waits for the lease holder to give an address"
    );
    assert!(refusal(&plan, "default/c").contains("in no IPAddressPool"));
}
