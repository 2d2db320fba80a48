//! Named sets and maps: what changes with the configuration, while the rules stay the same.

use std::{collections::BTreeSet, net::Ipv4Addr};

use ipnet::Ipv4Net;
use nftables::{
    expr::Expression,
    schema::{Map, NfListObject, Set, SetFlag, SetType, SetTypeValue},
    types::NfFamily,
};

use super::{Object, TABLE};
use crate::{
    Forward, Network, Transport,
    expression::{concat, network as prefix, text},
};

/// Interfaces of the LANs.
pub(super) const LANS: &str = "lans";
/// Subnets of the LANs.
pub(super) const LAN_SUBNETS: &str = "lan_subnets";
/// The router's addresses on the LANs.
pub(super) const LAN_ADDRESSES: &str = "lan_addresses";
/// The router's addresses on the uplink.
pub(super) const UPLINK_ADDRESSES: &str = "uplink_addresses";
/// VIP pools.
pub(super) const POOLS: &str = "pools";
/// Prefixes on the uplink that may reach pools and services.
pub(super) const TRUSTED: &str = "trusted";
/// Ports of the router that trusted prefixes may reach.
pub(super) const SERVICES: &str = "services";
/// Maps of port forwards: where a port leads. Address and port are apart, because nft 1.0.6 crashes on a `dnat` to a
/// map of both.
#[derive(Clone, Copy)]
pub(super) struct ForwardMaps {
    pub(super) transport: Transport,
    pub(super) addresses: &'static str,
    pub(super) ports: &'static str,
}

/// One pair of maps per transport.
pub(super) const FORWARDS: [ForwardMaps; 2] = [
    ForwardMaps {
        transport: Transport::Tcp,
        addresses: "tcp_forward_addresses",
        ports: "tcp_forward_ports",
    },
    ForwardMaps {
        transport: Transport::Udp,
        addresses: "udp_forward_addresses",
        ports: "udp_forward_ports",
    },
];

type Elements = Vec<(&'static str, Vec<Expression<'static>>)>;

/// Definitions and elements of all sets and maps.
pub(super) fn of(network: &Network) -> (Vec<Object>, Elements) {
    let address = || SetTypeValue::Single(SetType::Ipv4Addr);
    let mut definitions = vec![
        set(LANS, SetTypeValue::Single(SetType::Ifname), false),
        set(LAN_SUBNETS, address(), true),
        set(LAN_ADDRESSES, address(), false),
        set(UPLINK_ADDRESSES, address(), false),
        set(POOLS, address(), true),
        set(TRUSTED, address(), true),
        set(
            SERVICES,
            SetTypeValue::Concatenated(vec![SetType::InetProto, SetType::InetService].into()),
            false,
        ),
    ];
    let lans = || network.lans.iter();
    let none = BTreeSet::new();
    let (uplink_addresses, trusted) = match &network.uplink {
        Some(uplink) => (uplink.addresses.clone(), &uplink.trusted),
        None => (BTreeSet::new(), &none),
    };
    let services = network.services.iter();
    let mut elements = vec![
        (LANS, lans().map(|lan| text(&lan.interface)).collect()),
        (LAN_SUBNETS, prefixes(lans().map(|lan| lan.address.trunc()))),
        (
            LAN_ADDRESSES,
            addresses(lans().map(|lan| lan.address.addr())),
        ),
        (UPLINK_ADDRESSES, addresses(uplink_addresses)),
        (POOLS, prefixes(network.pools.iter().copied())),
        (TRUSTED, prefixes(trusted.iter().copied())),
        (
            SERVICES,
            services
                .map(|port| concat(vec![text(port.transport), number(port.number)]))
                .collect(),
        ),
    ];
    for maps in FORWARDS {
        definitions.push(map(maps.addresses, SetType::Ipv4Addr));
        definitions.push(map(maps.ports, SetType::InetService));
        let to =
            |data: fn(&Forward) -> Expression<'static>| forwards(network, maps.transport, data);
        elements.push((maps.addresses, to(|forward| text(forward.to.ip()))));
        elements.push((maps.ports, to(|forward| number(forward.to.port()))));
    }
    (definitions, elements)
}

fn set(name: &'static str, set_type: SetTypeValue<'static>, interval: bool) -> Object {
    NfListObject::Set(Box::new(Set {
        family: NfFamily::INet,
        table: TABLE.into(),
        name: name.into(),
        handle: None,
        set_type,
        policy: None,
        flags: interval.then(|| [SetFlag::Interval].into_iter().collect()),
        elem: None,
        timeout: None,
        gc_interval: None,
        size: None,
        comment: None,
    }))
}

fn map(name: &'static str, data: SetType) -> Object {
    NfListObject::Map(Box::new(Map {
        family: NfFamily::INet,
        table: TABLE.into(),
        name: name.into(),
        handle: None,
        set_type: SetTypeValue::Single(SetType::InetService),
        map: SetTypeValue::Single(data),
        policy: None,
        flags: None,
        elem: None,
        timeout: None,
        gc_interval: None,
        size: None,
        comment: None,
    }))
}

/// Joined where they overlap or touch: an interval set refuses elements that conflict.
fn prefixes(prefixes: impl IntoIterator<Item = Ipv4Net>) -> Vec<Expression<'static>> {
    let list: Vec<Ipv4Net> = prefixes.into_iter().collect();
    Ipv4Net::aggregate(&list).into_iter().map(prefix).collect()
}

fn addresses(addresses: impl IntoIterator<Item = Ipv4Addr>) -> Vec<Expression<'static>> {
    addresses.into_iter().map(text).collect()
}

fn number(port: u16) -> Expression<'static> {
    Expression::Number(u32::from(port))
}

/// Each port with what it maps to: a pair in a list of elements is a mapping, `443 : 10.10.10.10`.
fn forwards(
    network: &Network,
    transport: Transport,
    data: fn(&Forward) -> Expression<'static>,
) -> Vec<Expression<'static>> {
    let of_transport = |forward: &&Forward| forward.from.transport == transport;
    network
        .forwards
        .iter()
        .filter(of_transport)
        .map(|forward| Expression::List(vec![number(forward.from.number), data(forward)]))
        .collect()
}
