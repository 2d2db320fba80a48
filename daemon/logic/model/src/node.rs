//! Nodes, as far as announcing cares.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::{Labels, NodeName};

/// Label that keeps a node from announcing; Talos 1.8 and later puts it on control planes. Any value counts.
const EXCLUDE_LABEL: &str = "node.kubernetes.io/exclude-from-external-load-balancers";

/// A Node object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Node {
    /// `metadata.name`.
    pub name: NodeName,
    /// `metadata.labels`.
    pub labels: Labels,
    /// InternalIP and ExternalIP addresses.
    pub addresses: Vec<IpAddr>,
    /// Condition Ready is True. A Node without conditions counts as ready: hand-written manifests leave them out.
    pub ready: bool,
    /// Condition NetworkUnavailable is True.
    pub network_unavailable: bool,
    /// `spec.unschedulable`: cordoned.
    pub unschedulable: bool,
}

impl Node {
    /// Whether the node is labelled out of load balancing.
    pub fn is_excluded(&self) -> bool {
        self.labels.contains_key(EXCLUDE_LABEL)
    }
}
