//! `router.toml`, resolved: what the router's parts are given.

use std::{
    fmt, fs, io,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4},
    path::Path,
    time::Duration,
};

use ipnet::Ipv4Net;
use model::{AddressRange, Mac};

use crate::{ConfigError, faults::Faults};

mod cluster;
mod dns;
mod forward;
mod interfaces;
mod lan;
#[cfg(test)]
mod proptests;
mod raw;
#[cfg(test)]
mod tests;
mod uplink;

pub use interfaces::{Interfaces, MissingInterface};

/// The whole file. [`RouterConfig::default`] is what a router without a file uses: it fits the network of the README.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouterConfig {
    /// The router's own name, one label.
    pub hostname: String,
    /// Domain of DHCP names and of the router's own name, lower case, no final dot.
    pub domain: String,
    /// Networks that are served; at least one, their subnets apart.
    pub lans: Vec<Lan>,
    /// The side of the Internet; none when the file says `interface = "none"`.
    pub uplink: Option<Uplink>,
    /// Names.
    pub dns: Dns,
    /// Who may announce and name what; names are unique.
    pub clusters: Vec<Cluster>,
    /// Port forwards from the uplink; protocol and port are unique.
    pub forwards: Vec<Forward>,
}

/// One `[[lan]]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lan {
    /// Interface; none: eth1 if there is one, else eth0. [`RouterConfig::interfaces`] chooses.
    pub interface: Option<String>,
    /// The router's own address with the length of the subnet's prefix.
    pub address: Ipv4Net,
    /// `[lan.dhcp]`
    pub dhcp: Dhcp,
    /// `[[lan.reservation]]`: MACs, addresses and names are unique.
    pub reservations: Vec<Reservation>,
}

/// `[lan.dhcp]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dhcp {
    /// IPv4 addresses to lend, within the LAN's subnet, without the router's own address.
    pub range: AddressRange,
    /// Time that a lease lasts; from one minute to a year.
    pub lease_time: Duration,
    /// Serve although another DHCP server or router answers on this LAN.
    pub authoritative: bool,
}

/// `[[lan.reservation]]`: the address that a client always gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reservation {
    /// Host name, one label; it is sent to the client and put into DNS.
    pub name: Option<String>,
    /// The client.
    pub mac: Mac,
    /// Its address, in the LAN's subnet, in or out of the range.
    pub address: Ipv4Addr,
}

/// `[uplink]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Uplink {
    /// Interface; none: eth0, where no LAN is on it. [`RouterConfig::interfaces`] chooses.
    pub interface: Option<String>,
    /// Where its address comes from.
    pub address: UplinkAddress,
    /// Prefixes on that side that may reach the VIP pools and port 53.
    pub trusted: Vec<Ipv4Net>,
}

/// Where the uplink's address comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UplinkAddress {
    /// From the network's DHCP server, gateway too.
    Dhcp,
    /// Written in the file.
    Static {
        /// Own address with the length of the subnet's prefix.
        address: Ipv4Net,
        /// Default gateway, in that subnet.
        gateway: Option<Ipv4Addr>,
    },
}

/// `[dns]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dns {
    /// Resolvers to ask, in order of preference; empty: nothing is forwarded.
    pub upstream: Vec<Upstream>,
    /// Every zone that is held: [`RouterConfig::domain`], the `[[dns.zone]]`s and those of the clusters; unique names.
    pub zones: Vec<Zone>,
    /// `[[dns.record]]`, each within one of the zones.
    pub records: Vec<Record>,
}

/// A resolver to forward to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Upstream {
    /// DNS over UDP and TCP: `1.1.1.1` or `1.1.1.1:53`.
    Plain(SocketAddr),
    /// DNS over TLS: `tls://9.9.9.9#dns.quad9.net`.
    Tls {
        /// Address and port (853 unless written).
        address: SocketAddr,
        /// Name that the certificate must show; the address where none is written.
        name: String,
    },
}

/// A zone that is held here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone {
    /// Lower case, no final dot.
    pub name: String,
    /// A name that is not held is asked upstream. True unless written otherwise, but for [`RouterConfig::domain`].
    pub fallthrough: bool,
}

