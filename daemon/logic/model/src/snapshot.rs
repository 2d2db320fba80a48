//! Everything the planners know.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    AddressPool, Endpoint, Ingress, IngressClass, L2Advertisement, Labels, Node, NodeName, Refusal,
    Service, ServiceKey,
};

/// The cluster at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// All nodes.
    pub nodes: BTreeMap<NodeName, Node>,
    /// Namespaces and their labels.
    pub namespaces: BTreeMap<String, Labels>,
    /// Valid IPAddressPools.
    pub pools: BTreeMap<String, AddressPool>,
    /// Valid L2Advertisements.
    pub l2_advertisements: BTreeMap<String, L2Advertisement>,
    /// Services of type LoadBalancer that we serve.
    pub services: BTreeMap<ServiceKey, Service>,
    /// Endpoints by Service, sorted.
    pub endpoints: BTreeMap<ServiceKey, Vec<Endpoint>>,
    /// Ingresses.
    pub ingresses: BTreeMap<ServiceKey, Ingress>,
    /// IngressClasses by name.
    pub ingress_classes: BTreeMap<String, IngressClass>,
    /// Objects that were unusable by themselves, with the reason; the rest goes on without them.
    pub refused: Vec<Refusal>,
}
