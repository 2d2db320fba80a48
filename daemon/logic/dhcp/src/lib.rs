//! DHCPv4 server side (RFC 2131), without sockets, clock or disk.
//!
//! A packet goes in with the time it arrived, and [`Server::handle`] says what to do: keep a [`Binding`] on disk, send
//! a [`Reply`], probe an address, or count a [`Refused`] message. The driver in `modes/router` owns sockets and journal
//! and sends a reply only after what came before it is on disk. [`Guard`] decides whether this LAN may be served at all.
//!
//! ```text
//!   frame -> Datagram -> Message -> Server --> Store(Binding)  journal
//!                                      |-----> Send(Reply) ->  frame
//!                                      '-----> Probe(address)  ARP, answered with Server::probed
//! ```

#![forbid(unsafe_code)]

mod binding;
mod client;
mod discovery;
mod flood;
mod frame;
mod guard;
mod hostname;
mod leases;
mod message;
mod offers;
mod options;
mod refusal;
mod reply;
mod scope;
mod server;

pub use binding::{Binding, State};
pub use client::{ClientId, ClientIdError};
pub use discovery::{RouterAdvertisement, inform, probe_discover, router_solicitation};
pub use frame::{Datagram, FrameError, datagram_frame};
pub use guard::{Guard, Instruction, Other, Sighting, Verdict};
pub use hostname::clean_hostname;
pub use message::{Malformed, Message, MessageType};
pub use options::{Options, code};
pub use refusal::Refused;
pub use reply::{Destination, Reply};
pub use scope::{Reservation, Route, Scope};
pub use server::{Arrival, Output, Probed, Server, VOLATILE_LEASE};
