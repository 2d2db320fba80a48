//! The plan: VIPs with their owners, Services without one.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
};

use model::{Allocation, L2Advertisement, NodeName, ServiceKey, Snapshot, Vip};
use serde::Serialize;

use crate::{Options, Reason, candidates::Candidates, ranking};

/// Who announces what on layer 2.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AnnouncementPlan {
    /// VIPs that are announced.
    pub announcements: BTreeMap<Vip, Announcement>,
    /// Services that hold an address and are not announced (on one of them), sorted.
    pub refused: Vec<(ServiceKey, Reason)>,
}

/// How one VIP is announced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Announcement {
    /// Services reached by it; more than one share it.
    pub services: Vec<ServiceKey>,
    /// First of the ranking.
    pub owner: NodeName,
    /// Every node that may announce it, most entitled first: the second takes over from the first.
    pub ranking: Vec<NodeName>,
    /// Interfaces to announce on; empty: the daemon chooses.
    pub interfaces: BTreeSet<String>,
}

/// Finds an owner for every VIP of `allocations`.
///
/// Services that share a VIP need a common node. Where there is none, those that come first by namespace and name are
/// announced, and one that would leave no node is refused.
pub fn plan(
    snapshot: &Snapshot,
    allocations: &BTreeMap<ServiceKey, Allocation>,
    options: Options,
) -> AnnouncementPlan {
    let mut plan = AnnouncementPlan::default();
    let mut by_vip: BTreeMap<Vip, Election<'_>> = BTreeMap::new();
    for (key, allocation) in allocations {
        // An allocation outlives its Service only for as long as the next snapshot takes.
        let Some(service) = snapshot.services.get(key) else {
            continue;
        };
        match Candidates::of(snapshot, service, allocation, options) {
            Ok(candidates) => {
                for &vip in &allocation.vips {
                    let election = by_vip.entry(vip).or_default();
                    if let Err(reason) = election.join(vip, &candidates, allocation) {
                        plan.refused.push((key.clone(), reason));
                    }
                }
            }
            Err(reason) => plan.refused.push((key.clone(), reason)),
        }
    }
    for (vip, election) in by_vip {
        if let Some(announcement) = election.decide(snapshot, vip) {
            plan.announcements.insert(vip, announcement);
        }
    }
    plan
}

/// The election of one VIP, over all Services on it.
#[derive(Default)]
struct Election<'a> {
    services: Vec<ServiceKey>,
    /// Nodes that may announce it for every Service so far; none before the first.
    nodes: Option<BTreeSet<&'a NodeName>>,
    advertisements: BTreeMap<&'a str, &'a L2Advertisement>,
    /// The address that is hashed: MetalLB takes the first of the Service, so that both families of a dual-stack
    /// Service have one owner; of several Services the lowest.
    hashed: Option<IpAddr>,
}

impl<'a> Election<'a> {
    fn join(
        &mut self,
        vip: Vip,
        candidates: &Candidates<'a>,
        allocation: &Allocation,
    ) -> Result<(), Reason> {
        let common: BTreeSet<&NodeName> = match &self.nodes {
            None => candidates.nodes.clone(),
            Some(nodes) => nodes.intersection(&candidates.nodes).copied().collect(),
        };
        if common.is_empty() {
            return Err(Reason::NoCommonNode {
                vip,
                others: self.services.clone(),
            });
        }
        self.nodes = Some(common);
        self.services.push(candidates.service.key.clone());
        self.advertisements.extend(&candidates.advertisements);
        let first = allocation.vips.iter().map(|vip| vip.address()).min();
        self.hashed = self.hashed.into_iter().chain(first).min();
        Ok(())
    }

    fn decide(self, snapshot: &Snapshot, vip: Vip) -> Option<Announcement> {
        let names = self.nodes?;
        let nodes = names.iter().filter_map(|name| snapshot.nodes.get(*name));
        let advertisements: Vec<&L2Advertisement> = self.advertisements.into_values().collect();
        let hashed = self.hashed.unwrap_or_else(|| vip.address());
        let ranking = ranking::rank(nodes, &advertisements, hashed);
        let owner = ranking.first()?.clone();
        Some(Announcement {
            services: self.services,
            interfaces: interfaces(snapshot, &advertisements, &owner),
            owner,
            ranking,
        })
    }
}

/// Interfaces that the advertisements of the owner name; one that names none leaves the choice to the daemon.
fn interfaces(
    snapshot: &Snapshot,
    advertisements: &[&L2Advertisement],
    owner: &NodeName,
) -> BTreeSet<String> {
    let Some(node) = snapshot.nodes.get(owner) else {
        return BTreeSet::new();
    };
    let of_owner: Vec<_> = advertisements
        .iter()
        .filter(|advertisement| advertisement.admits_node(&node.labels))
        .collect();
    if of_owner
        .iter()
        .any(|advertisement| advertisement.interfaces.is_empty())
    {
        return BTreeSet::new();
    }
    of_owner
        .iter()
        .flat_map(|advertisement| advertisement.interfaces.iter().cloned())
        .collect()
}
