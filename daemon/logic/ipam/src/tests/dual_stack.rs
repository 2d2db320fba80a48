use model::{
    IpFamilyPolicy::{PreferDualStack, RequireDualStack, SingleStack},
    Service, Snapshot,
    testing::{cluster, pool, service},
};

use super::{given, planned, refusal, warnings};

const V4: &str = "10.96.0.1";
const V6: &str = "fd00::1";

fn dual(key: &str) -> Service {
    service(key).with_cluster_ips(&[V4, V6])
}

fn with_both_families() -> Snapshot {
    cluster().with(pool("first", &["2001:db8::10/124", "192.0.2.0/30"]))
}

#[test]
fn a_service_gets_the_family_of_its_cluster_ip() {
    let snapshot = with_both_families()
        .with(service("default/four").with_cluster_ips(&[V4]))
        .with(service("default/six").with_cluster_ips(&[V6]));

    let plan = planned(&snapshot);

    assert_eq!(given(&plan, "default/four"), "192.0.2.0");
    assert_eq!(given(&plan, "default/six"), "2001:db8::10");
}

#[test]
fn dual_stack_gives_ipv4_and_ipv6_of_one_pool_in_that_order() {
    let snapshot = with_both_families()
        .with(dual("default/a").with_family_policy(RequireDualStack))
        .with(dual("default/b").with_family_policy(PreferDualStack));

    let plan = planned(&snapshot);

    assert_eq!(given(&plan, "default/a"), "192.0.2.0,2001:db8::10");
    assert_eq!(given(&plan, "default/b"), "192.0.2.1,2001:db8::11");
}

#[test]
fn required_dual_stack_is_refused_where_no_pool_has_both() {
    let snapshot = cluster()
        .with(pool("four", &["192.0.2.0/24"]))
        .with(pool("six", &["2001:db8::/64"]))
        .with(dual("default/a").with_family_policy(RequireDualStack));

    assert_eq!(
        refusal(&planned(&snapshot), "default/a"),
        "AllocationFailed: no free IPv4 and IPv6 address in pools four, six"
    );
}

#[test]
fn required_dual_stack_needs_two_cluster_ips() {
    let snapshot =
        with_both_families().with(service("default/a").with_family_policy(RequireDualStack));

    assert!(refusal(&planned(&snapshot), "default/a").contains("needs two cluster IPs"));
}

#[test]
fn preferred_dual_stack_takes_one_family_where_no_pool_has_both_and_says_so() {
    let snapshot = cluster()
        .with(pool("four", &["192.0.2.0/24"]))
        .with(pool("six", &["2001:db8::/64"]))
        .with(
            service("default/a")
                .with_cluster_ips(&[V6, V4])
                .with_family_policy(PreferDualStack),
        );

    let plan = planned(&snapshot);

    assert_eq!(given(&plan, "default/a"), "2001:db8::");
    assert_eq!(
        warnings(&plan, "default/a"),
        [
            "AdditionalAssignFailed: pool six has no free IPv4 address for PreferDualStack; \
          the Service goes on with one family"
        ]
    );
}

#[test]
fn preferred_dual_stack_with_one_cluster_ip_stays_with_one_family() {
    let snapshot = with_both_families().with(
        service("default/a")
            .with_cluster_ips(&[V4])
            .with_family_policy(PreferDualStack),
    );

    let plan = planned(&snapshot);

    assert_eq!(given(&plan, "default/a"), "192.0.2.0");
    assert_eq!(plan.warnings, []);
}

#[test]
fn a_service_that_becomes_dual_stack_keeps_its_address_and_gets_a_second() {
    for policy in [PreferDualStack, RequireDualStack] {
        let snapshot = with_both_families().with(service("default/0")).with(
            dual("default/a")
                .with_family_policy(policy)
                .holding("192.0.2.2"),
        );

        let plan = planned(&snapshot);

        assert_eq!(given(&plan, "default/a"), "192.0.2.2,2001:db8::10");
        assert_eq!(plan.warnings, []);
    }
}

#[test]
fn a_service_that_becomes_single_stack_keeps_the_address_of_its_family() {
    let snapshot = with_both_families().with(
        service("default/a")
            .with_cluster_ips(&[V4])
            .with_family_policy(SingleStack)
            .holding("2001:db8::12")
            .holding("192.0.2.2"),
    );

    assert_eq!(given(&planned(&snapshot), "default/a"), "192.0.2.2");
}

#[test]
fn addresses_asked_for_must_fit_the_families_of_the_service() {
    let snapshot = with_both_families()
        .with(service("default/a").wanting("2001:db8::12"))
        .with(
            dual("default/b")
                .with_family_policy(RequireDualStack)
                .wanting("192.0.2.2"),
        )
        .with(
            dual("default/c")
                .with_family_policy(RequireDualStack)
                .wanting("2001:db8::13,192.0.2.3"),
        )
        .with(
            dual("default/d")
                .with_family_policy(PreferDualStack)
                .wanting("192.0.2.1"),
        );

    let plan = planned(&snapshot);

    assert_eq!(
        refusal(&plan, "default/a"),
        "AllocationFailed: 2001:db8::12 does not fit the Service, which uses IPv4"
    );
    assert!(refusal(&plan, "default/b").contains("uses IPv4 and IPv6"));
    assert_eq!(given(&plan, "default/c"), "192.0.2.3,2001:db8::13");
    assert_eq!(given(&plan, "default/d"), "192.0.2.1");
    assert_eq!(plan.warnings, []);
}

#[test]
fn two_addresses_from_two_pools_are_refused() {
    let snapshot = cluster()
        .with(pool("four", &["192.0.2.0/24"]))
        .with(pool("six", &["2001:db8::/64"]))
        .with(
            dual("default/a")
                .with_family_policy(RequireDualStack)
                .wanting("192.0.2.1,2001:db8::1"),
        );

    assert!(refusal(&planned(&snapshot), "default/a").contains("in two pools, four and six"));
}
