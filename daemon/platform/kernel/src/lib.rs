//! Linux as the daemon needs it: netlink, packet and datagram sockets, sysctls, capabilities, nftables.
//!
//! Everything that talks to the kernel below the level of `std` and tokio lives here, and nothing else does; `unsafe`
//! and netlink types stop at this crate's border. Functions named `ensure_…` compare with the kernel and change only
//! what differs; deletes take what is already gone as done. What we add carries our mark ([`PROTOCOL`]), and only what
//! carries it is removed by a flush.

pub mod capability;
pub mod event;
pub mod feature;
pub mod link;
pub mod netlink;
pub mod nft;
pub mod orphan;
pub mod packet;
pub mod port;
pub mod process;
pub mod realtime;
pub mod route;
pub mod rule;
pub mod signal;
pub mod socket;
pub mod survey;
pub mod sysctl;
pub mod testing;
pub mod unreachable;

mod address;
mod sys;

pub use event::{Changes, Events};
pub use link::{Link, OperState};
pub use netlink::{Netlink, NetlinkError};
pub use packet::{Filter, PacketSocket};
pub use route::{DefaultRoute, NextHop, Route};

/// Marks routes, rules and addresses of ours: `proto 108` (the letter l) in `ip route`, `ip rule` and `ip address`.
pub const PROTOCOL: u8 = 108;
