use model::{ControllerName, IpFamilyPolicy, Service, ServiceKey, TrafficPolicy};

use crate::{
    Settings,
    testing::{ips, refused, view, view_for},
};

/// A LoadBalancer Service `web/web` with these lines below `metadata` and `spec`.
fn service(metadata: &str, spec: &str) -> Service {
    let view = view(&yaml(metadata, spec));
    assert_eq!(refused(&view), [""; 0]);
    view.snapshot.services[&ServiceKey::new("web", "web")].clone()
}

fn yaml(metadata: &str, spec: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Service\nmetadata:\n  name: web\n  namespace: web\n{metadata}\nspec:\n  type: LoadBalancer\n{spec}\n"
    )
}

#[test]
fn a_service_is_read_with_what_planners_need() {
    let service = service(
        "  labels: {app: web}",
        "  clusterIPs: [10.96.0.10]
  ipFamilyPolicy: PreferDualStack
  externalTrafficPolicy: Local
  selector: {app: web}
  loadBalancerIP: 192.0.2.10
  ports: [{name: http, port: 80}, {port: 53, protocol: UDP}]
status:
  loadBalancer:
    ingress: [{ip: 192.0.2.10}, {hostname: web.example.com}]",
    );

    assert_eq!(service.cluster_ips, ips(&["10.96.0.10"]));
    assert_eq!(service.ip_family_policy, IpFamilyPolicy::PreferDualStack);
    assert_eq!(service.traffic_policy, TrafficPolicy::Local);
    assert_eq!(service.load_balancer_ip.as_deref(), Some("192.0.2.10"));
    assert_eq!(service.status_ips, ips(&["192.0.2.10"]));
    assert_eq!(service.selector["app"], "web");
    let ports: Vec<String> = service
        .ports
        .iter()
        .map(|port| format!("{}:{}/{}", port.name, port.port, port.protocol))
        .collect();
    assert_eq!(ports, ["http:80/TCP", ":53/UDP"]);
}

#[test]
fn annotations_with_metallbs_new_prefix_hide_the_old_ones_even_when_empty() {
    let service = service(
        "  annotations:
    metallb.universe.tf/loadBalancerIPs: 10.10.10.10
    metallb.universe.tf/address-pool: old
    metallb.io/address-pool: new
    metallb.universe.tf/allow-shared-ip: key
    metallb.io/allow-shared-ip: ''",
        "",
    );

    assert_eq!(service.load_balancer_ips.as_deref(), Some("10.10.10.10"));
    assert_eq!(service.address_pool.as_deref(), Some("new"));
    assert_eq!(service.sharing_key.as_deref(), Some(""));
}

#[test]
fn host_names_come_from_coredns_and_both_prefixes_of_external_dns() {
    let service = service(
        "  annotations:
    coredns.io/hostname: a.example.com
    external-dns.alpha.kubernetes.io/hostname: 'hidden.example.com'
    external-dns.kubernetes.io/hostname: 'b.example.com, a.example.com,'
    external-dns.alpha.kubernetes.io/ttl: 1m30s",
        "",
    );

    assert_eq!(service.hostnames, ["a.example.com", "b.example.com"]);
    assert_eq!(service.ttl_secs, Some(90));
}

#[test]
fn a_time_to_live_that_does_not_parse_is_told_and_the_service_is_used_without() {
    let view = view(&yaml(
        "  annotations:\n    external-dns.kubernetes.io/ttl: soon",
        "",
    ));

    assert_eq!(
        view.snapshot.services[&ServiceKey::new("web", "web")].ttl_secs,
        None
    );
    assert_eq!(
        refused(&view),
        [
            "Service web/web: InvalidObject: objects.yaml:7: metadata.annotations.external-dns.kubernetes.io/ttl: \
          `soon` is no time to live; write seconds (60) or a duration (1m30s)"
        ]
    );
}

#[test]
fn cluster_addresses_that_the_api_server_would_give_are_stood_in_for_and_headless_stays_headless() {
    assert_eq!(service("", "").cluster_ips, ips(&["0.0.0.0"]));
    assert_eq!(
        service("", "  ipFamilies: [IPv6]").cluster_ips,
        ips(&["::"])
    );
    let dual = "  ipFamilyPolicy: RequireDualStack";
    assert_eq!(service("", dual).cluster_ips, ips(&["0.0.0.0", "::"]));
    assert_eq!(service("", "  clusterIP: None").cluster_ips, ips(&[]));
}

#[test]
fn only_the_class_that_is_served_counts() {
    let theirs = yaml("", "  loadBalancerClass: example.com/other");
    let settings = Settings {
        lb_class: Some("example.com/other".to_string()),
        ..Settings::default()
    };

    assert!(view(&theirs).snapshot.services.is_empty());
    assert_eq!(view_for(&theirs, &settings).snapshot.services.len(), 1);
    assert!(
        view_for(&yaml("", ""), &settings)
            .snapshot
            .services
            .is_empty()
    );
}

#[test]
fn a_service_with_a_wrong_field_is_refused_alone_with_file_and_line() {
    let good = yaml("", "").replace("name: web\n", "name: good\n");

    let view = view(&format!(
        "{}---\n{good}",
        yaml("", "  ports:\n  - port: 80\n  - port: 70000")
    ));

    assert_eq!(
        refused(&view),
        [
            "Service web/web: InvalidObject: objects.yaml:11: spec.ports[1].port: 70000 is not within 1 to 65535"
        ]
    );
    assert!(
        view.snapshot
            .services
            .contains_key(&ServiceKey::new("web", "good"))
    );
}

#[test]
fn a_field_of_the_wrong_type_is_refused_with_its_line() {
    let view = view(&yaml("", "  ports:\n  - port: eighty"));

    let refused = refused(&view);
    assert_eq!(refused.len(), 1);
    assert!(
        refused[0].starts_with(
            "Service web/web: InvalidObject: objects.yaml:10: spec.ports[0].port: invalid type"
        ),
        "{refused:?}"
    );
}

#[test]
fn ingress_controllers_are_known_by_the_labels_of_their_charts() {
    let controller = |metadata: &str, spec: &str| service(metadata, spec).ingress_controller;
    let named = |name: &str| Some(ControllerName(name.to_string()));

    assert_eq!(
        controller("", "  selector: {app: traefik}"),
        named("traefik.io/ingress-controller")
    );
    assert_eq!(
        controller("  labels: {app.kubernetes.io/name: ingress-nginx}", ""),
        named("k8s.io/ingress-nginx")
    );
    assert_eq!(
        controller(
            "  labels: {app: web}",
            "  selector: {app.kubernetes.io/name: kong}"
        ),
        named("ingress-controllers.konghq.com/kong")
    );
    assert_eq!(
        controller("  labels: {app: web}", "  selector: {app: web}"),
        None
    );
}

#[test]
fn classes_that_a_service_fronts_are_a_comma_list() {
    let service = service("  annotations: {lanlord.dev/ingress-class: 'a, b'}", "");

    assert_eq!(service.ingress_classes, ["a", "b"]);
}
