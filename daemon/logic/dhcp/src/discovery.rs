//! What [`Guard`](crate::Guard) asks a LAN: DHCP messages of a client, and a router solicitation.

use std::net::{Ipv4Addr, Ipv6Addr};

use model::Mac;
use pnet_packet::{
    MutablePacket, Packet,
    ethernet::{EtherTypes, EthernetPacket, MutableEthernetPacket},
    icmpv6::{
        Icmpv6Packet, Icmpv6Types, checksum,
        ndp::{MutableRouterSolicitPacket, RouterAdvertPacket},
    },
    ip::IpNextHeaderProtocols,
    ipv6::{Ipv6Packet, MutableIpv6Packet},
};

use crate::{
    Message, MessageType, Options, code,
    frame::{from_pnet, to_pnet},
};

#[cfg(test)]
mod tests;

const ETHERNET: usize = 14;
const IPV6: usize = 40;
/// A router solicitation without options: no source address, so no link-layer address either (RFC 4861, 4.1).
const SOLICITATION: usize = 8;
/// ff02::2 and its Ethernet address.
const ALL_ROUTERS: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 2);
const ALL_ROUTERS_MAC: Mac = Mac::new([0x33, 0x33, 0, 0, 0, 2]);

/// A DISCOVER to find out which servers offer something; its answers come by broadcast.
pub fn probe_discover(mac: Mac, xid: u32) -> Vec<u8> {
    let mut message = question(mac, xid, MessageType::Discover);
    message.set_broadcast();
    message.encode()
}

/// An INFORM for the address that we have. Servers that look for conflicts before they offer take seconds for a
/// DISCOVER, but answer this one at once.
pub fn inform(mac: Mac, address: Ipv4Addr, xid: u32) -> Vec<u8> {
    let mut message = question(mac, xid, MessageType::Inform);
    message.ciaddr = address;
    message.encode()
}

fn question(mac: Mac, xid: u32, kind: MessageType) -> Message {
    let mut options = Options::new();
    options.set(code::MESSAGE_TYPE, [kind.octet()]);
    options.set(
        code::PARAMETER_REQUEST_LIST,
        [code::SUBNET_MASK, code::ROUTER, code::DOMAIN_NAME_SERVER],
    );
    Message {
        is_reply: false,
        htype: 1,
        hops: 0,
        xid,
        secs: 0,
        flags: 0,
        ciaddr: Ipv4Addr::UNSPECIFIED,
        yiaddr: Ipv4Addr::UNSPECIFIED,
        siaddr: Ipv4Addr::UNSPECIFIED,
        giaddr: Ipv4Addr::UNSPECIFIED,
        mac,
        options,
    }
}

/// A router solicitation as Ethernet frame, from the unspecified address to all routers (RFC 4861, 4.1).
pub fn router_solicitation(mac: Mac) -> Vec<u8> {
    let mut frame = vec![0; ETHERNET + IPV6 + SOLICITATION];
    write_solicitation(mac, &mut frame).expect("the frame has room for its three headers");
    frame
}

fn write_solicitation(mac: Mac, frame: &mut [u8]) -> Option<()> {
    let mut ethernet = MutableEthernetPacket::new(frame)?;
    ethernet.set_source(to_pnet(mac));
    ethernet.set_destination(to_pnet(ALL_ROUTERS_MAC));
    ethernet.set_ethertype(EtherTypes::Ipv6);

    let mut header = MutableIpv6Packet::new(ethernet.payload_mut())?;
    header.set_version(6);
    header.set_payload_length(8);
    header.set_next_header(IpNextHeaderProtocols::Icmpv6);
    header.set_hop_limit(255);
    header.set_source(Ipv6Addr::UNSPECIFIED);
    header.set_destination(ALL_ROUTERS);

    let mut solicitation = MutableRouterSolicitPacket::new(header.payload_mut())?;
    solicitation.set_icmpv6_type(Icmpv6Types::RouterSolicit);
    let sum = checksum(
        &Icmpv6Packet::new(solicitation.packet())?,
        &Ipv6Addr::UNSPECIFIED,
        &ALL_ROUTERS,
    );
    solicitation.set_checksum(sum);
    Some(())
}

/// A router advertisement that names its sender as default router.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RouterAdvertisement {
    /// Ethernet source.
    pub source_mac: Mac,
    /// The router's link-local address.
    pub source: Ipv6Addr,
}

impl RouterAdvertisement {
    /// Reads an Ethernet frame; none if it holds anything else. An advertisement with router lifetime 0 does not count:
    /// its sender is no default router, as with the border routers of home automation (RFC 4861, 4.2).
    pub fn parse(frame: &[u8]) -> Option<Self> {
        let ethernet = EthernetPacket::new(frame)?;
        if ethernet.get_ethertype() != EtherTypes::Ipv6 {
            return None;
        }
        let header = Ipv6Packet::new(&frame[ETHERNET..])?;
        let source = header.get_source();
        // RFC 4861, 6.1.2: both show that the sender is on this link.
        let on_link = header.get_hop_limit() == 255 && source.is_unicast_link_local();
        if header.get_next_header() != IpNextHeaderProtocols::Icmpv6 || !on_link {
            return None;
        }
        let end = ETHERNET + IPV6 + usize::from(header.get_payload_length());
        let advertisement = RouterAdvertPacket::new(frame.get(ETHERNET + IPV6..end)?)?;
        let is_router = advertisement.get_icmpv6_type() == Icmpv6Types::RouterAdvert
            && advertisement.get_lifetime() > 0;
        is_router.then(|| Self {
            source_mac: from_pnet(ethernet.get_source()),
            source,
        })
    }
}
