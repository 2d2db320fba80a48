//! Leases while the disk cannot be written.
//!
//! A lease that was acknowledged must survive a power loss. Without a disk that holds for three kinds of leases only,
//! and these are all that is given:
//!
//! - of a reservation: the configuration remembers it;
//! - as long as one that is on disk: what was promised before is promised again, for no longer;
//! - so short a one that a router which forgot it does no harm. For as long as such a lease lasts every address is
//!   looked for by ARP before it is offered, in this run and after the next start, and its holder comes back to renew
//!   it within half that time.

use std::{
    net::Ipv4Addr,
    time::{Duration, SystemTime},
};

use super::{Request, Server};

/// Length of a lease that only memory knows.
pub const VOLATILE_LEASE: Duration = Duration::from_secs(300);

/// Whether bindings reach the disk, and how far addresses that seem free can be trusted to be.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Storage {
    is_volatile: bool,
    wary_until: Option<SystemTime>,
}

impl Storage {
    /// Whether somebody may hold an address by a lease that was forgotten.
    pub(super) fn is_wary(self, now: SystemTime) -> bool {
        self.is_volatile || self.wary_until.is_some_and(|until| now < until)
    }

    pub(super) const fn is_volatile(self) -> bool {
        self.is_volatile
    }
}

impl Server {
    /// Says whether bindings stay in memory only from now on. The driver keeps those that it could not store, and stores
    /// them before it takes this back.
    pub const fn set_volatile(&mut self, is_volatile: bool) {
        self.storage.is_volatile = is_volatile;
    }

    /// Whether bindings stay in memory only.
    pub const fn is_volatile(&self) -> bool {
        self.storage.is_volatile()
    }

    /// Tells of a start: the run before may have ended without a disk, and with leases that nobody remembers.
    pub fn started(&mut self, now: SystemTime) {
        self.storage.wary_until = Some(now + VOLATILE_LEASE);
    }

    /// The longest lease of the address that this client may get.
    pub(super) fn longest_lease(
        &self,
        request: &Request,
        address: Ipv4Addr,
        now: SystemTime,
    ) -> Duration {
        let most = self.scope.lease_time;
        if !self.storage.is_volatile() || self.reservation(request, address).is_some() {
            return most;
        }
        let kept = self
            .leases
            .get(address)
            .filter(|binding| binding.is_leased(now) && binding.client == request.client.id)
            .and_then(|binding| binding.free_from().duration_since(now).ok())
            // The record of a lease ends up to a second later than the lease: it must not grow by that each time.
            .and_then(|left| left.checked_sub(Duration::from_secs(1)));
        kept.unwrap_or_default().max(VOLATILE_LEASE).min(most)
    }
}
