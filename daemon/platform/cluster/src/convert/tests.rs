use std::net::IpAddr;

use model::{NodeName, ServiceKey};

use crate::testing::{ip, ips, refused, view};

const SERVICE: &str = "apiVersion: v1
kind: Service
metadata: {name: web, namespace: web}
spec: {type: LoadBalancer}
";

const SLICES: &str = "
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: web-1, namespace: web, labels: {kubernetes.io/service-name: web}}
addressType: IPv4
endpoints:
- {addresses: [10.244.1.1], nodeName: talos-2}
- {addresses: [10.244.1.2], nodeName: talos-2, conditions: {ready: false}}
- {addresses: [10.244.1.3], nodeName: talos-3, conditions: {ready: false, serving: true, terminating: true}}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: other-1, namespace: web, labels: {kubernetes.io/service-name: other}}
addressType: IPv4
endpoints: [{addresses: [10.244.1.4]}]
";

#[test]
fn endpoints_serve_when_ready_unless_said_otherwise_or_while_they_terminate() {
    let view = view(&format!("{SERVICE}{SLICES}"));

    let endpoints = &view.snapshot.endpoints;
    assert_eq!(endpoints.len(), 1, "only of Services that are served");
    let serving: Vec<(IpAddr, Option<&str>, bool)> = endpoints[&ServiceKey::new("web", "web")]
        .iter()
        .map(|endpoint| {
            let node = endpoint.node.as_ref().map(NodeName::as_str);
            (endpoint.addresses[0], node, endpoint.serving)
        })
        .collect();
    assert_eq!(
        serving,
        [
            (ip("10.244.1.1"), Some("talos-2"), true),
            (ip("10.244.1.2"), Some("talos-2"), false),
            (ip("10.244.1.3"), Some("talos-3"), true),
        ]
    );
}

#[test]
fn a_node_is_ready_by_its_condition_or_when_it_has_none() {
    let view = view(
        "apiVersion: v1
kind: Node
metadata: {name: a}
---
apiVersion: v1
kind: Node
metadata: {name: b, labels: {node.kubernetes.io/exclude-from-external-load-balancers: ''}}
spec: {unschedulable: true}
status:
  addresses: [{type: InternalIP, address: 192.168.1.202}, {type: Hostname, address: b}]
  conditions: [{type: Ready, status: Unknown}, {type: NetworkUnavailable, status: 'True'}]
",
    );

    let nodes = &view.snapshot.nodes;
    assert!(nodes[&NodeName::from("a")].ready);
    let b = &nodes[&NodeName::from("b")];
    assert!(!b.ready && b.network_unavailable && b.unschedulable && b.is_excluded());
    assert_eq!(b.addresses, ips(&["192.168.1.202"]));
}

#[test]
fn an_ingress_keeps_hosts_class_and_what_its_status_says() {
    let view = view(
        "apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: example-ingress
  annotations: {traefik.ingress.kubernetes.io/router.entrypoints: 'web, websecure', kubernetes.io/ingress.class: old}
spec:
  tls: [{hosts: [tls.example.com]}]
  rules: [{host: www.example.com}, {http: {paths: []}}]
status: {loadBalancer: {ingress: [{ip: 10.10.10.10}, {hostname: x}]}}
---
apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata: {name: traefik, annotations: {ingressclass.kubernetes.io/is-default-class: 'true'}}
spec: {controller: traefik.io/ingress-controller}
",
    );

    assert_eq!(refused(&view), [""; 0]);
    let ingress = &view.snapshot.ingresses[&ServiceKey::new("default", "example-ingress")];
    assert_eq!(ingress.class.as_deref(), Some("old"));
    assert_eq!(ingress.rules[0].host.as_deref(), Some("www.example.com"));
    assert_eq!(ingress.rules[1].host, None);
    assert_eq!(ingress.tls_hosts, ["tls.example.com"]);
    assert_eq!(ingress.status_ips, ips(&["10.10.10.10"]));
    let class = &view.snapshot.ingress_classes["traefik"];
    assert!(class.is_default);
    assert_eq!(class.controller.0, "traefik.io/ingress-controller");
}

#[test]
fn settings_come_from_our_config_map_and_from_no_other() {
    let map = |namespace: &str| {
        format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: lanlord, namespace: {namespace}}}\ndata: {{node.toml: '[l2]'}}\n"
        )
    };

    assert_eq!(
        view(&map("metallb-system")).node_toml.as_deref(),
        Some("[l2]")
    );
    assert_eq!(view(&map("default")).node_toml, None);
}
