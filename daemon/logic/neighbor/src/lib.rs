//! Answers for VIPs on an Ethernet segment: ARP packets, the responder, gratuitous announcements, interface choice.
//!
//! Everything here is decided from what comes in and the time that is passed along; `platform/segment` owns the
//! sockets. A frame goes through [`Responder::handle`], whose [`Outcome`] is a reply to send, a conflict to report or a
//! reason to stay silent. [`GratuitousSchedule`] says when a VIP must be announced, [`choose`] on which interface.
//!
//! IPv4 only so far: [`choose`] refuses an IPv6 VIP with [`Silence::Ipv6`].

#![forbid(unsafe_code)]

mod conflict;
mod interface;
mod packet;
mod responder;
mod schedule;

pub use conflict::{ConflictLog, Sighting};
pub use interface::{Interface, Interfaces, Silence, choose};
pub use packet::{ArpPacket, FRAME_LENGTH, Frame, Operation, ParseError, parse};
pub use responder::{Conflict, Ignored, Outcome, Responder};
pub use schedule::{BURST, GratuitousSchedule, gratuitous};
