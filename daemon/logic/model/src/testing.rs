//! Short ways to write cluster objects in tests of the planners: only what matters shows.
//!
//! ```
//! use model::testing::{cluster, node, pool, service};
//!
//! let snapshot = cluster()
//!     .with(pool("first", &["192.0.2.0/24"]))
//!     .with(node("worker-1"))
//!     .with(service("default/web").wanting("192.0.2.10"));
//! assert_eq!(snapshot.services.len(), 1);
//! ```
//!
//! Texts are taken as they are: a wrong one panics, which is what a test wants.

mod words;

use std::net::IpAddr;

use crate::{
    AddressPool, ControllerName, Endpoint, Ingress, IngressClass, IngressRule, L2Advertisement,
    Labels, Node, NodeName, Requirement, Selector, Service, ServiceKey, Snapshot, Vip,
};

/// An empty cluster.
pub fn cluster() -> Snapshot {
    Snapshot::default()
}

/// A node that is ready.
pub fn node(name: &str) -> Node {
    Node {
        name: name.into(),
        labels: Labels::new(),
        addresses: Vec::new(),
        ready: true,
        network_unavailable: false,
        unschedulable: false,
    }
}

/// A pool of these prefixes or ranges that anyone may use.
pub fn pool(name: &str, ranges: &[&str]) -> AddressPool {
    AddressPool {
        name: name.to_string(),
        labels: Labels::new(),
        ranges: ranges
            .iter()
            .map(|range| range.parse().expect("a range in a test"))
            .collect(),
        auto_assign: true,
        avoid_buggy_ips: false,
        scope: None,
    }
}

/// An L2Advertisement of every pool from every node.
pub fn advertisement(name: &str) -> L2Advertisement {
    L2Advertisement {
        name: name.to_string(),
        ..L2Advertisement::default()
    }
}

/// A LoadBalancer Service on TCP port 80.
pub fn service(key: &str) -> Service {
    Service::new(self::key(key)).on(&[80])
}

/// An Ingress for these hosts, without class and status.
pub fn ingress(key: &str, hosts: &[&str]) -> Ingress {
    Ingress {
        key: self::key(key),
        class: None,
        rules: hosts
            .iter()
            .map(|host| IngressRule {
                host: Some((*host).to_string()),
            })
            .collect(),
        tls_hosts: Vec::new(),
        status_ips: Vec::new(),
        hostnames: Vec::new(),
        targets: Vec::new(),
        ttl_secs: None,
    }
}

/// An IngressClass that is not the default.
pub fn ingress_class(name: &str, controller: &str) -> IngressClass {
    IngressClass {
        name: name.to_string(),
        controller: ControllerName(controller.to_string()),
        is_default: false,
    }
}

/// A serving endpoint on a node.
pub fn endpoint(node: &str) -> Endpoint {
    Endpoint {
        addresses: vec![address("10.244.0.1")],
        node: Some(NodeName::new(node)),
        serving: true,
    }
}

/// `namespace/name`.
pub fn key(text: &str) -> ServiceKey {
    text.parse().expect("namespace/name in a test")
}

/// An IP address.
pub fn address(text: &str) -> IpAddr {
    text.parse().expect("an address in a test")
}

/// An announced address.
pub fn vip(text: &str) -> Vip {
    Vip::new(address(text))
}

/// A selector that asks for one label.
pub fn label_is(label: &str, value: &str) -> Selector {
    Selector {
        requirements: vec![Requirement::In(label.to_string(), vec![value.to_string()])],
    }
}

/// What can be put into a [`Snapshot`].
pub trait Object {
    /// Adds it under its own name.
    fn put_into(self, snapshot: &mut Snapshot);
}

impl Object for Node {
    fn put_into(self, snapshot: &mut Snapshot) {
        snapshot.nodes.insert(self.name.clone(), self);
    }
}

impl Object for AddressPool {
    fn put_into(self, snapshot: &mut Snapshot) {
        snapshot.pools.insert(self.name.clone(), self);
    }
}

impl Object for L2Advertisement {
    fn put_into(self, snapshot: &mut Snapshot) {
        snapshot.l2_advertisements.insert(self.name.clone(), self);
    }
}

impl Object for Service {
    fn put_into(self, snapshot: &mut Snapshot) {
        snapshot.services.insert(self.key.clone(), self);
    }
}

impl Object for Ingress {
    fn put_into(self, snapshot: &mut Snapshot) {
        snapshot.ingresses.insert(self.key.clone(), self);
    }
}

impl Object for IngressClass {
    fn put_into(self, snapshot: &mut Snapshot) {
        snapshot.ingress_classes.insert(self.name.clone(), self);
    }
}
