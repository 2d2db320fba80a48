//! The DHCP message (RFC 2131, 2), read and written.

use std::{fmt, net::Ipv4Addr};

use model::Mac;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{Options, code};

#[cfg(test)]
mod tests;

/// Octets before the options: BOOTP header and magic cookie.
const HEADER: usize = 240;
const SNAME: std::ops::Range<usize> = 44..108;
const FILE: std::ops::Range<usize> = 108..236;
const COOKIE: [u8; 4] = [99, 130, 83, 99];
/// RFC 1542, 2.1: BOOTP clients and relays may discard messages that are shorter.
const MINIMUM: usize = 300;
const BROADCAST_FLAG: u16 = 0x8000;

/// Message types of RFC 2132, 9.6.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum MessageType {
    /// Client looks for servers.
    Discover,
    /// Server offers an address.
    Offer,
    /// Client takes, confirms or extends an address.
    Request,
    /// Client found the address in use.
    Decline,
    /// Server commits.
    Ack,
    /// Server refuses.
    Nak,
    /// Client gives the address back.
    Release,
    /// Client has an address and wants the rest.
    Inform,
}

/// A DHCP message from or for an Ethernet client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Whether a server sent it (`op` is BOOTREPLY).
    pub is_reply: bool,
    /// Hardware type: 1 for Ethernet, 6 for IEEE 802; both use MAC addresses.
    pub htype: u8,
    /// Relays passed.
    pub hops: u8,
    /// Transaction, chosen by the client.
    pub xid: u32,
    /// Seconds since the client began.
    pub secs: u16,
    /// Flags as sent; only the broadcast flag has a meaning.
    pub flags: u16,
    /// Address the client has and answers on.
    pub ciaddr: Ipv4Addr,
    /// Address given to the client.
    pub yiaddr: Ipv4Addr,
    /// Next server of a boot.
    pub siaddr: Ipv4Addr,
    /// Relay that forwarded the message.
    pub giaddr: Ipv4Addr,
    /// Hardware address of the client.
    pub mac: Mac,
    /// All options, those in `file` and `sname` included.
    pub options: Options,
}

/// Octets that are no DHCP message for Ethernet.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq, PartialOrd, Ord)]
pub enum Malformed {
    /// Shorter than header and cookie.
    #[error("message of {0} octets is shorter than a DHCP header")]
    Short(usize),
    /// `op` is neither request nor reply.
    #[error("op {0} is neither BOOTREQUEST nor BOOTREPLY")]
    Op(u8),
    /// Hardware address that is not a MAC address.
    #[error("hardware type {htype} with address length {hlen} is not Ethernet")]
    Hardware {
        /// `htype` as sent.
        htype: u8,
        /// `hlen` as sent.
        hlen: u8,
    },
    /// BOOTP without the DHCP cookie.
    #[error("magic cookie is missing")]
    Cookie,
}

impl Message {
    /// Reads a UDP payload. Options that make no sense are left out; see [`Options`].
    pub fn parse(octets: &[u8]) -> Result<Self, Malformed> {
        let (header, area) = octets
            .split_first_chunk::<HEADER>()
            .ok_or(Malformed::Short(octets.len()))?;
        let is_reply = match header[0] {
            1 => false,
            2 => true,
            op => return Err(Malformed::Op(op)),
        };
        let (htype, hlen) = (header[1], header[2]);
        if !matches!(htype, 1 | 6) || hlen != 6 {
            return Err(Malformed::Hardware { htype, hlen });
        }
        if header[236..] != COOKIE {
            return Err(Malformed::Cookie);
        }
        Ok(Self {
            is_reply,
            htype,
            hops: header[3],
            xid: u32::from_be_bytes(four(header, 4)),
            secs: u16::from_be_bytes([header[8], header[9]]),
            flags: u16::from_be_bytes([header[10], header[11]]),
            ciaddr: Ipv4Addr::from(four(header, 12)),
            yiaddr: Ipv4Addr::from(four(header, 16)),
            siaddr: Ipv4Addr::from(four(header, 20)),
            giaddr: Ipv4Addr::from(four(header, 24)),
            mac: Mac::new([
                header[28], header[29], header[30], header[31], header[32], header[33],
            ]),
            options: read_options(header, area),
        })
    }

    /// The message as UDP payload, padded to 300 octets.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(MINIMUM);
        out.extend([if self.is_reply { 2 } else { 1 }, self.htype, 6, self.hops]);
        out.extend(self.xid.to_be_bytes());
        out.extend(self.secs.to_be_bytes());
        out.extend(self.flags.to_be_bytes());
        for address in [self.ciaddr, self.yiaddr, self.siaddr, self.giaddr] {
            out.extend(address.octets());
        }
        out.extend(self.mac.octets());
        out.resize(FILE.end, 0);
        out.extend(COOKIE);
        self.options.write(&mut out);
        if out.len() < MINIMUM {
            out.resize(MINIMUM, 0);
        }
        out
    }

    /// Its type; none for plain BOOTP or an unknown type.
    pub fn message_type(&self) -> Option<MessageType> {
        MessageType::from_octet(self.options.octet(code::MESSAGE_TYPE)?)
    }

    /// Whether the client cannot receive unicast before it has an address.
    pub const fn wants_broadcast(&self) -> bool {
        self.flags & BROADCAST_FLAG != 0
    }

    /// Sets the broadcast flag.
    pub const fn set_broadcast(&mut self) {
        self.flags |= BROADCAST_FLAG;
    }
}

impl MessageType {
    /// The value of option 53.
    pub const fn octet(self) -> u8 {
        match self {
            Self::Discover => 1,
            Self::Offer => 2,
            Self::Request => 3,
            Self::Decline => 4,
            Self::Ack => 5,
            Self::Nak => 6,
            Self::Release => 7,
            Self::Inform => 8,
        }
    }

    /// The type with this value of option 53.
    pub const fn from_octet(octet: u8) -> Option<Self> {
        Some(match octet {
            1 => Self::Discover,
            2 => Self::Offer,
            3 => Self::Request,
            4 => Self::Decline,
            5 => Self::Ack,
            6 => Self::Nak,
            7 => Self::Release,
            8 => Self::Inform,
            _ => return None,
        })
    }
}

impl fmt::Display for MessageType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Discover => "DISCOVER",
            Self::Offer => "OFFER",
            Self::Request => "REQUEST",
            Self::Decline => "DECLINE",
            Self::Ack => "ACK",
            Self::Nak => "NAK",
            Self::Release => "RELEASE",
            Self::Inform => "INFORM",
        })
    }
}

/// Options, then `file`, then `sname`, as far as option 52 says that they hold options (RFC 3396, 5).
fn read_options(header: &[u8; HEADER], area: &[u8]) -> Options {
    let mut options = Options::new();
    options.read(area);
    let overload = options.octet(code::OVERLOAD).unwrap_or(0);
    if overload & 1 != 0 {
        options.read(&header[FILE]);
    }
    if overload & 2 != 0 {
        options.read(&header[SNAME]);
    }
    options
}

fn four(header: &[u8; HEADER], at: usize) -> [u8; 4] {
    [header[at], header[at + 1], header[at + 2], header[at + 3]]
}
