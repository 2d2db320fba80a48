//! The Kubernetes API: who we are there, watches in, status and events out, and the Lease that says who writes.

mod connect;
mod counters;
mod credentials;
mod debounce;
mod events;
mod installed;
mod lease;
mod load;
mod status;
mod survey;
mod token;
mod trouble;
mod watch;
mod writer;

pub use connect::{ConnectError, Verdict};
pub use counters::Counters;
pub use credentials::{Credentials, Kubelet, Proof, ReadError, Server};
pub use installed::{LookError, Outdated, outdated, report_outdated};
pub use lease::{LEASE, LeaseSettings, hold_lease};
pub use load::{LoadError, Loaded, load};
pub use survey::survey;
pub use token::{Token, TokenError, read_token};
pub use trouble::Troubles;
pub use watch::{WatchEnded, watch};
pub use writer::{WriteError, Writer, Written};

#[cfg(test)]
mod mock;
