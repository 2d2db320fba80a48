//! The order in which nodes are entitled to a VIP.

use std::{cmp::Reverse, net::IpAddr};

use model::{L2Advertisement, Node, NodeName};
use sha2::{Digest, Sha256};

/// Sorts nodes: cordoned ones last, then by the weight that the advertisements give, highest first, then by hash.
///
/// Weights of all advertisements add up, but only those of advertisements that select the node.
pub(crate) fn rank<'a>(
    nodes: impl Iterator<Item = &'a Node>,
    advertisements: &[&L2Advertisement],
    address: IpAddr,
) -> Vec<NodeName> {
    let mut ranked: Vec<_> = nodes
        .map(|node| {
            let weight: u32 = advertisements
                .iter()
                .filter(|advertisement| advertisement.admits_node(&node.labels))
                .map(|advertisement| advertisement.weight_of(&node.labels))
                .sum();
            let place = hash(&node.name, address);
            ((node.unschedulable, Reverse(weight), place), &node.name)
        })
        .collect();
    ranked.sort();
    ranked.into_iter().map(|(_, name)| name.clone()).collect()
}

/// MetalLB's rendezvous hash: SHA-256 of the node's name, `#`, and the address as text.
pub(crate) fn hash(node: &NodeName, address: IpAddr) -> [u8; 32] {
    let text = format!("{node}#{address}");
    Sha256::digest(text.as_bytes()).into()
}
