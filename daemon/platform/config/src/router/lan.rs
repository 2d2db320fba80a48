//! `[[lan]]`: the router's address, the DHCP range and the reservations of each network.

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr},
    time::Duration,
};

use ipnet::Ipv4Net;
use model::AddressRange;
use toml::Spanned;

use super::{Dhcp, Lan, Reservation, raw};
use crate::{
    faults::{Faults, place_of},
    syntax,
};

const DEFAULT_ADDRESS: Ipv4Addr = Ipv4Addr::new(192, 168, 1, 200);
const DEFAULT_LEASE_TIME: Duration = Duration::from_secs(12 * 3_600);
/// Shorter leases flood the network with renewals; longer ones do not fit the promise that an address comes back.
const LEASE_TIME_SECS: std::ops::RangeInclusive<u64> = 60..=31_536_000;
/// Offsets of the default range in its subnet: below the addresses that tutorials give to pools and nodes.
const DEFAULT_RANGE: (u32, u32) = (20, 99);

/// The LANs, their subnets apart; none when a fault makes further checks pointless.
pub(super) fn resolve(
    raws: Option<&[Spanned<raw::Lan>]>,
    faults: &mut Faults<'_>,
) -> Option<Vec<Lan>> {
    let Some(raws) = raws.filter(|raws| !raws.is_empty()) else {
        return Some(vec![lan(&raw::Lan::default(), faults)?]);
    };
    let mut lans: Vec<Lan> = Vec::new();
    let mut complete = true;
    for raw in raws {
        let Some(lan) = lan(raw.get_ref(), faults) else {
            complete = false;
            continue;
        };
        check_against(&lans, &lan, raw, faults);
        lans.push(lan);
    }
    complete.then_some(lans)
}

fn lan(raw: &raw::Lan, faults: &mut Faults<'_>) -> Option<Lan> {
    let interface = match &raw.interface {
        Some(text) => Some(faults.parse("lan.interface", text, syntax::interface)?),
        None => None,
    };
    let default = || Ipv4Net::new_assert(DEFAULT_ADDRESS, 24);
    let address = faults.parse_or(
        "lan.address",
        raw.address.as_ref(),
        default,
        syntax::host_address,
    )?;
    let dhcp = dhcp(raw.dhcp.as_ref(), address, faults);
    let reservations = reservations(&raw.reservation, address, faults);
    Some(Lan {
        interface,
        address,
        dhcp: dhcp?,
        reservations,
    })
}

fn dhcp(raw: Option<&raw::Dhcp>, address: Ipv4Net, faults: &mut Faults<'_>) -> Option<Dhcp> {
    let none = raw::Dhcp::default();
    let raw = raw.unwrap_or(&none);
    let range = faults.parse_or(
        "lan.dhcp.range",
        raw.range.as_ref(),
        || default_range(address),
        |text| range(text, address),
    );
    let lease_time = faults.parse_or(
        "lan.dhcp.lease_time",
        raw.lease_time.as_ref(),
        || DEFAULT_LEASE_TIME,
        lease_time,
    );
    Some(Dhcp {
        range: range?,
        lease_time: lease_time?,
        authoritative: raw.authoritative,
    })
}

fn range(text: &str, address: Ipv4Net) -> Result<AddressRange, String> {
    let example = default_range(address);
    // Always with both ends: a prefix is what is refused here.
    let example = format!("{}-{}", example.first(), example.last());
    let range: AddressRange = match text.parse::<Ipv4Net>() {
        Ok(_) => Err(format!(
            "`{text}` is a prefix; write first and last address, such as {example}"
        )),
        Err(_) => text
            .parse::<AddressRange>()
            .map_err(|error| format!("{error}; write a range such as {example}")),
    }?;
    let subnet = address.trunc();
    for end in [range.first(), range.last()] {
        let inside = matches!(end, IpAddr::V4(v4) if subnet.contains(&v4));
        if !inside {
            return Err(format!(
                "{end} lies outside {subnet}; write a range within it, such as {example}"
            ));
        }
    }
    if range.contains(subnet.network().into()) || range.contains(subnet.broadcast().into()) {
        return Err(format!(
            "{range} holds the network or broadcast address of {subnet}; write a range such as {example}"
        ));
    }
    if range.contains(address.addr().into()) {
        return Err(format!(
            "{range} holds the router's own address {}; write a range without it, such as {example}",
            address.addr()
        ));
    }
    Ok(range)
}

