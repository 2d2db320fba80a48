use model::{
    Snapshot,
    testing::{cluster, ingress, ingress_class, key, service},
};

use super::{addresses, given, planned, texts};
use crate::plan;

const TRAEFIK: &str = "traefik.io/ingress-controller";
const NGINX: &str = "k8s.io/ingress-nginx";

/// Two known controllers, each with an address.
fn two_controllers() -> Snapshot {
    cluster()
        .with(service("traefik/traefik").controlling(TRAEFIK))
        .with(service("nginx/nginx").controlling(NGINX))
}

#[test]
fn an_ingress_without_class_and_status_points_at_the_only_controller() {
    let snapshot = cluster()
        .with(service("traefik/traefik"))
        .with(ingress_class("traefik", TRAEFIK))
        .with(service("shop/database").on(&[5432]))
        .with(ingress("default/example-ingress", &["www.example.com"]));

    let plan = planned(&snapshot);

    assert_eq!(addresses(&plan, "www.example.com"), "192.0.2.10");
    assert_eq!(
        plan.names["www.example.com"].service,
        Some(key("traefik/traefik"))
    );
    assert_eq!((plan.refused, plan.warnings), (vec![], vec![]));
}

#[test]
fn a_known_controller_goes_before_other_web_services() {
    let snapshot = cluster()
        .with(service("traefik/traefik").selecting("app", "traefik"))
        .with(service("shop/web"))
        .with(ingress("default/shop", &["shop.example"]));

    assert_eq!(addresses(&planned(&snapshot), "shop.example"), "192.0.2.10");
}

#[test]
fn a_controller_is_known_by_its_pods_when_its_name_says_nothing() {
    let snapshot = cluster()
        .with(service("edge/front").selecting("app.kubernetes.io/name", "traefik"))
        .with(service("shop/web"))
        .with(ingress("default/shop", &["shop.example"]));

    let plan = plan(
        &snapshot,
        &given(&[("edge/front", "192.0.2.30"), ("shop/web", "192.0.2.31")]),
    );

    assert_eq!(addresses(&plan, "shop.example"), "192.0.2.30");
    assert_eq!(plan.warnings, []);
}

#[test]
fn the_only_web_service_is_taken_for_the_controllers_with_a_warning() {
    let snapshot = cluster()
        .with(service("edge/front"))
        .with(service("shop/database").on(&[5432]))
        .with(ingress("default/shop", &["shop.example"]));

    let plan = plan(&snapshot, &given(&[("edge/front", "192.0.2.30")]));

    assert_eq!(addresses(&plan, "shop.example"), "192.0.2.30");
    assert!(texts(&plan.warnings)[0].contains("IngressControllerGuessed: Service edge/front"));
}

#[test]
fn the_class_of_the_ingress_chooses_between_controllers() {
    let snapshot = two_controllers()
        .with(ingress_class("inside", NGINX))
        .with(ingress_class("outside", TRAEFIK))
        .with(ingress("default/a", &["a.example"]).of_class("inside"))
        .with(ingress("default/b", &["b.example"]).of_class("outside"));

    let plan = planned(&snapshot);

    assert_eq!(addresses(&plan, "a.example"), "192.0.2.20");
    assert_eq!(addresses(&plan, "b.example"), "192.0.2.10");
}

#[test]
fn the_default_class_counts_for_an_ingress_without_class() {
    let snapshot = two_controllers()
        .with(ingress_class("inside", NGINX).by_default())
        .with(ingress_class("outside", TRAEFIK))
        .with(ingress("default/a", &["a.example"]));

    assert_eq!(addresses(&planned(&snapshot), "a.example"), "192.0.2.20");
}

#[test]
fn a_well_known_class_name_needs_no_class_object() {
    let snapshot = two_controllers().with(ingress("default/a", &["a.example"]).of_class("nginx"));

    assert_eq!(addresses(&planned(&snapshot), "a.example"), "192.0.2.20");
}

#[test]
fn two_controllers_without_a_class_are_ambiguous_and_the_remedy_is_named() {
    let snapshot = two_controllers().with(ingress("default/a", &["a.example"]));

    let plan = planned(&snapshot);

    assert_eq!(addresses(&plan, "a.example"), "");
    assert_eq!(
        texts(&plan.refused),
        [
            "Ingress default/a: AmbiguousIngressController: nginx/nginx, traefik/traefik could front \
          the ingress controller; annotate the one that does with lanlord.dev/ingress-class: \
          <class>, and give the Ingress that class if there are several"
        ]
    );
}

