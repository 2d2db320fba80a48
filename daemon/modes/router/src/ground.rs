//! What the router stands on: interfaces, addresses, routes, kernel settings, firewall.
//!
//! [`Ground::apply`] compares each with the kernel and changes what differs, so it runs at start, at each change, and
//! now and then. What cannot be had is told and does not keep the rest from working: DHCP and DNS serve without NAT.

use std::{
    collections::{BTreeMap, BTreeSet},
    error::Error,
};

use ipnet::{IpNet, Ipv4Net};
use kernel::{
    Link, Netlink, NextHop, Route, feature, netlink::NetlinkError, route::MAIN_TABLE, sysctl,
};

use crate::{
    filter::{self, Outcome},
    settings::Settings,
};

/// How far the kernel is what the settings ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Standing {
    /// NAT and firewall are in force; else why not.
    pub(crate) firewall: Result<(), String>,
    /// Everything else that could not be had, one line each.
    pub(crate) problems: Vec<String>,
    /// Times that the ruleset was brought into force since the start.
    pub(crate) firewall_changes: u64,
}

impl Standing {
    /// Whether everything is as configured.
    pub(crate) const fn is_whole(&self) -> bool {
        self.firewall.is_ok() && self.problems.is_empty()
    }
}

impl Default for Standing {
    /// Before anything was tried.
    fn default() -> Self {
        Self {
            firewall: Ok(()),
            problems: Vec::new(),
            firewall_changes: 0,
        }
    }
}

/// The actuator.
#[derive(Debug)]
pub(crate) struct Ground {
    netlink: Netlink,
    firewall_changes: u64,
}

impl Ground {
    pub(crate) const fn new(netlink: Netlink) -> Self {
        Self {
            netlink,
            firewall_changes: 0,
        }
    }

    pub(crate) const fn netlink(&self) -> &Netlink {
        &self.netlink
    }

    /// Makes the kernel what the settings ask for, as far as it can be.
    ///
    /// The order keeps every moment safe: no redirects are sent from the first forwarded packet on, and nothing is
    /// forwarded before the firewall is in force.
    pub(crate) async fn apply(&mut self, settings: &Settings) -> Standing {
        let mut problems = Problems::default();
        let links = match self.links().await {
            Ok(links) => links,
            Err(error) => {
                problems.add(&error);
                BTreeMap::new()
            }
        };
        calm(settings, &mut problems);
        let firewall = self.set_firewall(settings).await;
        self.bring_up(settings, &mut problems).await;
        self.set_addresses(settings, &links, &mut problems).await;
        forward(settings, firewall.is_ok(), &mut problems);
        self.set_routes(settings, &mut problems).await;
        Standing {
            firewall,
            problems: problems.0,
            firewall_changes: self.firewall_changes,
        }
    }

    /// Removes every trace but kernel settings, which others may rely on by now.
    pub(crate) async fn flush(&self) -> anyhow::Result<()> {
        use anyhow::Context;

        self.netlink
            .flush_routes(MAIN_TABLE)
            .await
            .context("remove routes")?;
        self.netlink
            .flush_addresses()
            .await
            .context("remove addresses")?;
        match filter::remove().await {
            // Without the program there cannot be a table of ours.
            Err(kernel::nft::NftError::Missing) => Ok(()),
            removed => removed.context("remove the firewall"),
        }
    }

    /// Interfaces by name.
    pub(crate) async fn links(&self) -> Result<BTreeMap<String, Link>, NetlinkError> {
        let links = self.netlink.links().await?;
        Ok(links
            .into_iter()
            .map(|link| (link.name.clone(), link))
            .collect())
    }

    async fn bring_up(&self, settings: &Settings, problems: &mut Problems) {
        let lans = settings.interfaces.lans.iter();
        for name in lans.chain(&settings.interfaces.uplink) {
            problems.note(self.netlink.ensure_up(name).await);
        }
        problems.note(self.netlink.ensure_up("lo").await);
    }

    /// Adds the addresses that are missing, then takes off those of ours that nobody asks for any more.
    async fn set_addresses(
        &self,
        settings: &Settings,
        links: &BTreeMap<String, Link>,
        problems: &mut Problems,
    ) {
        let wanted = addresses(settings);
        self.ensure_addresses(&wanted, problems).await;
        let own = match self.netlink.own_addresses().await {
            Ok(own) => own,
            Err(error) => return problems.add(&error),
        };
        // Until the lease is renewed, the uplink keeps the address that it had before a restart.
        let undecided = settings.interfaces.uplink.as_deref();
        let undecided = undecided.filter(|_| settings.uplink_pending);
        let mut any_gone = false;
        for (index, address) in own {
            let Some(link) = links.values().find(|link| link.index == index) else {
                continue;
            };
            let is_wanted =
                |(name, net): &(&str, Ipv4Net)| *name == link.name && IpNet::V4(*net) == address;
            if !wanted.iter().any(is_wanted) && undecided != Some(&link.name) {
                problems.note(self.netlink.delete_address(&link.name, address).await);
                any_gone = true;
            }
        }
        if any_gone {
            // The kernel takes the other addresses of a subnet along with its first one.
            self.ensure_addresses(&wanted, problems).await;
        }
    }

