//! The address list of a Service's status: ours among what others wrote.

use std::{collections::BTreeSet, net::IpAddr};

use k8s_openapi::api::core::v1::LoadBalancerIngress;
use model::Vip;

use crate::convert::ingress_ip;

/// The list as read, with exactly `vips` as its addresses.
///
/// The list is atomic, so it is always written as a whole; what is not ours in it (host names, port statuses, the mode
/// of an address) is carried over, and entries that stay do so in their place, so that merging twice changes nothing.
pub(super) fn merge(read: &[LoadBalancerIngress], vips: &[Vip]) -> Vec<LoadBalancerIngress> {
    let wanted: BTreeSet<IpAddr> = vips.iter().map(|vip| vip.address()).collect();
    let mut present = BTreeSet::new();
    let mut list: Vec<LoadBalancerIngress> = Vec::new();
    for entry in read {
        match entry_address(entry) {
            Address::None => list.push(entry.clone()),
            Address::Valid(address) if wanted.contains(&address) && present.insert(address) => {
                list.push(entry.clone());
            }
            Address::Valid(_) | Address::Unreadable => list.extend(without_address(entry)),
        }
    }
    for vip in vips {
        if present.insert(vip.address()) {
            list.insert(place_for(&list, vip.address()), new_entry(*vip));
        }
    }
    list
}

enum Address {
    None,
    Valid(IpAddr),
    Unreadable,
}

fn entry_address(entry: &LoadBalancerIngress) -> Address {
    match (&entry.ip, ingress_ip(entry)) {
        (_, Some(address)) => Address::Valid(address),
        (Some(text), None) if !text.is_empty() => Address::Unreadable,
        (_, None) => Address::None,
    }
}

/// What is left of an entry whose address is not given any more: the host name, if there is one.
fn without_address(entry: &LoadBalancerIngress) -> Option<LoadBalancerIngress> {
    entry.hostname.as_ref().filter(|name| !name.is_empty())?;
    Some(LoadBalancerIngress {
        ip: None,
        // A mode without an address is refused by the API.
        ip_mode: None,
        ..entry.clone()
    })
}

fn new_entry(vip: Vip) -> LoadBalancerIngress {
    LoadBalancerIngress {
        ip: Some(vip.to_string()),
        ..LoadBalancerIngress::default()
    }
}

/// IPv4 before the addresses that are there, IPv6 after them; both before host names when there is none.
fn place_for(list: &[LoadBalancerIngress], address: IpAddr) -> usize {
    let mut addresses = list.iter().map(|entry| entry.ip.is_some());
    let place = if address.is_ipv4() {
        addresses.position(|is_address| is_address)
    } else {
        addresses
            .rposition(|is_address| is_address)
            .map(|at| at + 1)
    };
    place.unwrap_or(0)
}

#[cfg(test)]
mod proptests;
#[cfg(test)]
mod tests;