/// Offsets 20 to 99 where the subnet has them, else all its hosts; without the router's own address, of whose two
/// sides the longer one remains.
fn default_range(address: Ipv4Net) -> AddressRange {
    let own = address.addr().to_bits();
    let network = address.network().to_bits();
    let broadcast = address.broadcast().to_bits();
    let (mut first, mut last) = (network + DEFAULT_RANGE.0, network + DEFAULT_RANGE.1);
    if last >= broadcast {
        (first, last) = (network + 1, broadcast - 1);
    }
    if (first..=last).contains(&own) {
        if own - first > last - own {
            last = own - 1;
        } else {
            first = own + 1;
        }
    }
    AddressRange::new(
        Ipv4Addr::from_bits(first).into(),
        Ipv4Addr::from_bits(last).into(),
    )
    .expect("a subnet of /30 or shorter has a host besides the router")
}

fn lease_time(text: &str) -> Result<Duration, String> {
    let time = syntax::duration(text)?;
    if LEASE_TIME_SECS.contains(&time.as_secs()) {
        return Ok(time);
    }
    Err(format!(
        "`{text}` is out of bounds; write a time from 1m to 365d, such as 12h"
    ))
}

fn reservations(
    raws: &[Spanned<raw::Reservation>],
    address: Ipv4Net,
    faults: &mut Faults<'_>,
) -> Vec<Reservation> {
    let mut macs = BTreeMap::new();
    let mut addresses = BTreeMap::new();
    let mut names = BTreeMap::new();
    let mut kept = Vec::new();
    for raw in raws {
        let raw = raw.get_ref();
        let mac = faults.parse("lan.reservation.mac", &raw.mac, |text| {
            text.parse::<model::Mac>()
                .map_err(|error| error.to_string())
        });
        let reserved = faults.parse("lan.reservation.address", &raw.address, |text| {
            reserved_address(text, address)
        });
        let name = raw
            .name
            .as_ref()
            .and_then(|name| faults.parse("lan.reservation.name", name, syntax::label));
        let (Some(mac), Some(reserved)) = (mac, reserved) else {
            continue;
        };
        let label = name.clone().unwrap_or_else(|| mac.to_string());
        if let Some(other) = macs.insert(mac, label.clone()) {
            let text = format!("{mac} is reserved for {other} already; write each MAC once");
            faults.add(&Some(raw.mac.span()), "lan.reservation.mac", text);
        }
        if let Some(other) = addresses.insert(reserved, label.clone()) {
            let text = format!("{reserved} is reserved for {other} already; write another address");
            faults.add(&Some(raw.address.span()), "lan.reservation.address", text);
        }
        if let Some(name) = &name
            && names.insert(name.clone(), ()).is_some()
        {
            let text = format!("`{name}` is reserved already; write another name");
            let place = place_of(raw.name.as_ref(), &None);
            faults.add(&place, "lan.reservation.name", text);
        }
        kept.push(Reservation {
            name,
            mac,
            address: reserved,
        });
    }
    kept
}

fn reserved_address(text: &str, address: Ipv4Net) -> Result<Ipv4Addr, String> {
    let reserved = syntax::ipv4(text)?;
    let subnet = address.trunc();
    if !subnet.contains(&reserved) {
        return Err(format!(
            "{reserved} lies outside {subnet}; write an address of that subnet, such as {}",
            syntax::nth_host(subnet, 10)
        ));
    }
    if reserved == address.addr() {
        return Err(format!(
            "{reserved} is the router's own address; write another one of {subnet}"
        ));
    }
    if reserved == subnet.network() || reserved == subnet.broadcast() {
        return Err(format!(
            "{reserved} is the network or broadcast address of {subnet}; write the address of a host"
        ));
    }
    Ok(reserved)
}

/// Two LANs share neither interface nor addresses.
fn check_against(lans: &[Lan], lan: &Lan, raw: &Spanned<raw::Lan>, faults: &mut Faults<'_>) {
    let table = Some(raw.span());
    for other in lans {
        if other.interface == lan.interface {
            let name = lan.interface.as_deref().unwrap_or("the default interface");
            let place = place_of(raw.get_ref().interface.as_ref(), &table);
            faults.add(
                &place,
                "lan.interface",
                format!("{name} is another [[lan]] already; write one [[lan]] per interface"),
            );
        }
        let (a, b) = (other.address.trunc(), lan.address.trunc());
        if a.contains(&b.network()) || b.contains(&a.network()) {
            let place = place_of(raw.get_ref().address.as_ref(), &table);
            faults.add(
                &place,
                "lan.address",
                format!("{b} overlaps {a} of another [[lan]]; write a subnet apart from it"),
            );
        }
    }
}
