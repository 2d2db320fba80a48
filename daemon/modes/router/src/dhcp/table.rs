//! The leases of one LAN as others see them.

use std::{collections::BTreeMap, net::Ipv4Addr, time::SystemTime};

use ::dhcp::Binding;

#[cfg(test)]
mod tests;

/// All bindings that are on disk, or kept for a disk that cannot be written now, and the names of those leased.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct LeaseTable {
    bindings: BTreeMap<Ipv4Addr, Binding>,
    names: BTreeMap<String, Ipv4Addr>,
}

impl LeaseTable {
    /// The table of these bindings, of which the last of an address counts.
    pub(super) fn new(bindings: impl IntoIterator<Item = Binding>, now: SystemTime) -> Self {
        let mut table = Self::default();
        for binding in bindings {
            table.put(binding, now);
        }
        table
    }

    /// Every binding: leased, given back or put aside.
    pub(crate) fn bindings(&self) -> impl Iterator<Item = &Binding> {
        self.bindings.values()
    }

    /// The last word about an address.
    pub(super) fn get(&self, address: Ipv4Addr) -> Option<&Binding> {
        self.bindings.get(&address)
    }

    /// Host names of clients that hold a lease, each held by one client.
    #[cfg(test)]
    pub(super) const fn names(&self) -> &BTreeMap<String, Ipv4Addr> {
        &self.names
    }

    /// Puts what became of an address; whether that changes who is there or under which name.
    pub(super) fn put(&mut self, binding: Binding, now: SystemTime) -> bool {
        let address = binding.address;
        let seen = |binding: &Binding| {
            let leased = binding.is_leased(now);
            leased.then(|| (binding.client.clone(), binding.hostname.clone()))
        };
        let before = self.bindings.get(&address).and_then(seen);
        let changes = before != seen(&binding);
        self.names.retain(|_, holder| *holder != address);
        if let Some(name) = binding.hostname.as_ref().filter(|_| binding.is_leased(now)) {
            self.names.insert(name.clone(), address);
        }
        self.bindings.insert(address, binding);
        changes
    }

    /// Takes the names of leases that are over away; whether there were any.
    pub(super) fn expire(&mut self, now: SystemTime) -> bool {
        let before = self.names.len();
        let bindings = &self.bindings;
        self.names.retain(|_, holder| {
            bindings
                .get(holder)
                .is_some_and(|binding| binding.is_leased(now))
        });
        before != self.names.len()
    }
}
