//! The server: one message in, what to do out.

use std::{net::Ipv4Addr, time::SystemTime};

use model::Mac;

use crate::{
    Binding, ClientId, Message, MessageType, Refused, Reply, Scope, flood::Flood, leases::Leases,
};

mod allocation;
mod discover;
mod farewell;
mod probes;
mod request;
mod storage;

#[cfg(test)]
mod proptests;
#[cfg(test)]
mod tests;

pub use self::storage::VOLATILE_LEASE;
use self::{allocation::Allocator, probes::Probes, storage::Storage};

/// Serves one scope. It owns all bindings; the driver keeps a copy of each on disk.
#[derive(Clone, Debug)]
pub struct Server {
    scope: Scope,
    leases: Leases,
    allocator: Allocator,
    probes: Probes,
    flood: Flood,
    storage: Storage,
}

/// How a message came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// Ethernet source.
    pub source_mac: Mac,
    /// IPv4 source, unspecified when the client has none.
    pub source: Ipv4Addr,
    /// IPv4 destination.
    pub destination: Ipv4Addr,
}

/// What to do, in this order: a reply may leave only after the bindings before it are on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Keep this binding. Where that fails, call [`Server::revert`] and send nothing, unless the server was told
    /// before that it is so ([`Server::set_volatile`]).
    Store(Binding),
    /// Send this.
    Send(Reply),
    /// Find out whether somebody uses the address, and answer with [`Server::probed`] within half a second or so.
    Probe(Ipv4Addr),
    /// A message was not served as asked: count it.
    Refused(Refused),
}

/// What an ARP probe found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Probed {
    /// Nobody answered.
    Free,
    /// This host answered.
    Taken(Mac),
}

/// A message that a client sent, as far as every kind of it needs.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) message: Message,
    pub(crate) kind: MessageType,
    pub(crate) client: Client,
    pub(crate) arrival: Arrival,
}

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Client {
    pub(crate) id: ClientId,
    pub(crate) mac: Mac,
}

impl Server {
    /// A server that remembers these bindings, oldest first; of one address the last counts.
    pub fn new(scope: Scope, bindings: impl IntoIterator<Item = Binding>) -> Self {
        Self {
            scope,
            leases: bindings.into_iter().collect(),
            allocator: Allocator::default(),
            probes: Probes::default(),
            flood: Flood::default(),
            storage: Storage::default(),
        }
    }

    /// Serves another scope from now on. Bindings stay: a client whose address is no longer ours to give hears NAK at
    /// its next renewal.
    pub fn reconfigure(&mut self, scope: Scope) {
        // An address that was reserved, or ours, may be anybody's now.
        self.allocator.start_over();
        self.scope = scope;
    }

    /// Whether clients unknown to us are refused or left to other servers; see [`Scope::authoritative`].
    pub const fn set_authoritative(&mut self, authoritative: bool) {
        self.scope.authoritative = authoritative;
    }

    /// What is given out.
    pub const fn scope(&self) -> &Scope {
        &self.scope
    }

    /// Everything that is remembered, by address.
    pub fn bindings(&self) -> impl Iterator<Item = &Binding> {
        self.leases.iter()
    }

    /// Takes back a [`Output::Store`] that did not reach the disk: `kept` is what the disk says of the address.
    pub fn revert(&mut self, address: Ipv4Addr, kept: Option<Binding>) {
        match kept {
            Some(binding) => self.leases.put(binding),
            None => {
                self.leases.remove(address);
                self.allocator.give_back(address);
            }
        }
    }

    /// Answers one UDP payload that arrived on port 67.
    pub fn handle(&mut self, payload: &[u8], arrival: Arrival, now: SystemTime) -> Vec<Output> {
        self.allocator.expire_offers(now, &mut self.probes);
        let request = match self.admit(payload, arrival, now) {
            Ok(request) => request,
            Err(refused) => return vec![Output::Refused(refused)],
        };
        let outcome = match request.kind {
            MessageType::Discover => self.discover(request, now),
            MessageType::Request => self.request(&request, now),
            MessageType::Decline => self.decline(&request, now),
            MessageType::Release => self.release(&request, now),
            MessageType::Inform => self.inform(&request),
            kind @ (MessageType::Offer | MessageType::Ack | MessageType::Nak) => {
                Err(Refused::NotARequest(Some(kind)))
            }
        };
        outcome.unwrap_or_else(|refused| vec![Output::Refused(refused)])
    }

    /// What every message must be, before anything is decided by it.
    fn admit(
        &mut self,
        payload: &[u8],
        arrival: Arrival,
        now: SystemTime,
    ) -> Result<Request, Refused> {
        let message = Message::parse(payload).map_err(Refused::Malformed)?;
        let kind = match message.message_type() {
            Some(kind) if !message.is_reply => kind,
            other => return Err(Refused::NotARequest(other)),
        };
        let mac = message.mac;
        if mac.is_group() || mac == Mac::ZERO {
            return Err(Refused::ImpossibleMac(mac));
        }
        // A relay outside the subnet asks for addresses of a subnet that no scope of ours describes.
        let relay = message.giaddr;
        if !relay.is_unspecified() && !self.scope.is_host(relay) {
            return Err(Refused::UnknownRelay(relay));
        }
        if !self.flood.admits(mac, now) {
            return Err(Refused::Flood(mac));
        }
        Ok(Request {
            client: Client {
                id: ClientId::of(&message),
                mac,
            },
            message,
            kind,
            arrival,
        })
    }
}
