//! The configuration in force, with what could only be found out on this machine.

use std::{collections::BTreeMap, net::Ipv4Addr, sync::Arc};

use config::router::{Interfaces, RouterConfig};
use ipnet::Ipv4Net;
use tokio::sync::watch;

use crate::keys::Key;

/// What every task of the router follows: it compares a new value with what it does, and changes only what differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Settings {
    /// The file, resolved.
    pub(crate) config: RouterConfig,
    /// Names of the interfaces: `lans[i]` belongs to `config.lans[i]`.
    pub(crate) interfaces: Interfaces,
    /// The router's address on the uplink, as far as it is known by now.
    pub(crate) uplink_address: Option<Ipv4Net>,
    /// The next router on the uplink, as far as it is known by now.
    pub(crate) uplink_gateway: Option<Ipv4Addr>,
    /// The uplink waits for its first lease since the start: what an earlier run put there stays.
    pub(crate) uplink_pending: bool,
    /// The key of each cluster that has one.
    pub(crate) keys: BTreeMap<String, Key>,
    /// Why the others have none.
    pub(crate) missing_keys: Vec<String>,
}

/// Where tasks see the settings; it always holds a value.
pub(crate) type Follow = watch::Receiver<Arc<Settings>>;

impl Settings {
    /// LAN by LAN: interface name and configuration.
    pub(crate) fn lans(&self) -> impl Iterator<Item = (&str, &config::router::Lan)> {
        let names = self.interfaces.lans.iter().map(String::as_str);
        names.zip(&self.config.lans)
    }

    /// Where the router is, in one line: `eth1 192.168.1.200/24 (LAN), eth0 203.0.113.2/24 (uplink)`.
    pub(crate) fn places(&self) -> String {
        let lans = self
            .lans()
            .map(|(interface, lan)| format!("{interface} {} (LAN)", lan.address));
        let uplink = self
            .interfaces
            .uplink
            .iter()
            .map(|interface| match self.uplink_address {
                Some(address) => format!("{interface} {address} (uplink)"),
                None => format!("{interface} without an address (uplink)"),
            });
        lans.chain(uplink).collect::<Vec<_>>().join(", ")
    }

    /// Goes on with keys that were read before: a disk that fails later must not lock a cluster out.
    pub(crate) fn remember_keys(&mut self, before: &BTreeMap<String, Key>) {
        for cluster in &self.config.clusters {
            if let Some(key) = before.get(&cluster.name) {
                self.keys.entry(cluster.name.clone()).or_insert(*key);
            }
        }
    }

    /// Every VIP pool with the interface of the LAN that its nodes are on; the first LAN where no node says.
    pub(crate) fn pools(&self) -> Vec<(Ipv4Net, &str)> {
        let mut pools = Vec::new();
        for cluster in &self.config.clusters {
            let holds_a_node = |lan: &config::router::Lan| {
                let subnet = ipnet::IpNet::V4(lan.address.trunc());
                let holds = |range: &model::AddressRange| subnet.contains(&range.first());
                cluster.nodes.iter().any(holds)
            };
            let lan = self
                .lans()
                .find(|(_, lan)| holds_a_node(lan))
                .or_else(|| self.lans().next());
            if let Some((interface, _)) = lan {
                pools.extend(cluster.pools.iter().map(|pool| (*pool, interface)));
            }
        }
        pools
    }
}