#[test]
fn a_crowd_of_candidates_is_counted_rather_than_listed() {
    let base = cluster().with(ingress("default/a", &["a.example"]));
    let snapshot = (0..9).fold(base, |all, n| all.with(service(&format!("web/s{n}"))));

    let refused = texts(&planned(&snapshot).refused);

    assert!(refused[0].contains("web/s0, web/s1, web/s2, web/s3, 5 more could front"));
}

#[test]
fn the_annotation_settles_an_ambiguous_class() {
    let two_of_a_kind = cluster()
        .with(ingress_class("outside", TRAEFIK))
        .with(service("traefik/traefik").controlling(TRAEFIK))
        .with(service("nginx/nginx").controlling(TRAEFIK))
        .with(ingress("default/a", &["a.example"]).of_class("outside"));
    let settled = two_of_a_kind.clone().with(
        service("nginx/nginx")
            .controlling(TRAEFIK)
            .fronting("outside"),
    );

    assert!(
        texts(&planned(&two_of_a_kind).refused)[0].ends_with("lanlord.dev/ingress-class: outside")
    );
    assert_eq!(addresses(&planned(&settled), "a.example"), "192.0.2.20");
}

#[test]
fn the_annotation_settles_an_ingress_without_class_too() {
    let snapshot = two_controllers()
        .with(
            service("traefik/traefik")
                .controlling(TRAEFIK)
                .fronting("web"),
        )
        .with(ingress("default/a", &["a.example"]));

    assert_eq!(addresses(&planned(&snapshot), "a.example"), "192.0.2.10");
}

#[test]
fn a_service_annotated_for_another_class_is_left_out() {
    let snapshot = two_controllers()
        .with(service("nginx/nginx").controlling(NGINX).fronting("inside"))
        .with(ingress("default/a", &["a.example"]).of_class("outside"));

    assert_eq!(addresses(&planned(&snapshot), "a.example"), "192.0.2.10");
}

#[test]
fn an_ingress_of_one_controller_never_points_at_another() {
    let snapshot = cluster()
        .with(service("traefik/traefik").controlling(TRAEFIK))
        .with(ingress_class("inside", NGINX))
        .with(ingress("default/a", &["a.example"]).of_class("inside"));

    let plan = planned(&snapshot);

    assert_eq!(
        texts(&plan.refused),
        [
            "Ingress default/a: NoIngressController: no LoadBalancer Service fronts an ingress \
          controller of class inside; annotate the Service that does with \
          lanlord.dev/ingress-class: inside"
        ]
    );
}

#[test]
fn two_services_of_a_controller_on_one_address_are_not_ambiguous() {
    let snapshot = cluster()
        .with(service("traefik/http").controlling(TRAEFIK))
        .with(service("traefik/https").controlling(TRAEFIK).on(&[443]))
        .with(ingress("default/a", &["a.example"]));
    let shared = given(&[
        ("traefik/http", "192.0.2.10"),
        ("traefik/https", "192.0.2.10"),
    ]);

    let plan = plan(&snapshot, &shared);

    assert_eq!(addresses(&plan, "a.example"), "192.0.2.10");
}

#[test]
fn a_controller_without_an_address_is_named_in_the_refusal() {
    let snapshot = cluster()
        .with(service("edge/traefik").controlling(TRAEFIK))
        .with(ingress("default/a", &["a.example"]));

    assert_eq!(
        texts(&planned(&snapshot).refused),
        [
            "Ingress default/a: IngressControllerWithoutAddress: Service edge/traefik fronts its \
          ingress controller and has no address"
        ]
    );
}

#[test]
fn a_controllers_service_without_a_web_port_is_no_front() {
    let snapshot = cluster()
        .with(service("traefik/traefik").controlling(TRAEFIK))
        .with(
            service("traefik/dashboard")
                .controlling(TRAEFIK)
                .on(&[9000]),
        )
        .with(ingress("default/a", &["a.example"]));

    assert_eq!(addresses(&planned(&snapshot), "a.example"), "192.0.2.10");
}
