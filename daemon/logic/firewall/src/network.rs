//! What the ruleset is made from.

use std::{
    collections::BTreeSet,
    fmt,
    net::{Ipv4Addr, SocketAddrV4},
};

use ipnet::Ipv4Net;

/// The networks around the router, and who may do what.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Network {
    /// Sides that are served, and trusted: the whole router is open to them.
    pub lans: Vec<Lan>,
    /// The side of the Internet; none: nothing is translated and nothing dropped.
    pub uplink: Option<Uplink>,
    /// VIP pools behind the LANs.
    pub pools: BTreeSet<Ipv4Net>,
    /// Ports of the uplink addresses that lead inside.
    pub forwards: BTreeSet<Forward>,
    /// Ports of the router that trusted prefixes on the uplink may reach.
    pub services: BTreeSet<Port>,
}

/// One LAN.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lan {
    /// Interface name.
    pub interface: String,
    /// The router's own address with the length of the subnet's prefix.
    pub address: Ipv4Net,
}

/// The uplink.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Uplink {
    /// Interface name.
    pub interface: String,
    /// The router's addresses there, as far as known; port forwards apply to them.
    pub addresses: BTreeSet<Ipv4Addr>,
    /// Prefixes on that side that may reach pools and services.
    pub trusted: BTreeSet<Ipv4Net>,
}

/// A port forward.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Forward {
    /// Port of the uplink addresses.
    pub from: Port,
    /// Where it leads.
    pub to: SocketAddrV4,
}

/// A port of a transport.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Port {
    /// TCP or UDP.
    pub transport: Transport,
    /// Port number.
    pub number: u16,
}

/// A transport with ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Transport {
    /// TCP
    Tcp,
    /// UDP
    Udp,
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
        })
    }
}
