//! MetalLB's custom resources, as far as lanlord reads them.
//!
//! Field names, printer columns and meaning are MetalLB's. The rules that one object shows by itself are CEL in the
//! schema, so the API server refuses them; bounds on lists and texts keep the cost of the rules bounded.

#![expect(
    unreachable_pub,
    reason = "KubeSchema repeats each struct inside a function"
)]
#![expect(
    clippy::duplicated_attributes,
    reason = "several printer columns have one type"
)]

use k8s_openapi::{
    apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition,
    apimachinery::pkg::apis::meta::v1::LabelSelector,
};
use kube::{CustomResource, CustomResourceExt, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The definitions of all resources that lanlord watches.
pub fn crds() -> Vec<CustomResourceDefinition> {
    vec![
        IPAddressPool::crd(),
        without_required_spec(L2Advertisement::crd()),
    ]
}

/// The shortest L2Advertisement, as MetalLB's tutorials have it, is one without `spec`; kube always requires it.
fn without_required_spec(mut crd: CustomResourceDefinition) -> CustomResourceDefinition {
    let schemas = crd
        .spec
        .versions
        .iter_mut()
        .filter_map(|version| version.schema.as_mut()?.open_api_v3_schema.as_mut());
    for required in schemas.filter_map(|schema| schema.required.as_mut()) {
        required.retain(|field| field != "spec");
    }
    crd
}

/// `192.0.2.0/24`, or `192.0.2.10-192.0.2.20` with blanks allowed around the dash; one family on both sides.
const IS_ADDRESSES: &str = "self.all(entry, isCIDR(entry) || (entry.split('-').size() == 2 \
    && isIP(entry.split('-')[0].trim()) && isIP(entry.split('-')[1].trim()) \
    && ip(entry.split('-')[0].trim()).family() == ip(entry.split('-')[1].trim()).family()))";
const ADDRESSES_HINT: &str = "each entry must be a prefix (192.0.2.0/24) or a range of one family (192.0.2.10-192.0.2.20); \
    for one address write 192.0.2.10/32";
const NO_DUPLICATES: &str = "self.all(entry, self.exists_one(other, other == entry))";
const NO_DUPLICATES_HINT: &str = "an entry is there twice";

/// Addresses that may be given to Services.
#[derive(CustomResource, KubeSchema, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[kube(
    group = "metallb.io",
    version = "v1beta1",
    kind = "IPAddressPool",
    plural = "ipaddresspools",
    doc = "A pool of addresses that lanlord gives to Services of type LoadBalancer.",
    namespaced,
    derive = "PartialEq",
    status = "IPAddressPoolStatus",
    printcolumn(
        json_path = ".spec.autoAssign",
        name = "Auto Assign",
        type_ = "boolean"
    ),
    printcolumn(
        json_path = ".spec.avoidBuggyIPs",
        name = "Avoid Buggy IPs",
        type_ = "boolean"
    ),
    printcolumn(json_path = ".spec.addresses", name = "Addresses", type_ = "string")
)]
#[serde(rename_all = "camelCase")]
pub struct IPAddressPoolSpec {
    /// Prefixes (192.0.2.0/24) or ranges (192.0.2.10-192.0.2.20).
    #[schemars(length(min = 1, max = 1024), inner(length(max = 96)))]
    #[x_kube(validation = Rule::new(IS_ADDRESSES).message(ADDRESSES_HINT))]
    pub addresses: Vec<String>,
    /// False: only Services that ask for the pool or for an address in it get one.
    #[serde(default = "yes")]
    pub auto_assign: bool,
    /// Never give out IPv4 addresses that end in .0 or .255.
    #[serde(default, rename = "avoidBuggyIPs")]
    pub avoid_buggy_ips: bool,
    /// Which Services the pool serves; absent: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_allocation: Option<ServiceAllocation>,
}

const fn yes() -> bool {
    true
}

/// Which Services a pool serves.
#[derive(KubeSchema, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ServiceAllocation {
    /// Lower is preferred; 0 or absent is last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<i64>,
    /// Names of namespaces; a union with namespaceSelectors.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 256), inner(length(max = 63)))]
    #[x_kube(validation = Rule::new(NO_DUPLICATES).message(NO_DUPLICATES_HINT))]
    pub namespaces: Vec<String>,
    /// Namespaces by label.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub namespace_selectors: Vec<LabelSelector>,
    /// Services by label.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub service_selectors: Vec<LabelSelector>,
}

/// How much of a pool is in use.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct IPAddressPoolStatus {
    /// IPv4 addresses given out.
    #[serde(rename = "assignedIPv4")]
    pub assigned_ipv4: i64,
    /// IPv6 addresses given out.
    #[serde(rename = "assignedIPv6")]
    pub assigned_ipv6: i64,
    /// IPv4 addresses left.
    #[serde(rename = "availableIPv4")]
    pub available_ipv4: i64,
    /// IPv6 addresses left.
    #[serde(rename = "availableIPv6")]
    pub available_ipv6: i64,
}

/// Which pools are announced by ARP and NDP, where and by whom.
#[derive(CustomResource, KubeSchema, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[kube(
    group = "metallb.io",
    version = "v1beta1",
    kind = "L2Advertisement",
    plural = "l2advertisements",
    doc = "Announces addresses of pools on layer 2, by ARP and NDP.",
    namespaced,
    derive = "PartialEq",
    status = "L2AdvertisementStatus",
    printcolumn(
        json_path = ".spec.ipAddressPools",
        name = "IPAddressPools",
        type_ = "string"
    ),
    printcolumn(
        json_path = ".spec.ipAddressPoolSelectors",
        name = "IPAddressPool Selectors",
        type_ = "string"
    ),
    printcolumn(json_path = ".spec.interfaces", name = "Interfaces", type_ = "string"),
    printcolumn(
        json_path = ".spec.nodeSelectors",
        name = "Node Selectors",
        type_ = "string",
        priority = 10
    )
)]
#[serde(rename_all = "camelCase")]
pub struct L2AdvertisementSpec {
    /// Pools by name; a union with ipAddressPoolSelectors. Both absent: all pools.
    #[serde(
        default,
        rename = "ipAddressPools",
        skip_serializing_if = "Vec::is_empty"
    )]
    #[schemars(length(max = 256), inner(length(max = 253)))]
    #[x_kube(validation = Rule::new(NO_DUPLICATES).message(NO_DUPLICATES_HINT))]
    pub ip_address_pools: Vec<String>,
    /// Pools by label.
    #[serde(
        default,
        rename = "ipAddressPoolSelectors",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub ip_address_pool_selectors: Vec<LabelSelector>,
    /// Nodes that may announce; absent: all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub node_selectors: Vec<LabelSelector>,
    /// Services that are announced; absent: all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub service_selectors: Vec<LabelSelector>,
    /// Interfaces to announce on; absent: the daemon chooses.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub interfaces: Vec<String>,
    /// Nodes that are preferred, by weight.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub preferred_node_selectors: Vec<PreferredNodeSelector>,
}

/// One preference among nodes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PreferredNodeSelector {
    /// 1 to 100; weights of all matching entries add up.
    #[schemars(range(min = 1, max = 100))]
    pub weight: i32,
    /// The nodes that get the weight.
    pub preference: LabelSelector,
}

/// Nothing is reported here yet; the subresource is there as in MetalLB.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct L2AdvertisementStatus {}

#[cfg(test)]
mod tests;
