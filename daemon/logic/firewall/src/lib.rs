//! The router's packet filter and address translation: a [`Network`] in, one complete nftables [`Ruleset`] out.
//!
//! Everything is in one table of our own, `inet lanlord`, which is replaced as a whole in one transaction: at each moment
//! either the old or the new ruleset is in force, and connection tracking is not touched. Other tables of the host are
//! left alone, and so are interfaces that are neither LAN nor uplink.
//!
//! ```text
//!              raw -300                mangle -150    filter 0            dstnat -100   srcnat 100
//! prerouting   spoof: drop                                                forwards
//!              LAN <-> pools: notrack
//! input                                               uplink: trusted to services, else drop
//! forward                              MSS clamp      LAN <-> pools, state, trusted to pools, forwards, LAN out
//! postrouting                                                                           masquerade, hairpin
//! ```

#![forbid(unsafe_code)]

mod expression;
mod network;
mod ruleset;

pub use network::{Forward, Lan, Network, Port, Transport, Uplink};
pub use ruleset::{FAMILY, Ruleset, TABLE};
