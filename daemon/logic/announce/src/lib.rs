//! Who announces a VIP: for each one the node that owns it and, in order, those that would follow.
//!
//! MetalLB's election without its gaps: preference weight first, then SHA-256 of `node#address`, lowest wins. There is
//! one election per VIP, not per Service, so Services that share an address never get two owners; the nodes that may
//! announce it are those that may announce it for every one of them.
//!
//! Where this differs from MetalLB, on purpose:
//! - A node that is not Ready is no candidate, and a cordoned one comes after all others.
//! - Services that share an address may be matched by advertisements with Service selectors.

#![forbid(unsafe_code)]

mod candidates;
mod plan;
mod ranking;
mod reason;

#[cfg(test)]
mod proptests;
#[cfg(test)]
mod tests;

pub use candidates::Options;
pub use plan::{Announcement, AnnouncementPlan, plan};
pub use reason::{Obstacle, Reason};
