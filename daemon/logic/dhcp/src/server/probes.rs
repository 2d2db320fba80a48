//! DISCOVERs that wait for an ARP probe.

use std::{collections::BTreeMap, net::Ipv4Addr};

use super::Request;

/// Probes under way at once. Beyond that addresses are offered unprobed: clients probe them too (RFC 5227), and a
/// flood must not become a flood of ARP.
const MOST: usize = 64;

/// Who waits for which address.
#[derive(Clone, Debug, Default)]
pub(super) struct Probes {
    waiting: BTreeMap<Ipv4Addr, Request>,
}

impl Probes {
    /// Whether one more probe may start.
    pub(super) fn has_room(&self) -> bool {
        self.waiting.len() < MOST
    }

    /// Lets the request wait. If the client waits already, its newer message replaces the older one.
    pub(super) fn wait(&mut self, address: Ipv4Addr, request: Request) {
        self.waiting.insert(address, request);
    }

    /// Whether a probe of the address is under way.
    pub(super) fn is_waiting(&self, address: Ipv4Addr) -> bool {
        self.waiting.contains_key(&address)
    }

    /// The probe is over: who waited.
    pub(super) fn end(&mut self, address: Ipv4Addr) -> Option<Request> {
        self.waiting.remove(&address)
    }
}