/// `[[dns.record]]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Owner name: lower case, no final dot; its first label may be `*`.
    pub name: String,
    /// Type and value.
    pub data: RecordData,
}

/// Type and value of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecordData {
    /// IPv4 address.
    A(Ipv4Addr),
    /// IPv6 address.
    Aaaa(Ipv6Addr),
    /// Another name, lower case, no final dot.
    Cname(String),
    /// A text of at most 255 octets.
    Txt(String),
}

/// `[[cluster]]`: who may announce and name what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cluster {
    /// One label: the key's name in TSIG and its file name under `<state>/keys/`.
    pub name: String,
    /// Addresses of its nodes.
    pub nodes: Vec<AddressRange>,
    /// Prefixes of its VIPs, routed to the nodes; apart from each other, from DHCP ranges and from the uplink.
    pub pools: Vec<Ipv4Net>,
    /// What it may name.
    pub zones: Vec<ClusterZone>,
}

/// A zone that a cluster may put names into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClusterZone {
    /// Lower case, no final dot.
    pub name: String,
    /// Patterns relative to the zone: `*` any name below it, `@` the zone itself, `www`, `*.apps`.
    pub names: Vec<String>,
}

/// `[[forward]]`: a port of the uplink address that leads inside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Forward {
    /// TCP unless `protocol = "udp"`.
    pub protocol: ForwardProtocol,
    /// Port on the uplink.
    pub port: u16,
    /// Host on a LAN or VIP, with its port.
    pub to: SocketAddrV4,
}

/// Transport of a port forward.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum ForwardProtocol {
    /// TCP
    #[default]
    Tcp,
    /// UDP
    Udp,
}

impl fmt::Display for Upstream {
    /// As the file says it, ports left out where they are the usual ones.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scheme, address, usual) = match self {
            Self::Plain(address) => ("", address, 53),
            Self::Tls { address, .. } => ("tls://", address, 853),
        };
        f.write_str(scheme)?;
        if address.port() == usual {
            write!(f, "{}", address.ip())?;
        } else {
            write!(f, "{address}")?;
        }
        match self {
            Self::Tls { name, .. } if *name != address.ip().to_string() => write!(f, "#{name}"),
            Self::Plain(_) | Self::Tls { .. } => Ok(()),
        }
    }
}

impl Default for RouterConfig {
    fn default() -> Self {
        parse("", "router.toml").expect("the empty file is valid")
    }
}

/// Reads the file; one that does not exist counts as empty, because every value has a default.
pub fn load(path: &Path) -> Result<RouterConfig, ConfigError> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        Err(source) => {
            return Err(ConfigError::Read {
                path: path.to_path_buf(),
                source,
            });
        }
    };
    parse(&text, &path.display().to_string())
}

/// Reads the text; `file` is the name that faults are printed with.
pub fn parse(text: &str, file: &str) -> Result<RouterConfig, ConfigError> {
    let mut faults = Faults::new(file, text);
    let resolved = faults
        .read::<raw::Router>()
        .and_then(|raw| resolve(&raw, &mut faults));
    faults.finish(resolved)
}

fn resolve(raw: &raw::Router, faults: &mut Faults<'_>) -> Option<RouterConfig> {
    let hostname = faults.parse_or(
        "hostname",
        raw.hostname.as_ref(),
        || "router".to_string(),
        crate::syntax::label,
    );
    let domain = faults.parse_or(
        "domain",
        raw.domain.as_ref(),
        || "home.arpa".to_string(),
        crate::syntax::domain,
    );
    let lans = lan::resolve(raw.lan.as_deref(), faults)?;
    let uplink = uplink::resolve(raw.uplink.as_ref(), &lans, faults)?;
    let clusters = cluster::resolve(raw.cluster.as_deref(), &lans, uplink.as_ref(), faults);
    let domain = domain?;
    let dns = dns::resolve(raw.dns.as_ref(), &domain, &clusters, faults);
    let forwards = forward::resolve(&raw.forward, &lans, &clusters, faults);
    Some(RouterConfig {
        hostname: hostname?,
        domain,
        lans,
        uplink,
        dns,
        clusters,
        forwards,
    })
}
