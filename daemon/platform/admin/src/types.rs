//! What the daemons answer. Fields are only ever added, so that an older command still reads a newer daemon.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

/// Answer to `GET /v1/status`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "mode", rename_all = "lowercase")]
pub enum Status {
    /// From `lanlord node`.
    Node(NodeStatus),
    /// From `lanlord router`.
    Router(RouterStatus),
}

/// A node daemon, as it is.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct NodeStatus {
    /// lanlord's version.
    pub version: String,
    /// Node name.
    pub node: String,
    /// Where the objects come from: `manifests DIR` or `kubernetes URL`.
    pub source: String,
    /// Whether that source has answered at least once.
    pub source_ready: bool,
    /// Whether this node allocates addresses and pushes names.
    pub lease_holder: bool,
    /// Pools and how full they are.
    pub pools: Vec<PoolStatus>,
    /// All VIPs of the cluster.
    pub vips: Vec<VipStatus>,
    /// All names of the cluster.
    pub names: Vec<NameStatus>,
    /// The router the names go to, and how the last push went.
    pub router: Option<NamePushStatus>,
    /// What is refused or wrong, one line each.
    pub problems: Vec<String>,
}

/// One address pool.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PoolStatus {
    /// Name.
    pub name: String,
    /// Ranges.
    pub addresses: Vec<String>,
    /// Addresses in use.
    pub assigned: u64,
}

/// One VIP.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct VipStatus {
    /// The address.
    pub vip: IpAddr,
    /// Services that hold it, `namespace/name`.
    pub services: Vec<String>,
    /// The node that answers for it; none: nobody may.
    pub owner: Option<String>,
    /// Interfaces on which *this* node announces it; empty on other nodes.
    pub interfaces: Vec<String>,
    /// Why nobody, or why this owner is silent.
    pub reason: Option<String>,
}

/// One name.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct NameStatus {
    /// The name, without a trailing dot.
    pub name: String,
    /// Its addresses.
    pub addresses: Vec<IpAddr>,
    /// Where it comes from: `Ingress default/example`, `static`, `lease`, `cluster lab`.
    pub source: String,
}

/// How the last push of names went.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct NamePushStatus {
    /// The DNS server.
    pub server: String,
    /// Seconds since the last push that worked; none: never.
    pub synced_secs_ago: Option<u64>,
    /// The last error, if the last push failed.
    pub error: Option<String>,
    /// Names that the server's policy refused.
    pub refused: Vec<String>,
}

/// A router, as it is.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RouterStatus {
    /// lanlord's version.
    pub version: String,
    /// Host name.
    pub hostname: String,
    /// Domain of DHCP names.
    pub domain: String,
    /// Configuration in force, and whether a newer file was refused.
    pub config: ConfigStatus,
    /// Interfaces.
    pub interfaces: Vec<InterfaceStatus>,
    /// DHCP, one entry a LAN.
    pub dhcp: Vec<DhcpStatus>,
    /// DNS.
    pub dns: DnsStatus,
    /// NAT and firewall in force; else why not.
    pub firewall: Result<(), String>,
    /// Pools and where they are routed.
    pub pools: Vec<String>,
    /// What to type elsewhere: the static route for the home LAN and the like.
    pub hints: Vec<String>,
    /// What is wrong, one line each.
    pub problems: Vec<String>,
}

/// The configuration in force.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ConfigStatus {
    /// File it was read from; none: built-in defaults.
    pub file: Option<String>,
    /// Why the newer content of the file is not in force.
    pub error: Option<String>,
}

/// One interface of the router.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct InterfaceStatus {
    /// Name.
    pub name: String,
    /// `lan` or `uplink`.
    pub role: String,
    /// Addresses with prefix length.
    pub addresses: Vec<String>,
    /// Operational state UP.
    pub up: bool,
}

/// DHCP on one LAN.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DhcpStatus {
    /// Interface.
    pub interface: String,
    /// `serving`, `probing`, or `off: ` and why.
    pub state: String,
    /// The range given out.
    pub range: String,
    /// Leases and reservations seen.
    pub leases: Vec<LeaseStatus>,
}

/// One lease.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LeaseStatus {
    /// Leased address.
    pub address: IpAddr,
    /// Client's MAC.
    pub mac: String,
    /// Name, if the client or a reservation gave one.
    pub hostname: Option<String>,
    /// Seconds until it ends; none: reserved and not leased now.
    pub expires_in_secs: Option<u64>,
    /// Whether it is a reservation.
    pub reserved: bool,
}

/// DNS of the router.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DnsStatus {
    /// Zones served.
    pub zones: Vec<String>,
    /// All names held.
    pub names: Vec<NameStatus>,
    /// Upstream resolvers.
    pub upstream: Vec<String>,
    /// DNS UPDATEs accepted since the start.
    pub updates_accepted: u64,
    /// DNS UPDATEs refused since the start.
    pub updates_refused: u64,
}
