//! All bindings of a scope, found by address, client, name, or age.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::Ipv4Addr,
    time::SystemTime,
};

use crate::{Binding, ClientId};

/// At most one binding per address: the table is as large as range and reservations, whatever clients do.
#[derive(Clone, Debug, Default)]
pub(crate) struct Leases {
    bindings: BTreeMap<Ipv4Addr, Binding>,
    by_client: BTreeMap<ClientId, Ipv4Addr>,
    by_name: BTreeMap<String, Ipv4Addr>,
    /// Oldest first; those in the future are not free yet.
    by_age: BTreeSet<(SystemTime, Ipv4Addr)>,
    declined: BTreeSet<(SystemTime, Ipv4Addr)>,
}

impl Leases {
    pub(crate) fn get(&self, address: Ipv4Addr) -> Option<&Binding> {
        self.bindings.get(&address)
    }

    /// The client's latest binding, in whatever state.
    pub(crate) fn of_client(&self, client: &ClientId) -> Option<&Binding> {
        self.bindings.get(self.by_client.get(client)?)
    }

    /// Who holds a lease under this name.
    pub(crate) fn of_name(&self, name: &str, now: SystemTime) -> Option<&Binding> {
        let binding = self.bindings.get(self.by_name.get(name)?)?;
        binding.is_leased(now).then_some(binding)
    }

    /// Addresses that were used and are free now, the least recently used first.
    pub(crate) fn idle(&self, now: SystemTime) -> impl Iterator<Item = Ipv4Addr> {
        self.by_age
            .iter()
            .take_while(move |(free_from, _)| *free_from <= now)
            .map(|(_, address)| *address)
    }

    /// Number of addresses in quarantine.
    pub(crate) fn quarantined(&self, now: SystemTime) -> usize {
        self.declined
            .iter()
            .rev()
            .take_while(|(until, _)| *until > now)
            .count()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Binding> {
        self.bindings.values()
    }

    /// Replaces what was known about the address.
    pub(crate) fn put(&mut self, binding: Binding) {
        self.remove(binding.address);
        let address = binding.address;
        self.by_client.insert(binding.client.clone(), address);
        if let Some(name) = &binding.hostname {
            self.by_name.insert(name.clone(), address);
        }
        self.by_age.insert((binding.free_from(), address));
        if let crate::State::Declined(until) = binding.state {
            self.declined.insert((until, address));
        }
        self.bindings.insert(address, binding);
    }

    /// Forgets the address.
    pub(crate) fn remove(&mut self, address: Ipv4Addr) {
        let Some(old) = self.bindings.remove(&address) else {
            return;
        };
        self.by_age.remove(&(old.free_from(), address));
        self.declined.remove(&(old.free_from(), address));
        if self.by_client.get(&old.client) == Some(&address) {
            self.by_client.remove(&old.client);
        }
        if let Some(name) = &old.hostname
            && self.by_name.get(name) == Some(&address)
        {
            self.by_name.remove(name);
        }
    }
}

impl FromIterator<Binding> for Leases {
    /// Bindings in the order they were made: a later one replaces an earlier one of the same address.
    fn from_iter<I: IntoIterator<Item = Binding>>(bindings: I) -> Self {
        let mut leases = Self::default();
        bindings.into_iter().for_each(|binding| leases.put(binding));
        leases
    }
}
