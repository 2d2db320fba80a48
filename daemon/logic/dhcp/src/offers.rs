//! Offers that no REQUEST has answered yet.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::Ipv4Addr,
    time::{Duration, SystemTime},
};

use crate::ClientId;

/// How long an offer keeps the address from others. Clients answer within seconds.
const HOLD: Duration = Duration::from_secs(30);
/// An offer this old may be taken back when nothing else is free, so that DISCOVERs alone cannot starve a LAN.
const YOUNG: Duration = Duration::from_secs(2);

/// Offers by address and by client, one per client. They are kept apart from leases and forgotten over a restart.
#[derive(Clone, Debug, Default)]
pub(crate) struct Offers {
    held: BTreeMap<Ipv4Addr, (ClientId, SystemTime)>,
    by_client: BTreeMap<ClientId, Ipv4Addr>,
    by_age: BTreeSet<(SystemTime, Ipv4Addr)>,
}

impl Offers {
    pub(crate) fn of_client(&self, client: &ClientId) -> Option<Ipv4Addr> {
        self.by_client.get(client).copied()
    }

    pub(crate) fn holder(&self, address: Ipv4Addr) -> Option<&ClientId> {
        self.held.get(&address).map(|(client, _)| client)
    }

    /// Holds the address for the client; an earlier offer to it, or of this address, ends. Returns the address of
    /// that earlier offer if it was another one.
    pub(crate) fn hold(
        &mut self,
        address: Ipv4Addr,
        client: &ClientId,
        now: SystemTime,
    ) -> Option<Ipv4Addr> {
        let earlier = self.of_client(client).filter(|other| *other != address);
        if let Some(other) = earlier {
            self.end(other);
        }
        self.end(address);
        self.held.insert(address, (client.clone(), now));
        self.by_client.insert(client.clone(), address);
        self.by_age.insert((now, address));
        earlier
    }

    /// Ends the offer of this address.
    pub(crate) fn end(&mut self, address: Ipv4Addr) {
        if let Some((client, since)) = self.held.remove(&address) {
            self.by_client.remove(&client);
            self.by_age.remove(&(since, address));
        }
    }

    /// Ends offers that were not answered in time and returns their addresses.
    pub(crate) fn expire(&mut self, now: SystemTime) -> Vec<Ipv4Addr> {
        let over: Vec<_> = self
            .by_age
            .iter()
            .take_while(|(since, _)| *since + HOLD <= now)
            .map(|(_, address)| *address)
            .collect();
        over.iter().for_each(|address| self.end(*address));
        over
    }

    /// Offers that may be taken back in need, the oldest first.
    pub(crate) fn stale(&self, now: SystemTime) -> impl Iterator<Item = Ipv4Addr> {
        self.by_age
            .iter()
            .take_while(move |(since, _)| *since + YOUNG <= now)
            .map(|(_, address)| *address)
    }
}
