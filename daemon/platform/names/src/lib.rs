//! DNS on the wire: listening sockets, other resolvers, zone files, and the client that keeps a server's zones in step.
//!
//! What to answer is decided in `dns`; this crate moves messages. [`Keeper`] owns what the zones hold, [`Responder`]
//! answers from it, [`serve_udp`] and [`serve_tcp`] are one future per socket. [`Client`] is the other side: the lease
//! holder of a cluster uses it to push names to the router, or to BIND, Knot and others.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "record types and codes are open sets; enums of our own are matched by name"
)]

mod client;
mod counters;
mod frames;
mod keeper;
mod responder;
mod server;
mod upstream;
mod zone_files;

pub use client::{Client, ClientError, Facts, NameRefusal, Synced};
pub use counters::{Counters, Counts};
pub use keeper::{Batch, Keeper};
pub use responder::{Handling, Responder};
pub use server::{serve_tcp, serve_udp};
pub use upstream::{Resolver, Upstream, UpstreamStatus};
pub use zone_files::{ZoneFileError, ZoneFiles};
