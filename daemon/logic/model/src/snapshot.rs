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
    #[serde(with = "by_key")]
    pub services: BTreeMap<ServiceKey, Service>,
    /// Endpoints by Service, sorted.
    #[serde(with = "by_key")]
    pub endpoints: BTreeMap<ServiceKey, Vec<Endpoint>>,
    /// Ingresses.
    #[serde(with = "by_key")]
    pub ingresses: BTreeMap<ServiceKey, Ingress>,
    /// IngressClasses by name.
    pub ingress_classes: BTreeMap<String, IngressClass>,
    /// Objects that were unusable by themselves, with the reason; the rest goes on without them.
    pub refused: Vec<Refusal>,
}

/// JSON knows only text keys, so maps by [`ServiceKey`] are written as lists of pairs.
mod by_key {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use crate::ServiceKey;

    pub(super) fn serialize<V: Serialize, S: Serializer>(
        map: &BTreeMap<ServiceKey, V>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(map)
    }

    pub(super) fn deserialize<'de, V: Deserialize<'de>, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<BTreeMap<ServiceKey, V>, D::Error> {
        Ok(Vec::<(ServiceKey, V)>::deserialize(deserializer)?
            .into_iter()
            .collect())
    }
}
