//! Replies: what is in them (RFC 2131, 4.3.1) and where they go (4.1).

use std::{net::Ipv4Addr, time::Duration};

use model::Mac;

use crate::{
    Message, MessageType, Options, Scope, code,
    server::{Client, Request},
};

/// UDP port of clients.
const CLIENT_PORT: u16 = 68;
/// UDP port of servers and relays.
const SERVER_PORT: u16 = 67;

/// A message to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// Where to.
    pub to: Destination,
    /// OFFER, ACK or NAK.
    pub kind: MessageType,
    /// The client, for the log.
    pub mac: Mac,
    /// The address that it is about, unspecified in a NAK.
    pub address: Ipv4Addr,
    /// UDP payload.
    pub payload: Vec<u8>,
}

/// Where a reply goes. Frames are addressed here and not by ARP: a client without address cannot answer ARP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Destination {
    /// Ethernet destination.
    pub mac: Mac,
    /// IPv4 destination.
    pub address: Ipv4Addr,
    /// UDP destination port.
    pub port: u16,
}

/// What a lease reply carries beside the scope's options.
#[derive(Clone, Copy)]
pub(crate) struct Granted<'a> {
    pub(crate) address: Ipv4Addr,
    pub(crate) lease_time: Duration,
    pub(crate) name: Option<&'a str>,
}

/// An OFFER, or an ACK to a REQUEST.
pub(crate) fn grant(
    scope: &Scope,
    request: &Request,
    kind: MessageType,
    granted: Granted<'_>,
) -> Reply {
    let mut message = answer_to(request);
    message.yiaddr = granted.address;
    if kind == MessageType::Ack {
        message.ciaddr = request.message.ciaddr;
    }
    let options = &mut message.options;
    put_scope(scope, request, options);
    if let Some(name) = granted.name
        && asks_for(request, code::HOST_NAME)
    {
        options.set(code::HOST_NAME, name);
    }
    let secs = u32::try_from(granted.lease_time.as_secs()).unwrap_or(u32::MAX);
    options.set(code::LEASE_TIME, secs.to_be_bytes());
    options.set(code::RENEWAL_TIME, (secs / 2).to_be_bytes());
    // RFC 2131, 4.4.5: T2 is 0.875 of the lease.
    options.set(code::REBINDING_TIME, (secs - secs / 8).to_be_bytes());
    let to = destination(request, granted.address);
    finish(scope, request, message, kind, to)
}

/// An ACK to an INFORM: no lease and no address (RFC 2131, 4.3.5).
pub(crate) fn inform(scope: &Scope, request: &Request, client: Ipv4Addr) -> Reply {
    let mut message = answer_to(request);
    message.ciaddr = request.message.ciaddr;
    put_scope(scope, request, &mut message.options);
    let to = Destination {
        mac: request.arrival.source_mac,
        address: client,
        port: CLIENT_PORT,
    };
    finish(scope, request, message, MessageType::Ack, to)
}

/// A NAK: broadcast on the LAN, because the client may have no usable address (RFC 2131, 4.1).
pub(crate) fn nak(scope: &Scope, request: &Request, text: &'static str) -> Reply {
    let mut message = answer_to(request);
    message.options.set(code::MESSAGE, text);
    let relay = request.message.giaddr;
    let to = if relay.is_unspecified() {
        broadcast()
    } else {
        // The relay must broadcast it to the client (RFC 2131, 4.3.2).
        message.set_broadcast();
        through(request, relay)
    };
    finish(scope, request, message, MessageType::Nak, to)
}

/// giaddr, then ciaddr, then the broadcast flag, then unicast to the new address by its MAC (RFC 2131, 4.1).
fn destination(request: &Request, address: Ipv4Addr) -> Destination {
    let message = &request.message;
    if !message.giaddr.is_unspecified() {
        return through(request, message.giaddr);
    }
    if !message.ciaddr.is_unspecified() {
        return Destination {
            mac: request.arrival.source_mac,
            address: message.ciaddr,
            port: CLIENT_PORT,
        };
    }
    if message.wants_broadcast() {
        return broadcast();
    }
    Destination {
        mac: message.mac,
        address,
        port: CLIENT_PORT,
    }
}

fn through(request: &Request, relay: Ipv4Addr) -> Destination {
    Destination {
        mac: request.arrival.source_mac,
        address: relay,
        port: SERVER_PORT,
    }
}

