//! The uplink's address from the network's DHCP server.
//!
//! [`client`] decides (RFC 2131, 4.4), [`task`] owns the socket. Renewals go through the packet socket too, so that the
//! firewall needs no hole for them.

mod client;
mod task;

pub(crate) use task::{Leasing, run};

#[cfg(test)]
mod tests;
