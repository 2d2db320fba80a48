use model::testing::{cluster, ingress, key, node, service};

use super::{addresses, given, planned, texts};
use crate::{Source, plan};

#[test]
fn an_ingress_points_where_its_status_says() {
    let snapshot = cluster()
        .with(service("traefik/traefik"))
        .with(ingress("default/shop", &["shop.example"]).holding("192.0.2.99"));

    let plan = planned(&snapshot);

    assert_eq!(addresses(&plan, "shop.example"), "192.0.2.99");
    assert_eq!(plan.names["shop.example"].service, None);
}

#[test]
fn a_status_with_the_vip_names_the_service_behind_it() {
    let snapshot = cluster()
        .with(service("traefik/traefik"))
        .with(ingress("default/shop", &["shop.example"]).holding("192.0.2.10"));

    let plan = planned(&snapshot);

    assert_eq!(
        plan.names["shop.example"].service,
        Some(key("traefik/traefik"))
    );
}

#[test]
fn rules_tls_hosts_and_annotated_names_of_an_ingress_all_count() {
    let mut shop = ingress("default/shop", &["a.example", "a.example"]).holding("192.0.2.10");
    shop.rules.push(model::IngressRule { host: None });
    shop.tls_hosts.push("b.example".to_string());
    shop.hostnames.push("c.example".to_string());

    let plan = planned(&cluster().with(shop));

    let names: Vec<&String> = plan.names.keys().collect();
    assert_eq!(names, ["a.example", "b.example", "c.example"]);
}

#[test]
fn an_ingress_without_a_host_has_no_name_and_is_no_problem() {
    let plan = planned(&cluster().with(ingress("default/all", &[])));

    assert!(plan.names.is_empty());
    assert_eq!(plan.refused, []);
}

#[test]
fn the_target_annotation_wins_over_the_status() {
    let snapshot = cluster().with(
        ingress("default/shop", &["shop.example"])
            .holding("192.0.2.10")
            .targeting("198.51.100.7")
            .targeting("lb.example"),
    );

    let plan = planned(&snapshot);

    assert_eq!(addresses(&plan, "shop.example"), "198.51.100.7");
    assert_eq!(
        texts(&plan.warnings),
        [
            "Ingress default/shop: TargetNoAddress: the target annotation holds `lb.example`, which \
          is no address"
        ]
    );
}

#[test]
fn a_target_that_is_no_address_is_refused() {
    let snapshot = cluster().with(
        ingress("default/shop", &["shop.example"])
            .holding("192.0.2.10")
            .targeting("lb.example"),
    );

    let plan = planned(&snapshot);

    assert_eq!(addresses(&plan, "shop.example"), "");
    assert!(texts(&plan.refused)[0].contains("TargetNoAddress"));
}

#[test]
fn a_node_address_in_the_status_gives_way_to_the_vip_with_a_warning() {
    let snapshot = cluster()
        .with(node("talos-2").at("192.168.1.202"))
        .with(service("traefik/traefik"))
        .with(ingress("default/shop", &["shop.example"]).holding("192.168.1.202"));

    let plan = planned(&snapshot);

    assert_eq!(addresses(&plan, "shop.example"), "192.0.2.10");
    assert_eq!(plan.refused, []);
    assert_eq!(
        texts(&plan.warnings),
        [
            "Ingress default/shop: StatusHoldsNodeAddress: the status holds 192.168.1.202, the \
          address of node talos-2; names point at the VIP of Service traefik/traefik instead"
        ]
    );
}

#[test]
fn a_node_address_in_the_status_stays_where_no_known_controller_has_a_vip() {
    let snapshot = cluster()
        .with(node("talos-2").at("192.168.1.202"))
        .with(service("shop/web"))
        .with(ingress("default/shop", &["shop.example"]).holding("192.168.1.202"));

    let plan = plan(&snapshot, &given(&[("shop/web", "192.0.2.50")]));

    assert_eq!(addresses(&plan, "shop.example"), "192.168.1.202");
    assert_eq!(plan.warnings, []);
}

#[test]
fn an_annotated_service_points_at_its_own_addresses() {
    let snapshot = cluster().with(service("dns/dns").named("NS.example").named("ns2.example"));

    let plan = plan(&snapshot, &given(&[("dns/dns", "192.0.2.53,2001:db8::53")]));

    assert_eq!(addresses(&plan, "ns.example"), "192.0.2.53,2001:db8::53");
    assert_eq!(addresses(&plan, "ns2.example"), "192.0.2.53,2001:db8::53");
    assert_eq!(
        plan.names["ns.example"].source,
        Source::Service(key("dns/dns"))
    );
}

#[test]
fn a_service_without_an_address_gets_no_name() {
    let plan = planned(&cluster().with(service("dns/dns").named("ns.example")));

    assert!(plan.names.is_empty());
    assert_eq!(
        texts(&plan.refused),
        ["Service dns/dns: NameWithoutAddress: the Service has no address to point the name at"]
    );
}

#[test]
fn objects_that_agree_on_a_name_share_it_with_the_shorter_ttl() {
    let mut hasty = ingress("default/b", &["shop.example"]).holding("192.0.2.10");
    hasty.ttl_secs = Some(5);
    let snapshot = cluster()
        .with(ingress("default/a", &["shop.example"]).holding("192.0.2.10"))
        .with(hasty);

    let plan = planned(&snapshot);

    assert_eq!(plan.names["shop.example"].ttl_secs, 5);
    assert_eq!(
        plan.names["shop.example"].source,
        Source::Ingress(key("default/a"))
    );
    assert_eq!(plan.refused, []);
}

#[test]
fn of_objects_that_disagree_on_a_name_the_first_has_it() {
    let snapshot = cluster()
        .with(service("a/web").named("shop.example"))
        .with(ingress("default/b", &["shop.example"]).holding("192.0.2.11"))
        .with(ingress("default/c", &["shop.example", "c.example"]).holding("192.0.2.12"));

    let plan = plan(&snapshot, &given(&[("a/web", "192.0.2.50")]));

    assert_eq!(addresses(&plan, "shop.example"), "192.0.2.11");
    assert_eq!(addresses(&plan, "c.example"), "192.0.2.12");
    assert_eq!(
        texts(&plan.refused),
        [
            "Ingress default/c: NameTaken: shop.example belongs to Ingress default/b, with other \
             addresses",
            "Service a/web: NameTaken: shop.example belongs to Ingress default/b, with other \
             addresses",
        ]
    );
}

#[test]
fn a_name_is_kept_thirty_seconds_unless_annotated() {
    let snapshot = cluster().with(ingress("default/a", &["a.example"]).holding("192.0.2.10"));

    assert_eq!(planned(&snapshot).names["a.example"].ttl_secs, 30);
}
