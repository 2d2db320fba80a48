//! DNS rebinding: a name of a stranger must not point into our network, or a web page could reach the hosts behind the
//! router by way of the browser.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use hickory_proto::rr::Record;

use crate::zones::address_in;

/// Takes records with an address of a private network out of an upstream answer; returns how many.
pub fn strip_private(records: &mut Vec<Record>) -> usize {
    let before = records.len();
    records.retain(|record| !address_in(record).is_some_and(is_private));
    before - records.len()
}

/// Whether an address is private, shared, link-local, loopback or unspecified, also inside IPv6 forms that carry IPv4.
/// Documentation addresses are no host's own and pass.
fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_private_v4(v4),
        IpAddr::V6(v6) => embedded(v6).map_or_else(|| is_private_v6(v6), is_private_v4),
    }
}

const fn is_private_v4(address: Ipv4Addr) -> bool {
    let [first, second, ..] = address.octets();
    // RFC 6598
    let is_shared = first == 100 && second & 0xc0 == 64;
    address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || first == 0
        || is_shared
}

const fn is_private_v6(address: Ipv6Addr) -> bool {
    address.is_loopback()
        || address.is_unspecified()
        || address.is_unique_local()
        || address.is_unicast_link_local()
}

/// The IPv4 address in a mapped, translated (RFC 6052) or 6to4 (RFC 3056) address.
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let v4 = |high: u16, low: u16| Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low));
    match address.segments() {
        [0, 0, 0, 0, 0, 0xffff, high, low] => Some(v4(high, low)),
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => Some(v4(high, low)),
        [0x2002, high, low, ..] => Some(v4(high, low)),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
