//! The wire thread: the one place that owns ARP sockets and answers for VIPs.
//!
//! ```text
//!  node ──orders (watch)──▶ ┌────────────── wire thread ──────────────┐ ──report (watch)──▶ node
//!                           │ current-thread runtime, real-time       │
//!  kernel ──link events───▶ │ scan ▸ choose interface ▸ Port per NIC: │ ──counters (atomics)─▶ metrics
//!  segment ◀──ARP frames──▶ │   packet socket, responder, schedule    │
//!                           └─────────────────────────────────────────┘
//! ```
//!
//! Orders say which VIPs this node owns; the thread finds the interfaces, answers and announces. It goes on with its
//! last orders when nobody gives new ones, and ends only when the [`Segment`] is stopped or dropped, or by a panic,
//! which [`Segment::failed`] tells. It writes no log, since a full pipe must not stall it: run [`log_changes`] in a task
//! of the daemon. It belongs to the network namespace of the thread that started it.

mod counters;
mod port;
mod report;
mod thread;
mod wire;

use std::collections::{BTreeMap, BTreeSet};

use kernel::{NetlinkError, capability::CapabilityError, feature::FeatureError};
use model::Vip;
use serde::{Deserialize, Serialize};
use thiserror::Error;

pub use counters::{Counter, Counters, VipCounters};
pub use report::{Report, log_changes};
pub use thread::{Failure, Segment, start};

/// What this node is to answer for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Orders {
    /// VIPs that this node owns.
    pub vips: BTreeMap<Vip, Placement>,
}

/// Where a VIP is announced.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Placement {
    /// Interfaces by name; empty: by subnet, else by default route (see [`neighbor::choose`]).
    pub interfaces: BTreeSet<String>,
}

/// How the thread works.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// Interfaces that may be used; empty: all but those that MetalLB excludes by name, and enslaved ports.
    pub interfaces: Vec<String>,
}

/// Why the thread could not be started.
#[derive(Debug, Error)]
pub enum Error {
    /// CAP_NET_RAW is missing.
    #[error(transparent)]
    Capability(#[from] CapabilityError),
    /// The kernel has no packet sockets.
    #[error(transparent)]
    Feature(#[from] FeatureError),
    /// No thread or no runtime.
    #[error("start the wire thread")]
    Thread(#[source] std::io::Error),
    /// No netlink.
    #[error("watch the network interfaces")]
    Netlink(#[source] NetlinkError),
}
