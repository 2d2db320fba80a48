use model::testing::{cluster, pool, service};

use super::{given, planned, refusal};

#[test]
fn services_with_one_key_and_different_ports_share_an_address() {
    let snapshot = cluster()
        .with(pool("first", &["192.0.2.0/24"]))
        .with(service("default/http").sharing("web").on(&[80]))
        .with(service("default/https").sharing("web").on(&[443]));

    let plan = planned(&snapshot);

    assert_eq!(given(&plan, "default/http"), "192.0.2.0");
    assert_eq!(given(&plan, "default/https"), "192.0.2.0");
}

#[test]
fn services_with_one_key_and_the_same_port_get_two_addresses() {
    let snapshot = cluster()
        .with(pool("first", &["192.0.2.0/24"]))
        .with(service("default/a").sharing("web"))
        .with(service("default/b").sharing("web"));

    let plan = planned(&snapshot);

    assert_eq!(given(&plan, "default/b"), "192.0.2.1");
}

#[test]
fn a_shared_port_is_named_in_the_refusal() {
    let snapshot = cluster()
        .with(pool("first", &["192.0.2.0/24"]))
        .with(service("default/a").sharing("web").wanting("192.0.2.7"))
        .with(service("default/b").sharing("web").wanting("192.0.2.7"));

    assert!(
        refusal(&planned(&snapshot), "default/b")
            .contains("192.0.2.7 is shared with default/a, which uses TCP port 80 too")
    );
}

#[test]
fn different_keys_never_share() {
    let snapshot = cluster()
        .with(pool("first", &["192.0.2.0/24"]))
        .with(service("default/a").sharing("one").on(&[80]))
        .with(service("default/b").sharing("two").on(&[443]))
        .with(service("default/c").sharing("").on(&[8443]))
        .with(service("default/d").sharing("").on(&[8444]));

    let plan = planned(&snapshot);

    assert_eq!(given(&plan, "default/b"), "192.0.2.1");
    assert_eq!(given(&plan, "default/c"), "192.0.2.2");
    assert_eq!(given(&plan, "default/d"), "192.0.2.3");
}

#[test]
fn with_policy_local_only_services_of_the_same_pods_share() {
    let local = |name: &str, port: u16, app: &str| {
        service(name)
            .sharing("web")
            .on(&[port])
            .local()
            .selecting("app", app)
    };
    let snapshot = cluster()
        .with(pool("first", &["192.0.2.0/24"]))
        .with(local("default/a", 80, "front").wanting("192.0.2.7"))
        .with(local("default/b", 443, "front").wanting("192.0.2.7"))
        .with(local("default/c", 8080, "back").wanting("192.0.2.7"));

    let plan = planned(&snapshot);

    assert_eq!(given(&plan, "default/b"), "192.0.2.7");
    assert!(refusal(&plan, "default/c").contains("only Services with the same selector"));
}

#[test]
fn a_lower_free_address_is_taken_before_a_shared_one_as_in_metallb() {
    let snapshot = cluster()
        .with(pool("first", &["192.0.2.0/24"]))
        .with(service("default/a").sharing("web").wanting("192.0.2.7"))
        .with(service("default/b").sharing("web").on(&[443]));

    assert_eq!(given(&planned(&snapshot), "default/b"), "192.0.2.0");
}

#[test]
fn the_only_user_of_an_address_may_change_its_key() {
    let snapshot = cluster()
        .with(pool("first", &["192.0.2.0/24"]))
        .with(service("default/a").sharing("new").holding("192.0.2.7"));

    assert_eq!(given(&planned(&snapshot), "default/a"), "192.0.2.7");
}
