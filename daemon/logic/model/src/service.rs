//! Services of type LoadBalancer and their endpoints.

use std::{
    collections::BTreeMap,
    fmt,
    net::{IpAddr, Ipv4Addr},
};

use serde::{Deserialize, Serialize};

use crate::{ControllerName, Labels, NodeName, ServiceKey};

/// A Service of type LoadBalancer whose class this cluster serves. Texts of annotations are kept as written: the
/// planners parse them and answer with a `Reason` where they are wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Service {
    /// Namespace and name.
    pub key: ServiceKey,
    /// `metadata.labels`.
    pub labels: Labels,
    /// `spec.clusterIPs`, without `None`; empty when headless. Where no API server filled them in (hand-written
    /// manifests) the unspecified address stands for each family that the Service asks for.
    pub cluster_ips: Vec<IpAddr>,
    /// `spec.ipFamilyPolicy`.
    pub ip_family_policy: IpFamilyPolicy,
    /// `spec.externalTrafficPolicy`.
    pub traffic_policy: TrafficPolicy,
    /// `spec.ports`.
    pub ports: Vec<ServicePort>,
    /// `spec.selector`.
    pub selector: BTreeMap<String, String>,
    /// Annotation `loadBalancerIPs` (`metallb.io/` before `metallb.universe.tf/`), as written.
    pub load_balancer_ips: Option<String>,
    /// `spec.loadBalancerIP`, as written.
    pub load_balancer_ip: Option<String>,
    /// Annotation `address-pool`.
    pub address_pool: Option<String>,
    /// Annotation `allow-shared-ip`; an empty text counts as absent for sharing.
    pub sharing_key: Option<String>,
    /// IP addresses in `status.loadBalancer.ingress`.
    pub status_ips: Vec<IpAddr>,
    /// Host names asked for by annotation: `coredns.io/hostname` and `external-dns` (both prefixes), comma lists split.
    pub hostnames: Vec<String>,
    /// Annotation `lanlord.dev/ingress-class`: the classes whose controller this Service fronts, comma list split.
    pub ingress_classes: Vec<String>,
    /// Which well-known ingress controller the pods behind it are, as far as selector and labels name it, as
    /// `spec.controller` of its IngressClass spells it. None: unknown; the planner may still guess by name and ports.
    pub ingress_controller: Option<ControllerName>,
    /// `external-dns` ttl annotation in seconds.
    pub ttl_secs: Option<u32>,
}

impl Service {
    /// A Service as an API server would complete it that asks for nothing in particular: one IPv4 address, policy
    /// Cluster, no port.
    pub fn new(key: ServiceKey) -> Self {
        Self {
            key,
            labels: Labels::new(),
            cluster_ips: vec![IpAddr::V4(Ipv4Addr::UNSPECIFIED)],
            ip_family_policy: IpFamilyPolicy::default(),
            traffic_policy: TrafficPolicy::default(),
            ports: Vec::new(),
            selector: BTreeMap::new(),
            load_balancer_ips: None,
            load_balancer_ip: None,
            address_pool: None,
            sharing_key: None,
            status_ips: Vec::new(),
            hostnames: Vec::new(),
            ingress_classes: Vec::new(),
            ingress_controller: None,
            ttl_secs: None,
        }
    }
}

/// `spec.ipFamilyPolicy`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum IpFamilyPolicy {
    /// One family.
    #[default]
    SingleStack,
    /// Two where possible.
    PreferDualStack,
    /// Two or nothing.
    RequireDualStack,
}

/// `spec.externalTrafficPolicy`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum TrafficPolicy {
    /// Any node forwards to any endpoint.
    #[default]
    Cluster,
    /// Only nodes with an endpoint take traffic; the client's address is kept.
    Local,
}

/// Transport protocol of a Service port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Protocol {
    /// TCP
    Tcp,
    /// UDP
    Udp,
    /// SCTP
    Sctp,
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tcp => "TCP",
            Self::Udp => "UDP",
            Self::Sctp => "SCTP",
        })
    }
}

/// One port of a Service.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ServicePort {
    /// `name`, empty when unnamed.
    pub name: String,
    /// `protocol`.
    pub protocol: Protocol,
    /// `port`, the one clients use.
    pub port: u16,
}

/// One endpoint of an EndpointSlice.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Endpoint {
    /// `addresses`.
    pub addresses: Vec<IpAddr>,
    /// `nodeName`; endpoints without one do not count for policy Local.
    pub node: Option<NodeName>,
    /// Serving: condition `ready` is true or absent, or `serving` is true (terminating included, as in MetalLB).
    pub serving: bool,
}