    async fn ensure_addresses(&self, wanted: &[(&str, Ipv4Net)], problems: &mut Problems) {
        for (interface, address) in wanted {
            let address = IpNet::V4(*address);
            problems.note(self.netlink.ensure_address(interface, address).await);
        }
    }

    async fn set_firewall(&mut self, settings: &Settings) -> Result<(), String> {
        match filter::apply(settings).await {
            Ok(Outcome::Unchanged) => Ok(()),
            Ok(Outcome::Replaced) => {
                self.firewall_changes += 1;
                tracing::info!("firewall and NAT in force");
                Ok(())
            }
            // A kernel that lacks nf_tables says so in less clear words through nft.
            Err(error) => Err(match feature::require_nf_tables() {
                Ok(()) => chain(&error),
                Err(missing) => chain(&missing),
            }),
        }
    }

    /// Adds the routes that are missing, then removes those of ours that nobody asks for any more.
    async fn set_routes(&self, settings: &Settings, problems: &mut Problems) {
        let wanted = routes(settings);
        for route in &wanted {
            problems.note(self.netlink.ensure_route(route).await);
        }
        let own = match self.netlink.own_routes(MAIN_TABLE).await {
            Ok(own) => own,
            Err(error) => return problems.add(&error),
        };
        let destinations: BTreeSet<IpNet> = wanted.iter().map(|route| route.prefix).collect();
        let default = IpNet::V4(Ipv4Net::default());
        for prefix in own {
            let undecided = prefix == default && settings.uplink_pending;
            if !destinations.contains(&prefix) && !undecided {
                problems.note(self.netlink.delete_route(prefix, MAIN_TABLE).await);
            }
        }
    }
}

/// Addresses by interface.
fn addresses(settings: &Settings) -> Vec<(&str, Ipv4Net)> {
    let lans = settings
        .lans()
        .map(|(interface, lan)| (interface, lan.address));
    let uplink = settings.interfaces.uplink.as_deref();
    lans.chain(uplink.zip(settings.uplink_address)).collect()
}

/// Pools on-link on their LAN, and the default route.
fn routes(settings: &Settings) -> Vec<Route> {
    let subnets: Vec<Ipv4Net> = settings
        .lans()
        .map(|(_, lan)| lan.address.trunc())
        .collect();
    let mut routes: Vec<Route> = settings
        .pools()
        .into_iter()
        // A pool within a LAN's subnet is on-link already.
        .filter(|(pool, _)| !subnets.iter().any(|subnet| subnet.contains(pool)))
        .map(|(pool, interface)| {
            Route::new(IpNet::V4(pool), NextHop::Device(interface.to_string()))
        })
        .collect();
    if let (Some(gateway), Some(uplink)) = (settings.uplink_gateway, &settings.interfaces.uplink) {
        routes.push(Route::new(
            IpNet::V4(Ipv4Net::default()),
            NextHop::Gateway {
                address: gateway.into(),
                device: Some(uplink.clone()),
            },
        ));
    }
    routes
}

/// No ICMP redirects: a client that caches one stays with a dead node. Reverse paths are checked
/// loosely, because the route back may lead through another interface (BGP); forged LAN sources are the firewall's.
fn calm(settings: &Settings, problems: &mut Problems) {
    let interfaces = settings.interfaces.lans.iter();
    let interfaces = interfaces.chain(&settings.interfaces.uplink);
    let interfaces: Vec<&str> = interfaces.map(String::as_str).collect();
    for name in ["all", "default"].iter().chain(&interfaces) {
        problems.note(sysctl::ensure(
            &format!("net/ipv4/conf/{name}/send_redirects"),
            "0",
        ));
    }
    for name in interfaces {
        problems.note(sysctl::ensure(
            &format!("net/ipv4/conf/{name}/rp_filter"),
            "2",
        ));
    }
}

/// Forwards between all interfaces when the firewall stands. Without it only what arrives on a LAN is forwarded: VIPs
/// work, and the uplink stays shut.
fn forward(settings: &Settings, is_filtered: bool, problems: &mut Problems) {
    let mut set = |interface: &str, value| {
        let key = format!("net/ipv4/conf/{interface}/forwarding");
        problems.note(sysctl::ensure(&key, value));
    };
    if is_filtered {
        set("all", "1");
    }
    if let Some(uplink) = &settings.interfaces.uplink {
        set(uplink, if is_filtered { "1" } else { "0" });
    }
    for lan in &settings.interfaces.lans {
        set(lan, "1");
    }
}

/// What went wrong, told and not fatal.
#[derive(Debug, Default)]
struct Problems(Vec<String>);

impl Problems {
    fn note<T, E: Error>(&mut self, result: Result<T, E>) {
        if let Err(error) = result {
            self.add(&error);
        }
    }

    fn add(&mut self, error: &dyn Error) {
        self.0.push(chain(error));
    }
}

/// The error and its causes on one line.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests;
