//! Which ARP requests are answered, and what other ARP packets tell.

use std::{collections::BTreeSet, net::Ipv4Addr};

use model::{Mac, Vip};

use crate::packet::{ArpPacket, FRAME_LENGTH, Frame, Operation, parse};

/// Answers ARP requests for the VIPs that this node owns on one interface, and for nothing else.
#[derive(Clone, Debug)]
pub struct Responder {
    mac: Mac,
    own_macs: BTreeSet<Mac>,
    owned: BTreeSet<Ipv4Addr>,
}

/// What a frame led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Send this frame, which answers for this VIP.
    Reply(Ipv4Addr, [u8; FRAME_LENGTH]),
    /// Somebody else claims a VIP of ours.
    Conflict(Conflict),
    /// Stay silent.
    Ignored(Ignored),
}

/// A host that is not this node said that it has a VIP of ours (RFC 5227, 2.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// The VIP.
    pub vip: Vip,
    /// Who claims it.
    pub mac: Mac,
}

/// Why a frame is not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ignored {
    /// No ARP packet for IPv4 over Ethernet.
    Malformed,
    /// A reply, which asks nothing.
    Reply,
    /// A request for an address that is not ours to answer for: the usual case.
    NotOwned,
    /// Addressed to another host and seen by promiscuous mode.
    OtherDestination,
    /// Sent by this node, on this or another interface of the same segment.
    OwnFrame,
    /// The sender's hardware address is zero or a group: an answer would go to many, or to none.
    InvalidSender,
}

impl Responder {
    /// A responder on the interface with address `mac`; `own_macs` are those of all interfaces of this node.
    pub fn new(mac: Mac, own_macs: BTreeSet<Mac>) -> Self {
        Self {
            mac,
            own_macs,
            owned: BTreeSet::new(),
        }
    }

    /// Sets the VIPs to answer for; IPv6 ones are passed over.
    pub fn own(&mut self, vips: impl IntoIterator<Item = Vip>) {
        self.owned = vips.into_iter().filter_map(v4).collect();
    }

    /// Hardware address that replies carry.
    pub fn mac(&self) -> Mac {
        self.mac
    }

    /// VIPs that are answered for.
    pub fn owned(&self) -> impl Iterator<Item = Ipv4Addr> {
        self.owned.iter().copied()
    }

    /// Takes a received Ethernet frame.
    pub fn handle(&self, frame: &[u8]) -> Outcome {
        let Ok(frame) = parse(frame) else {
            return Outcome::Ignored(Ignored::Malformed);
        };
        let arp = frame.arp;
        if self.own_macs.contains(&arp.sender_mac) || arp.sender_mac == self.mac {
            return Outcome::Ignored(Ignored::OwnFrame);
        }
        if arp.sender_mac == Mac::ZERO || arp.sender_mac.is_group() {
            return Outcome::Ignored(Ignored::InvalidSender);
        }
        if self.owned.contains(&arp.sender_address) {
            return Outcome::Conflict(Conflict {
                vip: Vip::new(arp.sender_address.into()),
                mac: arp.sender_mac,
            });
        }
        match arp.operation {
            Operation::Reply => Outcome::Ignored(Ignored::Reply),
            Operation::Request if !self.owned.contains(&arp.target_address) => {
                Outcome::Ignored(Ignored::NotOwned)
            }
            // Caches refresh their entries by unicast requests.
            Operation::Request
                if frame.destination != Mac::BROADCAST && frame.destination != self.mac =>
            {
                Outcome::Ignored(Ignored::OtherDestination)
            }
            // A probe (sender 0.0.0.0) is answered like any request: that defends the VIP, RFC 5227, 2.1.1.
            Operation::Request => Outcome::Reply(arp.target_address, self.answer(&arp).octets()),
        }
    }

    fn answer(&self, request: &ArpPacket) -> Frame {
        Frame {
            destination: request.sender_mac,
            source: self.mac,
            arp: ArpPacket {
                operation: Operation::Reply,
                sender_mac: self.mac,
                sender_address: request.target_address,
                target_mac: request.sender_mac,
                target_address: request.sender_address,
            },
        }
    }
}

fn v4(vip: Vip) -> Option<Ipv4Addr> {
    match vip.address() {
        std::net::IpAddr::V4(v4) => Some(v4),
        std::net::IpAddr::V6(_) => None,
    }
}

#[cfg(test)]
mod proptests;
#[cfg(test)]
mod tests;
