//! ARP over Ethernet, RFC 826.
//!
//! ```text
//!  0                   1                   2                   3
//!  +-------------------------------+-------------------------------+
//!  |  Ethernet destination (6)     |  source (6)  | EtherType 0806 |
//!  +-------------------------------+-------------------------------+
//!  |  hardware type 0001           |  protocol type 0800           |
//!  +---------------+---------------+-------------------------------+
//!  |  length 06    |  length 04    |  operation 1 request, 2 reply |
//!  +---------------+---------------+-------------------------------+
//!  |  sender hardware address (6)  |  sender protocol address (4)  |
//!  |  target hardware address (6)  |  target protocol address (4)  |
//!  +-------------------------------+-------------------------------+
//! ```

use std::net::Ipv4Addr;

use model::Mac;
use pnet_base::MacAddr;
use pnet_packet::{
    arp::{ArpHardwareTypes, ArpOperation, ArpOperations, MutableArpPacket},
    ethernet::{EtherTypes, EthernetPacket, MutableEthernetPacket},
};
use thiserror::Error;

const ETHERNET_LENGTH: usize = 14;
const ARP_LENGTH: usize = 28;

/// Octets of an ARP frame without padding; the driver pads to Ethernet's minimum.
pub const FRAME_LENGTH: usize = ETHERNET_LENGTH + ARP_LENGTH;

/// An ARP packet within its Ethernet frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Ethernet destination.
    pub destination: Mac,
    /// Ethernet source.
    pub source: Mac,
    /// What the frame carries.
    pub arp: ArpPacket,
}

/// An ARP packet for IPv4 over Ethernet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ArpPacket {
    /// Request or reply.
    pub operation: Operation,
    /// Who claims `sender_address`.
    pub sender_mac: Mac,
    /// The address claimed; 0.0.0.0 in a probe (RFC 5227, 1.1).
    pub sender_address: Ipv4Addr,
    /// Zero in a request.
    pub target_mac: Mac,
    /// The address asked for, or of the one answered.
    pub target_address: Ipv4Addr,
}

/// What an ARP packet is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Who has the target address?
    Request,
    /// The sender has the sender address.
    Reply,
}

/// Why octets are no ARP packet for IPv4 over Ethernet.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum ParseError {
    /// Fewer than [`FRAME_LENGTH`] octets.
    #[error("{0} octets are too few for an ARP frame of {FRAME_LENGTH}")]
    Short(usize),
    /// Another EtherType.
    #[error("EtherType {0:#06x} is not ARP")]
    EtherType(u16),
    /// Not Ethernet, or not IPv4, or lengths that do not fit them.
    #[error(
        "hardware type {hardware}, protocol {protocol:#06x}, lengths {hardware_length} and {protocol_length}"
    )]
    NotIpv4OverEthernet {
        /// `ar$hrd`
        hardware: u16,
        /// `ar$pro`
        protocol: u16,
        /// `ar$hln`
        hardware_length: u8,
        /// `ar$pln`
        protocol_length: u8,
    },
    /// Neither request nor reply (reverse ARP and such).
    #[error("operation {0} is neither request nor reply")]
    Operation(u16),
}

/// Reads a whole Ethernet frame; padding after the packet is ignored. Any octets are fine: the entry for fuzzing.
pub fn parse(frame: &[u8]) -> Result<Frame, ParseError> {
    let ethernet = EthernetPacket::new(frame).ok_or(ParseError::Short(frame.len()))?;
    let ether_type = ethernet.get_ethertype();
    if ether_type != EtherTypes::Arp {
        return Err(ParseError::EtherType(ether_type.0));
    }
    let octets = frame.get(ETHERNET_LENGTH..).unwrap_or_default();
    let arp = pnet_packet::arp::ArpPacket::new(octets).ok_or(ParseError::Short(frame.len()))?;
    if arp.get_hardware_type() != ArpHardwareTypes::Ethernet
        || arp.get_protocol_type() != EtherTypes::Ipv4
        || arp.get_hw_addr_len() != 6
        || arp.get_proto_addr_len() != 4
    {
        return Err(ParseError::NotIpv4OverEthernet {
            hardware: arp.get_hardware_type().0,
            protocol: arp.get_protocol_type().0,
            hardware_length: arp.get_hw_addr_len(),
            protocol_length: arp.get_proto_addr_len(),
        });
    }
    Ok(Frame {
        destination: mac(ethernet.get_destination()),
        source: mac(ethernet.get_source()),
        arp: ArpPacket {
            operation: arp.get_operation().try_into()?,
            sender_mac: mac(arp.get_sender_hw_addr()),
            sender_address: arp.get_sender_proto_addr(),
            target_mac: mac(arp.get_target_hw_addr()),
            target_address: arp.get_target_proto_addr(),
        },
    })
}

impl Frame {
    /// The frame as it goes on the wire, without padding.
    pub fn octets(&self) -> [u8; FRAME_LENGTH] {
        let mut octets = [0; FRAME_LENGTH];
        let (header, payload) = octets.split_at_mut(ETHERNET_LENGTH);
        if let Some(mut ethernet) = MutableEthernetPacket::new(header) {
            ethernet.set_destination(mac_addr(self.destination));
            ethernet.set_source(mac_addr(self.source));
            ethernet.set_ethertype(EtherTypes::Arp);
        }
        if let Some(mut arp) = MutableArpPacket::new(payload) {
            arp.set_hardware_type(ArpHardwareTypes::Ethernet);
            arp.set_protocol_type(EtherTypes::Ipv4);
            arp.set_hw_addr_len(6);
            arp.set_proto_addr_len(4);
            arp.set_operation(self.arp.operation.into());
            arp.set_sender_hw_addr(mac_addr(self.arp.sender_mac));
            arp.set_sender_proto_addr(self.arp.sender_address);
            arp.set_target_hw_addr(mac_addr(self.arp.target_mac));
            arp.set_target_proto_addr(self.arp.target_address);
        }
        octets
    }
}

impl TryFrom<ArpOperation> for Operation {
    type Error = ParseError;

    fn try_from(operation: ArpOperation) -> Result<Self, ParseError> {
        match operation {
            ArpOperations::Request => Ok(Self::Request),
            ArpOperations::Reply => Ok(Self::Reply),
            ArpOperation(other) => Err(ParseError::Operation(other)),
        }
    }
}

impl From<Operation> for ArpOperation {
    fn from(operation: Operation) -> Self {
        match operation {
            Operation::Request => ArpOperations::Request,
            Operation::Reply => ArpOperations::Reply,
        }
    }
}

fn mac(address: MacAddr) -> Mac {
    Mac::new(address.octets())
}

fn mac_addr(mac: Mac) -> MacAddr {
    MacAddr::from(mac.octets())
}

#[cfg(test)]
mod proptests;
#[cfg(test)]
mod tests;
