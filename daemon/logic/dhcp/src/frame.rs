//! UDP over IPv4 over Ethernet: replies leave as whole frames with full checksums, because a client without address
//! cannot be reached through the kernel's UDP, and checksums left to a virtual network card do not reach it.

use std::net::{Ipv4Addr, SocketAddrV4};

use model::Mac;
use pnet_base::MacAddr;
use pnet_packet::{
    MutablePacket,
    ethernet::{EtherTypes, EthernetPacket, MutableEthernetPacket},
    ip::IpNextHeaderProtocols,
    ipv4::{self, Ipv4Packet, MutableIpv4Packet},
    udp::{self, MutableUdpPacket, UdpPacket},
};
use thiserror::Error;

#[cfg(test)]
mod tests;

const ETHERNET: usize = 14;
const IPV4: usize = 20;
const UDP: usize = 8;

/// One UDP datagram as it came off the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Datagram<'a> {
    /// Ethernet source.
    pub source_mac: Mac,
    /// IPv4 source and port.
    pub source: SocketAddrV4,
    /// IPv4 destination and port.
    pub destination: SocketAddrV4,
    /// UDP payload.
    pub payload: &'a [u8],
}

/// Why a frame holds no datagram.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq, PartialOrd, Ord)]
pub enum FrameError {
    /// Ends before its headers say.
    #[error("frame is cut short")]
    Short,
    /// Not IPv4, or not UDP.
    #[error("frame is not UDP over IPv4")]
    OtherProtocol,
    /// A part of a larger datagram. DHCP messages fit into one frame.
    #[error("datagram is fragmented")]
    Fragment,
    /// IPv4 header or UDP checksum is wrong.
    #[error("checksum is wrong")]
    Checksum,
}

impl<'a> Datagram<'a> {
    /// Reads an Ethernet frame. `checksum_pending` says that the sender is on this machine and left the UDP checksum to
    /// hardware that never saw the frame (`TP_STATUS_CSUMNOTREADY`): it is not looked at then.
    pub fn parse(frame: &'a [u8], checksum_pending: bool) -> Result<Self, FrameError> {
        let ethernet = EthernetPacket::new(frame).ok_or(FrameError::Short)?;
        if ethernet.get_ethertype() != EtherTypes::Ipv4 {
            return Err(FrameError::OtherProtocol);
        }
        let header = Ipv4Packet::new(&frame[ETHERNET..]).ok_or(FrameError::Short)?;
        if header.get_version() != 4
            || header.get_next_level_protocol() != IpNextHeaderProtocols::Udp
        {
            return Err(FrameError::OtherProtocol);
        }
        // Flag "more fragments", or an offset.
        if header.get_flags() & 1 != 0 || header.get_fragment_offset() != 0 {
            return Err(FrameError::Fragment);
        }
        let start = ETHERNET + usize::from(header.get_header_length()) * 4;
        let end = ETHERNET + usize::from(header.get_total_length());
        // Behind the datagram is padding of the Ethernet frame.
        let datagram = frame.get(start..end).ok_or(FrameError::Short)?;
        if start < ETHERNET + IPV4 {
            return Err(FrameError::Short);
        }
        let udp = UdpPacket::new(datagram).ok_or(FrameError::Short)?;
        let payload = datagram
            .get(UDP..usize::from(udp.get_length()))
            .ok_or(FrameError::Short)?;
        let (source, destination) = (header.get_source(), header.get_destination());
        if header.get_checksum() != ipv4::checksum(&header) {
            return Err(FrameError::Checksum);
        }
        let whole = UdpPacket::new(&datagram[..UDP + payload.len()]).ok_or(FrameError::Short)?;
        let expected = udp::ipv4_checksum(&whole, &source, &destination);
        if !checksum_pending && udp.get_checksum() != 0 && udp.get_checksum() != expected {
            return Err(FrameError::Checksum);
        }
        Ok(Self {
            source_mac: from_pnet(ethernet.get_source()),
            source: SocketAddrV4::new(source, udp.get_source()),
            destination: SocketAddrV4::new(destination, udp.get_destination()),
            payload,
        })
    }
}

/// A frame with one UDP datagram. A payload that does not fit into 16 bits of length is refused.
pub fn datagram_frame(
    macs: (Mac, Mac),
    source: SocketAddrV4,
    destination: SocketAddrV4,
    payload: &[u8],
) -> Result<Vec<u8>, FrameError> {
    let udp_length = u16::try_from(UDP + payload.len()).map_err(|_| FrameError::Short)?;
    let total_length = udp_length.checked_add(20).ok_or(FrameError::Short)?;
    let mut frame = vec![0; ETHERNET + usize::from(total_length)];

    let mut ethernet = MutableEthernetPacket::new(&mut frame).ok_or(FrameError::Short)?;
    ethernet.set_source(to_pnet(macs.0));
    ethernet.set_destination(to_pnet(macs.1));
    ethernet.set_ethertype(EtherTypes::Ipv4);

    let mut header = MutableIpv4Packet::new(ethernet.payload_mut()).ok_or(FrameError::Short)?;
    header.set_version(4);
    header.set_header_length(5);
    // CS6, network control, as other DHCP servers mark it.
    header.set_dscp(48);
    header.set_total_length(total_length);
    header.set_ttl(64);
    header.set_next_level_protocol(IpNextHeaderProtocols::Udp);
    header.set_source(*source.ip());
    header.set_destination(*destination.ip());
    let checksum = ipv4::checksum(&header.to_immutable());
    header.set_checksum(checksum);

    let mut udp = MutableUdpPacket::new(header.payload_mut()).ok_or(FrameError::Short)?;
    udp.set_source(source.port());
    udp.set_destination(destination.port());
    udp.set_length(udp_length);
    udp.set_payload(payload);
    let checksum = udp_checksum(&udp.to_immutable(), *source.ip(), *destination.ip());
    udp.set_checksum(checksum);
    Ok(frame)
}

/// RFC 768: a sum of zero is sent as all ones, because zero means "no checksum".
fn udp_checksum(packet: &UdpPacket<'_>, source: Ipv4Addr, destination: Ipv4Addr) -> u16 {
    match udp::ipv4_checksum(packet, &source, &destination) {
        0 => 0xffff,
        sum => sum,
    }
}

pub(crate) fn from_pnet(mac: MacAddr) -> Mac {
    Mac::new(mac.octets())
}

pub(crate) fn to_pnet(mac: Mac) -> MacAddr {
    let [a, b, c, d, e, f] = mac.octets();
    MacAddr(a, b, c, d, e, f)
}
