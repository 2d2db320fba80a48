//! Words that change one thing of a test object: `service("default/web").wanting("192.0.2.10")`.

use super::{Object, address, endpoint, key};
use crate::{
    AddressPool, ControllerName, Ingress, IngressClass, IpFamilyPolicy, L2Advertisement, Labels,
    Node, PoolScope, PreferredNodes, Protocol, Selector, Service, ServicePort, Snapshot,
    TrafficPolicy,
};

impl Snapshot {
    /// The cluster with one object more.
    #[must_use]
    pub fn with(mut self, object: impl Object) -> Self {
        object.put_into(&mut self);
        self
    }

    /// The cluster with one serving endpoint of a Service on each of the nodes.
    #[must_use]
    pub fn with_endpoints(mut self, service: &str, nodes: &[&str]) -> Self {
        let endpoints = nodes.iter().map(|node| endpoint(node)).collect();
        self.endpoints.insert(key(service), endpoints);
        self
    }

    /// The cluster with a namespace that carries one label.
    #[must_use]
    pub fn with_namespace(mut self, name: &str, label: &str, value: &str) -> Self {
        let labels = Labels::from([(label.to_string(), value.to_string())]);
        self.namespaces.insert(name.to_string(), labels);
        self
    }
}

impl Node {
    /// One label more.
    #[must_use]
    pub fn labelled(mut self, label: &str, value: &str) -> Self {
        self.labels.insert(label.to_string(), value.to_string());
        self
    }

    /// One address more.
    #[must_use]
    pub fn at(mut self, text: &str) -> Self {
        self.addresses.push(address(text));
        self
    }

    /// Condition Ready is False.
    #[must_use]
    pub fn not_ready(mut self) -> Self {
        self.ready = false;
        self
    }

    /// `kubectl cordon`.
    #[must_use]
    pub fn cordoned(mut self) -> Self {
        self.unschedulable = true;
        self
    }
}

impl AddressPool {
    /// `autoAssign: false`.
    #[must_use]
    pub fn on_request_only(mut self) -> Self {
        self.auto_assign = false;
        self
    }

    /// `avoidBuggyIPs: true`.
    #[must_use]
    pub fn avoiding_buggy_ips(mut self) -> Self {
        self.avoid_buggy_ips = true;
        self
    }

    /// `serviceAllocation`.
    #[must_use]
    pub fn serving(mut self, scope: PoolScope) -> Self {
        self.scope = Some(scope);
        self
    }
}

impl L2Advertisement {
    /// One entry of `ipAddressPools` more.
    #[must_use]
    pub fn of_pool(mut self, pool: &str) -> Self {
        self.pools.insert(pool.to_string());
        self
    }

    /// One entry of `nodeSelectors` more.
    #[must_use]
    pub fn from_nodes(mut self, selector: Selector) -> Self {
        self.node_selectors.push(selector);
        self
    }

    /// One entry of `interfaces` more.
    #[must_use]
    pub fn on_interface(mut self, name: &str) -> Self {
        self.interfaces.insert(name.to_string());
        self
    }

    /// One entry of `preferredNodeSelectors` more.
    #[must_use]
    pub fn preferring(mut self, weight: u8, preference: Selector) -> Self {
        self.preferred_nodes
            .push(PreferredNodes { weight, preference });
        self
    }
}

impl Service {
    /// These TCP ports, and no other.
    #[must_use]
    pub fn on(mut self, ports: &[u16]) -> Self {
        self.ports = ports
            .iter()
            .map(|&port| ServicePort {
                name: format!("p{port}"),
                protocol: Protocol::Tcp,
                port,
            })
            .collect();
        self
    }

    /// Annotation `loadBalancerIPs`.
    #[must_use]
    pub fn wanting(mut self, addresses: &str) -> Self {
        self.load_balancer_ips = Some(addresses.to_string());
        self
    }

    /// Annotation `address-pool`.
    #[must_use]
    pub fn from_pool(mut self, pool: &str) -> Self {
        self.address_pool = Some(pool.to_string());
        self
    }

    /// Annotation `allow-shared-ip`.
    #[must_use]
    pub fn sharing(mut self, key: &str) -> Self {
        self.sharing_key = Some(key.to_string());
        self
    }

    /// An address in `status.loadBalancer.ingress` more.
    #[must_use]
    pub fn holding(mut self, text: &str) -> Self {
        self.status_ips.push(address(text));
        self
    }

    /// Its pods are this ingress controller, by its labels.
    #[must_use]
    pub fn controlling(mut self, controller: &str) -> Self {
        self.ingress_controller = Some(ControllerName(controller.to_string()));
        self
    }

    /// Cluster IPs as an API server fills them in.
    #[must_use]
    pub fn with_cluster_ips(mut self, texts: &[&str]) -> Self {
        self.cluster_ips = texts.iter().map(|text| address(text)).collect();
        self
    }

    /// `ipFamilyPolicy`.
    #[must_use]
    pub fn with_family_policy(mut self, policy: IpFamilyPolicy) -> Self {
        self.ip_family_policy = policy;
        self
    }

    /// `externalTrafficPolicy: Local`.
    #[must_use]
    pub fn local(mut self) -> Self {
        self.traffic_policy = TrafficPolicy::Local;
        self
    }

    /// One label more.
    #[must_use]
    pub fn labelled(mut self, label: &str, value: &str) -> Self {
        self.labels.insert(label.to_string(), value.to_string());
        self
    }

    /// One entry of the pod selector more.
    #[must_use]
    pub fn selecting(mut self, label: &str, value: &str) -> Self {
        self.selector.insert(label.to_string(), value.to_string());
        self
    }

    /// A host name by annotation more.
    #[must_use]
    pub fn named(mut self, host: &str) -> Self {
        self.hostnames.push(host.to_string());
        self
    }

    /// One class of annotation `lanlord.dev/ingress-class` more.
    #[must_use]
    pub fn fronting(mut self, class: &str) -> Self {
        self.ingress_classes.push(class.to_string());
        self
    }
}

impl Ingress {
    /// `ingressClassName`.
    #[must_use]
    pub fn of_class(mut self, class: &str) -> Self {
        self.class = Some(class.to_string());
        self
    }

    /// An address in `status.loadBalancer.ingress` more.
    #[must_use]
    pub fn holding(mut self, text: &str) -> Self {
        self.status_ips.push(address(text));
        self
    }

    /// `external-dns` target annotation.
    #[must_use]
    pub fn targeting(mut self, target: &str) -> Self {
        self.targets.push(target.to_string());
        self
    }
}

impl IngressClass {
    /// `is-default-class: "true"`.
    #[must_use]
    pub fn by_default(mut self) -> Self {
        self.is_default = true;
        self
    }
}