const fn broadcast() -> Destination {
    Destination {
        mac: Mac::BROADCAST,
        address: Ipv4Addr::BROADCAST,
        port: CLIENT_PORT,
    }
}

/// The fields that every reply copies (RFC 2131, table 3).
fn answer_to(request: &Request) -> Message {
    let asked = &request.message;
    Message {
        is_reply: true,
        hops: 0,
        secs: 0,
        ciaddr: Ipv4Addr::UNSPECIFIED,
        yiaddr: Ipv4Addr::UNSPECIFIED,
        siaddr: Ipv4Addr::UNSPECIFIED,
        options: Options::new(),
        ..asked.clone()
    }
}

fn finish(
    scope: &Scope,
    request: &Request,
    mut message: Message,
    kind: MessageType,
    to: Destination,
) -> Reply {
    let asked = &request.message.options;
    let options = &mut message.options;
    options.set(code::MESSAGE_TYPE, [kind.octet()]);
    options.set(code::SERVER_ID, scope.server.octets());
    // RFC 6842 and RFC 3046, 2.2: both are returned as they came.
    for code in [code::CLIENT_ID, code::RELAY_AGENT] {
        if let Some(octets) = asked.get(code) {
            options.set(code, octets);
        }
    }
    let Client { mac, .. } = request.client;
    Reply {
        to,
        kind,
        mac,
        address: message.yiaddr,
        payload: message.encode(),
    }
}

/// Mask, gateway and resolvers always, because no host works without them; the rest when asked.
fn put_scope(scope: &Scope, request: &Request, options: &mut Options) {
    options.set(code::SUBNET_MASK, scope.prefix.netmask().octets());
    if let Some(router) = scope.router {
        options.set(code::ROUTER, router.octets());
    }
    if !scope.resolvers.is_empty() {
        options.set(code::DOMAIN_NAME_SERVER, addresses(&scope.resolvers));
    }
    if asks_for(request, code::BROADCAST_ADDRESS) {
        options.set(code::BROADCAST_ADDRESS, scope.prefix.broadcast().octets());
    }
    if let Some(domain) = &scope.domain {
        if asks_for(request, code::DOMAIN_NAME) {
            options.set(code::DOMAIN_NAME, domain.as_str());
        }
        if asks_for(request, code::DOMAIN_SEARCH)
            && let Some(search) = wire_name(domain)
        {
            options.set(code::DOMAIN_SEARCH, search);
        }
    }
    if let Some(mtu) = scope.mtu
        && asks_for(request, code::INTERFACE_MTU)
    {
        options.set(code::INTERFACE_MTU, mtu.to_be_bytes());
    }
    if !scope.routes.is_empty() && asks_for(request, code::CLASSLESS_ROUTES) {
        options.set(code::CLASSLESS_ROUTES, classless_routes(scope));
    }
}

/// Whether option 55 names the code; a client without the list gets everything.
fn asks_for(request: &Request, code: u8) -> bool {
    request
        .message
        .options
        .get(code::PARAMETER_REQUEST_LIST)
        .is_none_or(|list| list.contains(&code))
}

fn addresses(list: &[Ipv4Addr]) -> Vec<u8> {
    list.iter().flat_map(Ipv4Addr::octets).collect()
}

/// The default route first: a client that understands option 121 ignores option 3 (RFC 3442, Talos among them).
fn classless_routes(scope: &Scope) -> Vec<u8> {
    let default = scope.router.map(|via| (Ipv4Addr::UNSPECIFIED, 0, via));
    let others = scope
        .routes
        .iter()
        .map(|route| (route.prefix.network(), route.prefix.prefix_len(), route.via));
    let mut octets = Vec::new();
    for (network, length, via) in default.into_iter().chain(others) {
        octets.push(length);
        octets.extend(&network.octets()[..usize::from(length.div_ceil(8))]);
        octets.extend(via.octets());
    }
    octets
}

/// A domain in wire form (RFC 1035, 3.1); none for a name that has none.
fn wire_name(domain: &str) -> Option<Vec<u8>> {
    let mut octets = Vec::with_capacity(domain.len() + 2);
    for label in domain.trim_end_matches('.').split('.') {
        let length = u8::try_from(label.len())
            .ok()
            .filter(|length| (1..=63).contains(length))?;
        octets.push(length);
        octets.extend(label.bytes());
    }
    octets.push(0);
    Some(octets)
}
