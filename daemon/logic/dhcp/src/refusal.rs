//! Why a message got no answer, or a name was not published.

use std::net::Ipv4Addr;

use model::{Mac, Reason};

use crate::{Malformed, MessageType};

/// One message that was not served as asked; each is counted by its code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// Not a DHCP message.
    Malformed(Malformed),
    /// A reply, or a type that clients do not send.
    NotARequest(Option<MessageType>),
    /// Hardware address that no client can have.
    ImpossibleMac(Mac),
    /// More messages than a client needs.
    Flood(Mac),
    /// Forwarded by a relay outside the subnet.
    UnknownRelay(Ipv4Addr),
    /// No address is free.
    Exhausted,
    /// The client chose another server.
    OtherServer(Ipv4Addr),
    /// A confirmation of an address that another server may have given.
    UnknownClient(Ipv4Addr),
    /// A REQUEST that names no address, or a DECLINE, RELEASE or INFORM that lacks what it needs.
    Incomplete(MessageType),
    /// A DECLINE or RELEASE of an address by somebody who does not hold it.
    NotHolder(MessageType, Ipv4Addr),
    /// A RELEASE while nothing reaches the disk.
    Unstored(MessageType, Ipv4Addr),
    /// So many addresses are in quarantine that this one is not.
    QuarantineFull(Ipv4Addr),
    /// The name belongs to another client, a reservation or the router; the lease is given without it.
    NameTaken(String),
}

impl Reason for Refused {
    fn code(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "Malformed",
            Self::NotARequest(_) => "NotARequest",
            Self::ImpossibleMac(_) => "ImpossibleMac",
            Self::Flood(_) => "Flood",
            Self::UnknownRelay(_) => "UnknownRelay",
            Self::Exhausted => "Exhausted",
            Self::OtherServer(_) => "OtherServer",
            Self::UnknownClient(_) => "UnknownClient",
            Self::Incomplete(_) => "Incomplete",
            Self::NotHolder(..) => "NotHolder",
            Self::Unstored(..) => "Unstored",
            Self::QuarantineFull(_) => "QuarantineFull",
            Self::NameTaken(_) => "NameTaken",
        }
    }

    fn text(&self) -> String {
        match self {
            Self::Malformed(kind) => kind.to_string(),
            Self::NotARequest(None) => "message type is missing or unknown".to_string(),
            Self::NotARequest(Some(kind)) => format!("{kind} on the server's port"),
            Self::ImpossibleMac(mac) => format!("{mac} cannot be a client's hardware address"),
            Self::Flood(mac) => format!("{mac} sends more than a client needs"),
            Self::UnknownRelay(relay) => {
                format!("relay {relay} is not in the subnet that is served")
            }
            Self::Exhausted => "no address is free: enlarge `range` of [lan.dhcp]".to_string(),
            Self::OtherServer(server) => format!("the client chose server {server}"),
            Self::UnknownClient(address) => {
                format!(
                    "{address} may be another server's lease, and this one is not authoritative"
                )
            }
            Self::Incomplete(kind) => format!("{kind} lacks an address or the server identifier"),
            Self::NotHolder(kind, address) => {
                format!("{kind} of {address} by somebody who does not hold it")
            }
            Self::Unstored(kind, address) => {
                format!("{kind} of {address} cannot be stored: the lease ends in its own time")
            }
            Self::QuarantineFull(address) => {
                format!("{address} is not put aside: too many addresses are")
            }
            Self::NameTaken(name) => format!("name `{name}` belongs to somebody else"),
        }
    }
}
