//! What is known of a cluster, as plain data.

use model::AddressRange;

/// What in a cluster has to do with announcing. What could not be read is named in `unread`.
#[derive(Clone, Debug, Default)]
pub struct Cluster {
    /// IPAddressPools of ours.
    pub pools: Vec<OurPool>,
    /// L2Advertisements of ours.
    pub advertisements: Vec<OurAdvertisement>,
    /// Pools of Cilium's LB-IPAM.
    pub cilium_pools: Vec<CiliumPool>,
    /// Cilium's L2 announcements.
    pub cilium_policies: Vec<CiliumL2Policy>,
    /// ConfigMap `cilium-config`: `enable-l2-announcements`.
    pub cilium_announces: Option<bool>,
    /// ConfigMap `cilium-config`: names and patterns in `devices`; none: Cilium finds them by itself, or is not there.
    pub cilium_devices: Option<Vec<String>>,
    /// kube-proxy, where its configuration is to be found.
    pub kube_proxy: Option<KubeProxy>,
    /// Pods of other announcers that run.
    pub rivals: Vec<Pod>,
    /// Whether pods could be listed.
    pub pods_read: bool,
    /// Nodes.
    pub nodes: Vec<Node>,
    /// What may not or could not be read, one line each.
    pub unread: Vec<String>,
}

/// An IPAddressPool.
#[derive(Clone, Debug)]
pub struct OurPool {
    /// `namespace/name`.
    pub name: String,
    /// Its addresses.
    pub ranges: Vec<AddressRange>,
}

/// An L2Advertisement.
#[derive(Clone, Debug)]
pub struct OurAdvertisement {
    /// `namespace/name`.
    pub name: String,
    /// Interfaces it is confined to; empty: any.
    pub interfaces: Vec<String>,
}

/// A CiliumLoadBalancerIPPool.
#[derive(Clone, Debug)]
pub struct CiliumPool {
    /// Name.
    pub name: String,
    /// Its addresses.
    pub ranges: Vec<AddressRange>,
    /// `spec.disabled`.
    pub disabled: bool,
}

/// A CiliumL2AnnouncementPolicy.
#[derive(Clone, Debug)]
pub struct CiliumL2Policy {
    /// Name.
    pub name: String,
    /// `spec.loadBalancerIPs`.
    pub load_balancers: bool,
}

/// kube-proxy's configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KubeProxy {
    /// How it forwards.
    pub mode: ProxyMode,
    /// `ipvs.strictARP`.
    pub strict_arp: bool,
}

/// How kube-proxy forwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProxyMode {
    /// Every VIP is on an interface of every node.
    Ipvs,
    /// iptables or nftables: no VIP is on an interface.
    Other,
}

/// A running pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pod {
    /// `namespace/name`.
    pub name: String,
    /// Node, once it has one.
    pub node: Option<String>,
    /// Image that gave it away.
    pub image: String,
}

/// A node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Name.
    pub name: String,
    /// Carries `node.kubernetes.io/exclude-from-external-load-balancers`.
    pub excluded: bool,
}
