use model::{
    Service,
    testing::{cluster, pool, service},
};

use super::{given, planned, refusal};

#[test]
fn an_address_asked_for_by_annotation_is_given() {
    let snapshot = cluster()
        .with(pool("first", &["192.0.2.0/24"]))
        .with(service("default/web").wanting(" 192.0.2.10 "));

    assert_eq!(given(&planned(&snapshot), "default/web"), "192.0.2.10");
}

#[test]
fn an_address_asked_for_by_spec_is_given() {
    let snapshot = cluster()
        .with(pool("first", &["192.0.2.0/24"]))
        .with(Service {
            load_balancer_ip: Some("192.0.2.10".to_string()),
            ..service("default/web")
        });

    assert_eq!(given(&planned(&snapshot), "default/web"), "192.0.2.10");
}

#[test]
fn asking_in_both_places_is_refused() {
    let snapshot = cluster()
        .with(pool("first", &["192.0.2.0/24"]))
        .with(Service {
            load_balancer_ip: Some("192.0.2.10".to_string()),
            ..service("default/web").wanting("192.0.2.10")
        });

    let plan = planned(&snapshot);

    assert!(refusal(&plan, "default/web").starts_with("LoadBalancerFailed: "));
    assert_eq!(given(&plan, "default/web"), "");
}

#[test]
fn an_unreadable_wish_is_refused_but_what_is_held_stays() {
    let snapshot = cluster().with(pool("first", &["192.0.2.0/24"])).with(
        service("default/web")
            .holding("192.0.2.10")
            .wanting("192.0.2."),
    );

    let plan = planned(&snapshot);

    assert!(refusal(&plan, "default/web").starts_with("LoadBalancerFailed: `192.0.2.` is no list"));
    assert_eq!(given(&plan, "default/web"), "192.0.2.10");
}

#[test]
fn two_addresses_of_one_family_are_refused() {
    let snapshot = cluster()
        .with(pool("first", &["192.0.2.0/24"]))
        .with(service("default/web").wanting("192.0.2.1, 192.0.2.2"));

    let plan = planned(&snapshot);

    assert!(refusal(&plan, "default/web").contains("more than one address of a family"));
}

#[test]
fn an_address_in_no_pool_is_refused() {
    let snapshot = cluster()
        .with(pool("first", &["192.0.2.0/24"]))
        .with(service("default/web").wanting("198.51.100.1"));

    assert_eq!(
        refusal(&planned(&snapshot), "default/web"),
        "AllocationFailed: 198.51.100.1 is in no IPAddressPool"
    );
}

#[test]
fn nobody_takes_at_random_what_another_service_asked_for() {
    let snapshot = cluster()
        .with(pool("first", &["192.0.2.0/24"]))
        .with(service("default/a"))
        .with(service("default/b").wanting("192.0.2.0"));

    let plan = planned(&snapshot);

    assert_eq!(given(&plan, "default/b"), "192.0.2.0");
    assert_eq!(given(&plan, "default/a"), "192.0.2.1");
}

#[test]
fn an_address_that_another_service_holds_is_refused_with_its_name() {
    let snapshot = cluster()
        .with(pool("first", &["192.0.2.0/24"]))
        .with(service("default/a").wanting("192.0.2.10"))
        .with(service("default/z").holding("192.0.2.10"));

    let plan = planned(&snapshot);

    assert_eq!(given(&plan, "default/z"), "192.0.2.10");
    assert_eq!(
        refusal(&plan, "default/a"),
        "AllocationFailed: 192.0.2.10 is held by default/z; to share it, both need the same \
         annotation metallb.io/allow-shared-ip"
    );
}

#[test]
fn a_pool_asked_for_by_annotation_is_used_whatever_its_name() {
    let snapshot = cluster()
        .with(pool("a", &["192.0.2.0/24"]))
        .with(pool("b", &["198.51.100.0/24"]))
        .with(service("default/web").from_pool("b"));

    assert_eq!(given(&planned(&snapshot), "default/web"), "198.51.100.0");
}

#[test]
fn a_pool_that_does_not_exist_is_refused() {
    let snapshot = cluster()
        .with(pool("a", &["192.0.2.0/24"]))
        .with(service("default/web").from_pool("b"));

    assert_eq!(
        refusal(&planned(&snapshot), "default/web"),
        "AllocationFailed: there is no IPAddressPool b"
    );
}

#[test]
fn pool_and_address_asked_for_must_agree() {
    let snapshot = cluster()
        .with(pool("a", &["192.0.2.0/24"]))
        .with(pool("b", &["198.51.100.0/24"]))
        .with(service("default/web").from_pool("b").wanting("192.0.2.10"));

    assert_eq!(
        refusal(&planned(&snapshot), "default/web"),
        "AllocationFailed: the address is in pool a, the annotation asks for pool b"
    );
}
