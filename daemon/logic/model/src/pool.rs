//! Address pools and layer-2 advertisements, after MetalLB's CRDs (`metallb.io`).

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::{AddressRange, Labels, Selector, ServiceKey, Vip};

/// An IPAddressPool whose `spec` was valid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddressPool {
    /// `metadata.name`.
    pub name: String,
    /// `metadata.labels`, for `ipAddressPoolSelectors`.
    pub labels: Labels,
    /// `spec.addresses` in written order.
    pub ranges: Vec<AddressRange>,
    /// `spec.autoAssign`, true unless written otherwise.
    pub auto_assign: bool,
    /// `spec.avoidBuggyIPs`: never hand out IPv4 addresses that end in .0 or .255.
    pub avoid_buggy_ips: bool,
    /// `spec.serviceAllocation`; none: any Service may use the pool.
    pub scope: Option<PoolScope>,
}

/// Whom a pool serves (`spec.serviceAllocation`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PoolScope {
    /// Lower is preferred; 0 is last.
    pub priority: i64,
    /// Namespace names; a union with `namespace_selectors`.
    pub namespaces: BTreeSet<String>,
    /// Selectors on namespace labels.
    pub namespace_selectors: Vec<Selector>,
    /// Selectors on Service labels, AND-ed with the namespace condition.
    pub service_selectors: Vec<Selector>,
}

/// An L2Advertisement.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct L2Advertisement {
    /// `metadata.name`.
    pub name: String,
    /// Pools by name; a union with `pool_selectors`. Both empty: all pools.
    pub pools: BTreeSet<String>,
    /// Pools by label.
    pub pool_selectors: Vec<Selector>,
    /// Nodes that may announce; empty: all.
    pub node_selectors: Vec<Selector>,
    /// Services that are announced; empty: all.
    pub service_selectors: Vec<Selector>,
    /// Interfaces to announce on; empty: the daemon chooses.
    pub interfaces: BTreeSet<String>,
    /// Weights that make a node preferred (`spec.preferredNodeSelectors`).
    pub preferred_nodes: Vec<PreferredNodes>,
}

/// One entry of `spec.preferredNodeSelectors`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreferredNodes {
    /// 1 to 100; weights of all matching entries add up.
    pub weight: u8,
    /// Nodes that get the weight.
    pub preference: Selector,
}

/// The addresses one Service holds, all from one pool.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Allocation {
    /// Who holds them.
    pub service: ServiceKey,
    /// Pool they come from.
    pub pool: String,
    /// One address, or two of different families: IPv4 first.
    pub vips: Vec<Vip>,
}

impl L2Advertisement {
    /// Whether this advertisement covers the pool.
    pub fn covers(&self, pool: &AddressPool) -> bool {
        if self.pools.is_empty() && self.pool_selectors.is_empty() {
            return true;
        }
        self.pools.contains(&pool.name)
            || self
                .pool_selectors
                .iter()
                .any(|selector| selector.matches(&pool.labels))
    }

    /// Whether a node with these labels may announce.
    pub fn admits_node(&self, labels: &Labels) -> bool {
        Selector::any_matches(&self.node_selectors, labels)
    }

    /// Whether a Service with these labels is announced.
    pub fn admits_service(&self, labels: &Labels) -> bool {
        Selector::any_matches(&self.service_selectors, labels)
    }

    /// Sum of the weights that apply to a node with these labels.
    pub fn weight_of(&self, labels: &Labels) -> u32 {
        self.preferred_nodes
            .iter()
            .filter(|entry| entry.preference.matches(labels))
            .map(|entry| u32::from(entry.weight))
            .sum()
    }
}

impl PoolScope {
    /// Whether a Service in `namespace` (with that namespace's labels) and with `labels` may use the pool.
    pub fn admits(
        &self,
        namespace: &str,
        namespaces: &BTreeMap<String, Labels>,
        labels: &Labels,
    ) -> bool {
        self.admits_namespace(namespace, namespaces)
            && Selector::any_matches(&self.service_selectors, labels)
    }

    fn admits_namespace(&self, namespace: &str, namespaces: &BTreeMap<String, Labels>) -> bool {
        if self.namespaces.is_empty() && self.namespace_selectors.is_empty() {
            return true;
        }
        let none = Labels::new();
        let labels = namespaces.get(namespace).unwrap_or(&none);
        self.namespaces.contains(namespace)
            || self
                .namespace_selectors
                .iter()
                .any(|selector| selector.matches(labels))
    }
}

impl AddressPool {
    /// Whether one of the pool's ranges holds the address.
    pub fn contains(&self, vip: Vip) -> bool {
        self.ranges
            .iter()
            .any(|range| range.contains(vip.address()))
    }
}
