//! What is given out on one LAN.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::{IpAddr, Ipv4Addr},
    time::Duration,
};

use ipnet::Ipv4Net;
use model::{AddressRange, Mac};

/// The subnet that is served, and what its clients are told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// Our address on the LAN: the server identifier, which must stay the same over restarts.
    pub server: Ipv4Addr,
    /// The subnet.
    pub prefix: Ipv4Net,
    /// Addresses for clients without reservation; our own, reserved ones, network and broadcast address are left out.
    pub range: Option<AddressRange>,
    /// Default gateway told to clients.
    pub router: Option<Ipv4Addr>,
    /// Resolvers told to clients.
    pub resolvers: Vec<Ipv4Addr>,
    /// Domain of the clients, which is also their search list.
    pub domain: Option<String>,
    /// MTU of the LAN where it is not 1500.
    pub mtu: Option<u16>,
    /// Routes beside the default route, sent as option 121 to clients that ask for it.
    pub routes: Vec<Route>,
    /// How long a lease lasts; a client may ask for less.
    pub lease_time: Duration,
    /// Addresses that belong to one MAC each.
    pub reservations: BTreeMap<Mac, Reservation>,
    /// Names that no client may take, lower case: the router's own.
    pub denied_names: BTreeSet<String>,
    /// Whether no other server can know clients of this LAN: those we do not know are refused at once instead of
    /// left to wait for somebody else's answer.
    pub authoritative: bool,
}

/// An address kept for one MAC.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reservation {
    /// The address, inside or outside the range.
    pub address: Ipv4Addr,
    /// Name told to the client and published in the domain, lower case.
    pub name: Option<String>,
}

/// A route told to clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route {
    /// Where it leads.
    pub prefix: Ipv4Net,
    /// Next hop, on the LAN.
    pub via: Ipv4Addr,
}

impl Scope {
    /// The reservation of a MAC.
    pub fn reservation(&self, mac: Mac) -> Option<&Reservation> {
        self.reservations.get(&mac)
    }

    /// Whether an address can be a host of the subnet other than ourselves.
    pub fn is_host(&self, address: Ipv4Addr) -> bool {
        self.prefix.contains(&address)
            && address != self.server
            && (self.prefix.prefix_len() >= 31
                || (address != self.prefix.network() && address != self.prefix.broadcast()))
    }

    /// Whether an address may go to any client.
    pub(crate) fn is_dynamic(&self, address: Ipv4Addr) -> bool {
        self.is_host(address)
            && self
                .range
                .is_some_and(|range| range.contains(IpAddr::V4(address)))
            && self.reserved_for(address).is_none()
    }

    /// The MAC an address is kept for.
    pub(crate) fn reserved_for(&self, address: Ipv4Addr) -> Option<Mac> {
        self.reservations
            .iter()
            .find(|(_, reservation)| reservation.address == address)
            .map(|(mac, _)| *mac)
    }

    /// The MAC a name is kept for.
    pub(crate) fn name_reserved_for(&self, name: &str) -> Option<Mac> {
        self.reservations
            .iter()
            .find(|(_, reservation)| reservation.name.as_deref() == Some(name))
            .map(|(mac, _)| *mac)
    }

    /// The address `offset` places into the range.
    pub(crate) fn nth_of_range(&self, offset: u32) -> Option<Ipv4Addr> {
        match self.range?.nth(u128::from(offset))? {
            IpAddr::V4(address) => Some(address),
            IpAddr::V6(_) => None,
        }
    }

    /// Number of addresses in the range.
    pub(crate) fn range_len(&self) -> usize {
        self.range.map_or(0, |range| {
            usize::try_from(range.len()).unwrap_or(usize::MAX)
        })
    }
}
