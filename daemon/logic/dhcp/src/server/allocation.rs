//! Which address a client gets.

use std::{
    collections::BTreeSet,
    net::Ipv4Addr,
    time::{Duration, SystemTime},
};

use crate::{
    Binding, ClientId, Scope,
    leases::Leases,
    offers::Offers,
    server::{Client, probes::Probes},
};

/// An address whose last lease ended this long ago may have been taken by hand since.
const LONG_AGO: Duration = Duration::from_secs(24 * 3600);

/// Chooses addresses and keeps those that are on offer.
#[derive(Clone, Debug, Default)]
pub(super) struct Allocator {
    offers: Offers,
    /// Addresses of the range before this offset were all given or offered once.
    fresh_from: u32,
    /// Addresses before `fresh_from` whose offer was never taken, or whose lease could not be stored.
    returned: BTreeSet<Ipv4Addr>,
}

impl Allocator {
    /// Looks through the whole range again, after the scope changed.
    pub(super) fn start_over(&mut self) {
        self.fresh_from = 0;
        self.returned.clear();
    }

    /// Ends offers that nobody took, and forgets the probes for them.
    pub(super) fn expire_offers(&mut self, now: SystemTime, probes: &mut Probes) {
        for address in self.offers.expire(now) {
            probes.end(address);
            self.returned.insert(address);
        }
    }

    /// Whether this address was offered to the client.
    pub(super) fn has_offer(&self, client: &ClientId, address: Ipv4Addr) -> bool {
        self.offers.of_client(client) == Some(address)
    }

    /// Keeps the address for the client until it answers.
    pub(super) fn hold(&mut self, client: &ClientId, address: Ipv4Addr, now: SystemTime) {
        self.returned.remove(&address);
        if let Some(earlier) = self.offers.hold(address, client, now) {
            self.returned.insert(earlier);
        }
    }

    /// The client does not want our offer, or its address proved unusable.
    pub(super) fn withdraw(&mut self, client: &ClientId) {
        if let Some(address) = self.offers.of_client(client) {
            self.offers.end(address);
            self.returned.insert(address);
        }
    }

    /// The address is leased now.
    pub(super) fn taken(&mut self, address: Ipv4Addr) {
        self.offers.end(address);
        self.returned.remove(&address);
    }

    /// Nothing is remembered of the address: whoever had it does not.
    pub(super) fn give_back(&mut self, address: Ipv4Addr) {
        self.returned.insert(address);
    }

    /// The address for a client: its reservation, what it had or was offered, what it asks for, an address that
    /// nobody had, the least recently used one, and at last one whose offer was not answered.
    pub(super) fn choose(
        &mut self,
        scope: &Scope,
        leases: &Leases,
        client: &Client,
        wanted: Option<Ipv4Addr>,
        now: SystemTime,
    ) -> Option<Ipv4Addr> {
        let reserved = scope.reservation(client.mac).map(|kept| kept.address);
        let earlier = leases.of_client(&client.id).map(|binding| binding.address);
        let offered = self.offers.of_client(&client.id);
        [reserved, offered, earlier, wanted]
            .into_iter()
            .flatten()
            .find(|address| self.is_available(scope, leases, client, *address, now))
            .or_else(|| self.fresh(scope, leases))
            .or_else(|| self.idle(scope, leases, now))
            .or_else(|| self.offers.stale(now).find(|at| scope.is_dynamic(*at)))
    }

    /// Whether this client may have this address now. A reservation is never lendable: only its MAC may have it, and
    /// that MAC gets nothing else, unless the address is still another client's lease.
    pub(super) fn is_available(
        &self,
        scope: &Scope,
        leases: &Leases,
        client: &Client,
        address: Ipv4Addr,
        now: SystemTime,
    ) -> bool {
        match scope.reservation(client.mac).map(|kept| kept.address) {
            Some(reserved) if reserved == address => {
                return scope.is_host(address) && !leased_to_other(leases, client, address, now);
            }
            Some(reserved) if !leased_to_other(leases, client, reserved, now) => return false,
            Some(_) | None => {}
        }
        let declined = leases
            .get(address)
            .is_some_and(|binding| binding.is_declined(now));
        let other = leases
            .get(address)
            .is_some_and(|binding| binding.is_leased(now) && binding.client != client.id);
        let offered = self
            .offers
            .holder(address)
            .is_some_and(|holder| *holder != client.id);
        scope.is_dynamic(address) && !declined && !other && !offered
    }

    /// Whether somebody may sit on the address without our knowledge: it was never leased, or long ago, or a lease may
    /// have been forgotten (`wary`). Reserved addresses and the client's own are offered at once.
    pub(super) fn needs_probe(
        scope: &Scope,
        leases: &Leases,
        client: &Client,
        address: Ipv4Addr,
        wary: bool,
        now: SystemTime,
    ) -> bool {
        let is_own = |binding: &Binding| binding.is_leased(now) && binding.client == client.id;
        scope.reserved_for(address).is_none()
            && leases.get(address).is_none_or(|binding| {
                binding.free_from() + LONG_AGO <= now || (wary && !is_own(binding))
            })
    }

    /// An address that nobody had yet. The cursor passes each address once; offers that were not taken come back
    /// through `returned`.
    fn fresh(&mut self, scope: &Scope, leases: &Leases) -> Option<Ipv4Addr> {
        let is_fresh = |address: Ipv4Addr, offers: &Offers| {
            scope.is_dynamic(address)
                && leases.get(address).is_none()
                && offers.holder(address).is_none()
        };
        while let Some(address) = scope.nth_of_range(self.fresh_from) {
            if is_fresh(address, &self.offers) {
                return Some(address);
            }
            self.fresh_from += 1;
        }
        let returned = self
            .returned
            .iter()
            .copied()
            .find(|address| is_fresh(*address, &self.offers));
        if returned.is_none() {
            self.returned.clear();
        }
        returned
    }

    fn idle(&self, scope: &Scope, leases: &Leases, now: SystemTime) -> Option<Ipv4Addr> {
        leases
            .idle(now)
            .find(|address| scope.is_dynamic(*address) && self.offers.holder(*address).is_none())
    }
}

/// Whether another host holds a lease of the address. A host that changed its client identifier, as between a boot
/// loader and the system it starts, is the same host.
fn leased_to_other(leases: &Leases, client: &Client, address: Ipv4Addr, now: SystemTime) -> bool {
    leases
        .get(address)
        .is_some_and(|binding| binding.is_leased(now) && binding.mac != client.mac)
}
