//! On which interface a VIP is announced.
//!
//! Where the node has an interface on the VIP's subnet, that one; else the one of the default route, since the segment's
//! router has an on-link route for the pool. An advertisement that names interfaces is taken at its word.

use std::{collections::BTreeSet, fmt};

use ipnet::IpNet;
use model::{Mac, Reason, Vip};

/// Beginnings of names that MetalLB never announces on (its ConfigMap `metallb-excludel2`): what container runtimes and
/// network plug-ins make. Its `lo` is left to [`Interface::asks_by_arp`], which does not hit a NIC called `lom1`.
const EXCLUDED: [&str; 12] = [
    "cali",
    "cbr",
    "cni",
    "docker",
    "dummy",
    "flannel",
    "kube-ipvs",
    "lxc",
    "nodelocaldns",
    "tunl",
    "veth",
    "virbr",
];

/// A network interface as far as the choice cares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interface {
    /// Kernel index.
    pub index: u32,
    /// Name.
    pub name: String,
    /// Hardware address; none where there is no Ethernet.
    pub mac: Option<Mac>,
    /// Packets pass.
    pub operational: bool,
    /// Broadcasts and asks by ARP; false for loopback, tunnels and NOARP.
    pub asks_by_arp: bool,
    /// Index of the bridge, bond or VRF it belongs to.
    pub master: Option<u32>,
    /// Addresses with their prefix lengths.
    pub addresses: Vec<IpNet>,
}

/// All that the choice is made from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Interfaces {
    /// Every interface of the node, by index.
    pub all: Vec<Interface>,
    /// Index of the interface of the IPv4 default route.
    pub default_route: Option<u32>,
    /// Interfaces that may be used, by name; empty: all but those that MetalLB excludes.
    pub allowed: Vec<String>,
}

/// Why a VIP that this node owns is not announced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Silence {
    /// Neighbour discovery is not answered by this version.
    Ipv6,
    /// None of the interfaces that the advertisement names can be used here.
    NamedUnusable {
        /// Names in the advertisement.
        named: BTreeSet<String>,
    },
    /// No usable interface has the subnet, and there is no default route on a usable one either.
    NowhereToAnnounce,
}

impl Reason for Silence {
    fn code(&self) -> &'static str {
        match self {
            Self::Ipv6 => "AnnounceUnsupported",
            Self::NamedUnusable { .. } | Self::NowhereToAnnounce => "AnnounceFailed",
        }
    }

    fn text(&self) -> String {
        match self {
            Self::Ipv6 => "IPv6 is not announced by this version".to_string(),
            Self::NamedUnusable { named } => format!(
                "none of the interfaces that the L2Advertisement names is up with a carrier on this node: {}",
                named
                    .iter()
                    .map(String::as_str)
                    .collect::<Vec<_>>()
                    .join(", ")
            ),
            Self::NowhereToAnnounce => {
                "no interface on its subnet and no default route on a usable interface; \
                name one in the L2Advertisement's `interfaces` or in node.toml, [l2] interfaces"
                    .to_string()
            }
        }
    }
}

impl fmt::Display for Silence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}

/// Indices of the interfaces to announce `vip` on, never empty; `named` comes from the advertisement.
pub fn choose(
    vip: Vip,
    named: &BTreeSet<String>,
    interfaces: &Interfaces,
) -> Result<BTreeSet<u32>, Silence> {
    if vip.address().is_ipv6() {
        return Err(Silence::Ipv6);
    }
    if !named.is_empty() {
        let chosen: BTreeSet<u32> = named
            .iter()
            .filter_map(|name| interfaces.named(name))
            .collect();
        return if chosen.is_empty() {
            Err(Silence::NamedUnusable {
                named: named.clone(),
            })
        } else {
            Ok(chosen)
        };
    }
    // One only: answers from two interfaces on one segment would fight over every cache.
    let on_subnet = interfaces
        .all
        .iter()
        .filter(|interface| interfaces.is_allowed(interface))
        .filter_map(|interface| {
            let longest = interface
                .addresses
                .iter()
                .filter(|prefix| prefix.contains(&vip.address()))
                .map(IpNet::prefix_len)
                .max()?;
            Some((longest, std::cmp::Reverse(interface.index)))
        })
        .max()
        .map(|(_, std::cmp::Reverse(index))| index);
    let by_default_route = || {
        let index = interfaces.default_route?;
        let interface = interfaces.by_index(index)?;
        interfaces.is_allowed(interface).then_some(index)
    };
    on_subnet
        .or_else(by_default_route)
        .map(|index| BTreeSet::from([index]))
        .ok_or(Silence::NowhereToAnnounce)
}

impl Interfaces {
    fn by_index(&self, index: u32) -> Option<&Interface> {
        self.all.iter().find(|interface| interface.index == index)
    }

    /// An interface named on purpose: its master where it is enslaved, and no exclusion by name.
    fn named(&self, name: &str) -> Option<u32> {
        let mut interface = self.all.iter().find(|interface| interface.name == name)?;
        // Masters may have masters (bond in bridge); a handful at most, and never a circle for ever.
        for _ in 0..4 {
            match interface.master.and_then(|master| self.by_index(master)) {
                Some(master) => interface = master,
                None => break,
            }
        }
        interface.is_usable().then_some(interface.index)
    }

    /// Usable, and either listed or not excluded by its name.
    fn is_allowed(&self, interface: &Interface) -> bool {
        if self.allowed.is_empty() {
            interface.is_usable()
                && !EXCLUDED
                    .iter()
                    .any(|prefix| interface.name.starts_with(prefix))
        } else {
            self.allowed
                .iter()
                .any(|name| self.named(name) == Some(interface.index))
        }
    }
}

impl Interface {
    fn is_usable(&self) -> bool {
        self.operational && self.asks_by_arp && self.mac.is_some() && self.master.is_none()
    }
}

#[cfg(test)]
mod tests;
