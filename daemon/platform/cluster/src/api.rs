//! The Kubernetes API: watches in, status and events out, and the Lease that says who writes.

mod connect;
mod counters;
mod debounce;
mod events;
mod lease;
mod status;
mod watch;
mod writer;

pub use connect::{ConnectError, connect};
pub use counters::Counters;
pub use lease::{LEASE, LeaseSettings, hold_lease};
pub use watch::{WatchEnded, watch};
pub use writer::{WriteError, Writer, Written};

#[cfg(test)]
mod mock;
