//! The scope of a LAN, from the configuration.

use std::{net::Ipv4Addr, time::Duration};

use ::dhcp::{Reservation, Route, Scope};
use config::router::Lan;

use crate::settings::Settings;

/// MTU that every host assumes.
const ETHERNET_MTU: u32 = 1500;
/// Smallest MTU that IPv4 hosts must take (RFC 791).
const SMALLEST_MTU: u32 = 576;

/// What is given out on this LAN. The router itself is gateway and resolver, whether or not there is an uplink: it
/// knows the way to the VIPs and their names. `alone` says that no other server can know a client.
pub(super) fn scope(settings: &Settings, lan: &Lan, mtu: u32, alone: bool) -> Scope {
    let server = lan.address.addr();
    Scope {
        server,
        prefix: lan.address.trunc(),
        range: Some(lan.dhcp.range),
        router: Some(server),
        resolvers: vec![server],
        domain: Some(settings.config.domain.clone()),
        mtu: announced_mtu(mtu),
        routes: pool_routes(settings, lan, server),
        lease_time: lan.dhcp.lease_time.max(Duration::from_secs(60)),
        reservations: lan
            .reservations
            .iter()
            .map(|kept| {
                let name = kept.name.as_ref().map(|name| name.to_ascii_lowercase());
                let address = kept.address;
                (kept.mac, Reservation { address, name })
            })
            .collect(),
        denied_names: [settings.config.hostname.to_ascii_lowercase()].into(),
        authoritative: alone || lan.dhcp.authoritative,
    }
}

/// Told only where it is smaller than usual: hosts with a larger one cannot be helped by telling.
fn announced_mtu(mtu: u32) -> Option<u16> {
    (SMALLEST_MTU..ETHERNET_MTU)
        .contains(&mtu)
        .then(|| u16::try_from(mtu).ok())?
}

/// The VIP pools, so that a host whose default route leads elsewhere (VPN, second NIC) still finds them.
fn pool_routes(settings: &Settings, lan: &Lan, via: Ipv4Addr) -> Vec<Route> {
    let subnet = lan.address.trunc();
    settings
        .config
        .clusters
        .iter()
        .flat_map(|cluster| &cluster.pools)
        .filter(|pool| !subnet.contains(*pool))
        .map(|pool| Route {
            prefix: pool.trunc(),
            via,
        })
        .collect()
}
