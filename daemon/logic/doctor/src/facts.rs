//! What is known of a host, as plain data.

pub(crate) mod cluster;

use std::{
    collections::BTreeMap,
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    time::SystemTime,
};

use serde::Serialize;

use self::cluster::Cluster;

/// All that was found out.
#[derive(Clone, Debug)]
pub struct Facts {
    /// What the host is, or is to become.
    pub role: Role,
    /// The host; none: only the cluster is asked about.
    pub host: Option<Host>,
    /// The daemon on it.
    pub daemon: Daemon,
    /// The cluster, where it can be reached.
    pub cluster: Option<Cluster>,
}

/// For which daemon the host is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// `lanlord node`.
    Node,
    /// `lanlord router`.
    Router,
    /// Nobody said: both.
    Either,
}

impl Role {
    pub(crate) const fn may_route(self) -> bool {
        matches!(self, Self::Router | Self::Either)
    }

    pub(crate) const fn may_announce(self) -> bool {
        matches!(self, Self::Node | Self::Either)
    }
}

/// The daemon behind the admin socket.
#[derive(Clone, Debug)]
pub enum Daemon {
    /// It runs.
    Running {
        /// What it calls problems.
        problems: Vec<String>,
    },
    /// It does not, or not behind this socket.
    Silent {
        /// Why it is thought so.
        why: String,
    },
    /// It was not asked: another host is spoken of.
    NotAsked,
}

/// One host, or the container that the doctor runs in.
#[derive(Clone, Debug)]
pub struct Host {
    /// Where it runs.
    pub environment: Environment,
    /// What this process may do.
    pub capabilities: Capabilities,
    /// Packet sockets.
    pub packet_sockets: Probe,
    /// nf_tables, and by name what our ruleset needs of it; each was tried in a table that was never committed.
    pub nf_tables: BTreeMap<&'static str, Probe>,
    /// The program `nft`.
    pub nft: Option<NftProgram>,
    /// Next-hop objects.
    pub next_hops: Probe,
    /// IPv6, switched on.
    pub ipv6: bool,
    /// Connection tracking; none: not there before the first rule that needs it.
    pub conntrack: Option<Conntrack>,
    /// Real-time priority and locked memory.
    pub punctuality: Punctuality,
    /// Sockets on ports that lanlord uses.
    pub ports: Vec<Port>,
    /// Kernel settings by their path below `/proc/sys`, as far as they could be read.
    pub sysctls: BTreeMap<String, String>,
    /// Whether `/proc/sys/net` can be written.
    pub sysctls_writable: bool,
    /// Network interfaces, but for loopback.
    pub interfaces: Vec<Interface>,
    /// Running programs that do what lanlord does.
    pub programs: Vec<Program>,
    /// The state folder.
    pub state: StateFolder,
    /// The clock.
    pub now: SystemTime,
    /// Newest file in the state folder.
    pub newest_state: Option<SystemTime>,
}

/// Where the host runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Environment {
    /// Kind of host.
    pub platform: Platform,
    /// In a user namespace, as unprivileged containers are: the host's kernel settings are out of reach.
    pub unprivileged: bool,
    /// systemd manages services.
    pub systemd: bool,
    /// A guest of QEMU, as virtual machines on Proxmox are.
    pub virtual_machine: bool,
    /// The user that the doctor runs as.
    pub root: bool,
}

/// Kind of host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Platform {
    /// An ordinary machine.
    Machine,
    /// Talos, in an extension's container or a pod.
    Talos,
    /// A container, by the name of what started it: `lxc`, `docker`, …
    Container(String),
}

/// Capability sets as bit masks (capabilities(7)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// What this process may do.
    pub effective: u64,
    /// What a process here could ever get.
    pub bounding: u64,
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Probe {
    /// It worked.
    Works,
    /// The kernel does not know it.
    Missing,
    /// This process may not try.
    Denied,
    /// Something else, in its own words.
    Failed(String),
}

/// The program `nft`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NftProgram {
    /// Where it is.
    pub path: PathBuf,
    /// Its version, if it runs.
    pub version: Result<(u32, u32, u32), String>,
}

/// The connection table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conntrack {
    /// Entries that fit.
    pub most: u64,
    /// Entries now.
    pub count: u64,
}

/// What keeps the wire thread on time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Punctuality {
    /// Real-time priority; else why not.
    pub real_time: Result<(), String>,
    /// Locked memory; else why not.
    pub locked_memory: Result<(), String>,
}

/// A transport with ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Transport {
    /// Datagrams.
    Udp,
    /// Streams.
    Tcp,
}

/// A listening socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Port {
    /// Transport.
    pub transport: Transport,
    /// Where.
    pub address: SocketAddr,
    /// Processes that have it; empty: none that can be seen from here.
    pub holders: Vec<Holder>,
}

/// A process with a socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// Process id.
    pub pid: u32,
    /// Name of its program.
    pub program: String,
    /// It is lanlord itself.
    pub own: bool,
}

/// A network interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interface {
    /// Name.
    pub name: String,
    /// `veth`, `bridge`, …; none for a plain NIC.
    pub kind: Option<String>,
    /// Wi-Fi.
    pub wireless: bool,
    /// Kind and name of the bridge, bond or VRF it belongs to.
    pub master: Option<(String, String)>,
    /// Passes packets.
    pub operational: bool,
    /// Largest packet in octets.
    pub mtu: u32,
    /// Addresses.
    pub addresses: Vec<IpAddr>,
    /// The default route leads here.
    pub default_route: bool,
}

/// A running program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// Process id.
    pub pid: u32,
    /// Name.
    pub name: String,
}

/// Where leases, names and keys are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateFolder {
    /// The folder.
    pub path: PathBuf,
    /// Whether a file could be written there; none: the folder is not there yet and its parent can be written.
    pub writable: Option<Result<(), String>>,
    /// Octets that are free.
    pub free: Option<u64>,
}
