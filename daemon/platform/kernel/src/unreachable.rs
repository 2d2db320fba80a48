//! Keeps packets for a VIP that no Service took from looping between node and router.
//!
//! Traffic for a VIP is translated to an endpoint before routing. What is left, a port that no Service has, would be
//! routed back to the gateway, which sends it to the node again. So packets from an announcing interface are looked up
//! in a table of ours first, in which the assigned VIPs are unreachable.

use std::collections::BTreeSet;

use ipnet::IpNet;
use model::Vip;

use crate::{
    netlink::{Netlink, NetlinkError},
    route::{NextHop, Route},
    rule::{Family, Rule},
};

/// Our routing table, "ll" in ASCII.
pub const TABLE: u32 = 27_756;

/// Priority of our rules: before the main table (32766) and Talos' KubeSpan (32500), after the local table (0).
pub const PRIORITY: u32 = 27_756;

/// What a call changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Changed {
    /// Rules and routes added.
    pub added: usize,
    /// Rules and routes removed.
    pub removed: usize,
}

/// Makes `vips` unreachable for packets that come in on `interfaces`, and nothing else in our table.
///
/// Compares with the kernel and changes only what differs, so calling it again is free of effect.
pub async fn ensure(
    netlink: &Netlink,
    vips: &BTreeSet<Vip>,
    interfaces: &BTreeSet<String>,
) -> Result<Changed, NetlinkError> {
    let mut changed = Changed::default();
    let wanted: BTreeSet<IpNet> = vips.iter().map(|vip| IpNet::from(vip.address())).collect();
    let there: BTreeSet<IpNet> = netlink.own_routes(TABLE).await?.into_iter().collect();
    for prefix in wanted.difference(&there) {
        let route = Route::new(*prefix, NextHop::Unreachable).in_table(TABLE);
        netlink.ensure_route(&route).await?;
        changed.added += 1;
    }
    for prefix in there.difference(&wanted) {
        netlink.delete_route(*prefix, TABLE).await?;
        changed.removed += 1;
    }

    let wanted = rules(vips, interfaces);
    let there = netlink.own_rules(TABLE).await?;
    for rule in wanted.difference(&there) {
        netlink.ensure_rule(rule).await?;
        changed.added += 1;
    }
    for rule in there.difference(&wanted) {
        netlink.delete_rule(rule).await?;
        changed.removed += 1;
    }
    Ok(changed)
}

/// Removes our rules and routes, whoever of us left them.
pub async fn flush(netlink: &Netlink) -> Result<Changed, NetlinkError> {
    ensure(netlink, &BTreeSet::new(), &BTreeSet::new()).await
}

fn rules(vips: &BTreeSet<Vip>, interfaces: &BTreeSet<String>) -> BTreeSet<Rule> {
    let families: BTreeSet<Family> = vips
        .iter()
        .map(|vip| {
            if vip.address().is_ipv4() {
                Family::V4
            } else {
                Family::V6
            }
        })
        .collect();
    families
        .into_iter()
        .flat_map(|family| {
            interfaces.iter().map(move |interface| Rule {
                family,
                interface: interface.clone(),
                table: TABLE,
                priority: PRIORITY,
            })
        })
        .collect()
}
