//! The nodes that may announce for one Service.

use std::collections::{BTreeMap, BTreeSet};

use model::{
    Allocation, Endpoint, L2Advertisement, Node, NodeName, Service, Snapshot, TrafficPolicy,
};

use crate::{Obstacle, Reason, reason::NODES_NAMED};

/// Settings that change who may announce.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Nodes labelled `node.kubernetes.io/exclude-from-external-load-balancers` announce all the same.
    pub ignore_exclude_lb: bool,
}

/// One Service that can be announced.
pub(crate) struct Candidates<'a> {
    pub(crate) service: &'a Service,
    /// Advertisements that cover its pool and admit it, by name.
    pub(crate) advertisements: BTreeMap<&'a str, &'a L2Advertisement>,
    /// Nodes that may announce; never empty.
    pub(crate) nodes: BTreeSet<&'a NodeName>,
}

impl<'a> Candidates<'a> {
    /// Who may announce a Service that holds `allocation`.
    pub(crate) fn of(
        snapshot: &'a Snapshot,
        service: &'a Service,
        allocation: &Allocation,
        options: Options,
    ) -> Result<Self, Reason> {
        let endpoints = snapshot
            .endpoints
            .get(&service.key)
            .map_or(&[][..], |all| all);
        if !endpoints.iter().any(|endpoint| endpoint.serving) {
            return Err(Reason::NoServingEndpoint);
        }
        let advertisements = advertisements(snapshot, service, &allocation.pool)?;
        let local = match service.traffic_policy {
            TrafficPolicy::Cluster => None,
            TrafficPolicy::Local => Some(nodes_with_endpoint(endpoints)),
        };
        let mut nodes = BTreeSet::new();
        let mut obstacles = Vec::new();
        for (name, node) in &snapshot.nodes {
            let obstacle = obstacle(node, options)
                .or_else(|| not_selected(node, &advertisements))
                .or_else(|| no_local_endpoint(name, local.as_ref()));
            match obstacle {
                None => {
                    nodes.insert(name);
                }
                Some(obstacle) => obstacles.push((name, obstacle)),
            }
        }
        if nodes.is_empty() {
            let more = obstacles.len().saturating_sub(NODES_NAMED);
            let named = obstacles.into_iter().take(NODES_NAMED);
            return Err(Reason::NoNode {
                obstacles: named
                    .map(|(name, obstacle)| (name.clone(), obstacle))
                    .collect(),
                more,
            });
        }
        Ok(Self {
            service,
            advertisements,
            nodes,
        })
    }
}

fn advertisements<'a>(
    snapshot: &'a Snapshot,
    service: &Service,
    pool: &str,
) -> Result<BTreeMap<&'a str, &'a L2Advertisement>, Reason> {
    // A pool that is gone by now is covered by nothing.
    let covering: Vec<&L2Advertisement> = match snapshot.pools.get(pool) {
        Some(pool) => snapshot
            .l2_advertisements
            .values()
            .filter(|advertisement| advertisement.covers(pool))
            .collect(),
        None => Vec::new(),
    };
    let admitting: BTreeMap<_, _> = covering
        .iter()
        .filter(|advertisement| advertisement.admits_service(&service.labels))
        .map(|&advertisement| (advertisement.name.as_str(), advertisement))
        .collect();
    if admitting.is_empty() {
        return Err(Reason::NoAdvertisement {
            pool: pool.to_string(),
            for_other_services: !covering.is_empty(),
        });
    }
    Ok(admitting)
}

/// What rules out a node for every Service. That it is cordoned does not: its place in the ranking is the last.
fn obstacle(node: &Node, options: Options) -> Option<Obstacle> {
    if !node.ready {
        Some(Obstacle::NotReady)
    } else if node.network_unavailable {
        Some(Obstacle::NetworkUnavailable)
    } else if node.is_excluded() && !options.ignore_exclude_lb {
        Some(Obstacle::Excluded)
    } else {
        None
    }
}

fn not_selected(
    node: &Node,
    advertisements: &BTreeMap<&str, &L2Advertisement>,
) -> Option<Obstacle> {
    let selected = advertisements
        .values()
        .any(|advertisement| advertisement.admits_node(&node.labels));
    (!selected).then_some(Obstacle::NotSelected)
}

fn no_local_endpoint(name: &NodeName, local: Option<&BTreeSet<&NodeName>>) -> Option<Obstacle> {
    let missing = local.is_some_and(|nodes| !nodes.contains(name));
    missing.then_some(Obstacle::NoLocalEndpoint)
}

fn nodes_with_endpoint(endpoints: &[Endpoint]) -> BTreeSet<&NodeName> {
    endpoints
        .iter()
        .filter(|endpoint| endpoint.serving)
        .filter_map(|endpoint| endpoint.node.as_ref())
        .collect()
}
