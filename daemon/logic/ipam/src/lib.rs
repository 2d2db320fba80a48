//! Who gets which address: pools, requests and what is held already give an [`AllocationPlan`].
//!
//! The rules are MetalLB's (`metallb.io`). [`plan`] decides; [`follow`] reads what the lease holder decided from the
//! status of the Services. Both are pure: the same snapshot gives the same plan, and planning again from the plan's own
//! allocations changes nothing.
//!
//! Where this differs from MetalLB, on purpose:
//! - Services that ask for an address, then those that ask for a pool, choose before those that take any.
//! - Unpinned pools are tried by name, not in random order.
//! - A pool that overlaps an earlier one is refused alone, and hands out nothing new; what is held from it stays.
//! - The address of a node is never given out.
//! - A Service that goes from one address family to two, or back, keeps the address it has.

#![forbid(unsafe_code)]

mod ledger;
mod plan;
mod pools;
mod reason;
mod request;

#[cfg(test)]
mod proptests;
#[cfg(test)]
mod tests;

pub use plan::{AllocationPlan, Holdings, PoolUse, follow, plan};
pub use reason::{Conflict, Reason};
