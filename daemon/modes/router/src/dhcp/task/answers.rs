//! Requests in batches: all that is queued is decided, stored with one sync, and then answered.

use std::{
    error::Error,
    time::{Instant, SystemTime},
};

use ::dhcp::{Binding, MessageType, Output, Probed, Reply, State, Verdict};
use model::Reason;
use tracing::{debug, info, trace, warn};

use super::{Heard, Task, is_addressed};
use crate::dhcp::counters::count;

/// Requests decided before one sync: above that clients would wait for each other.
const BATCH: usize = 64;
/// Requests kept while the LAN is looked at: a rack that starts at once, but no flood.
const EARLY: usize = 64;
/// Port that replies come from.
const SERVER_PORT: u16 = 67;

/// What the server said to a batch.
#[derive(Default)]
pub(super) struct Batch {
    stores: Vec<Binding>,
    replies: Vec<Reply>,
}

impl Task {
    /// Answers a request together with those that wait behind it.
    pub(super) async fn answer(&mut self, first: Heard) -> anyhow::Result<()> {
        let mut batch = Batch::default();
        let mut next = Some(first);
        for _ in 0..BATCH {
            let Some(heard) = next else { break };
            self.decide(heard, &mut batch);
            next = self.wire.as_ref().and_then(super::Wire::queued_request);
        }
        if let Some(heard) = next {
            self.decide(heard, &mut batch);
        }
        self.settle(batch).await
    }

    /// Answers what came while the LAN was looked at, or drops it if somebody else serves it.
    pub(super) async fn answer_early(&mut self) -> anyhow::Result<()> {
        if self.early.is_empty() || self.guard.verdict() == Verdict::Checking {
            return Ok(());
        }
        let mut batch = Batch::default();
        for heard in std::mem::take(&mut self.early) {
            self.decide(heard, &mut batch);
        }
        self.settle(batch).await
    }

    /// Reports what a probe found, and offers what follows.
    pub(super) async fn probe_over(
        &mut self,
        address: std::net::Ipv4Addr,
        found: Probed,
    ) -> anyhow::Result<()> {
        if let Probed::Taken(mac) = found {
            count(&self.publisher.counters.conflicts);
            info!(%address, %mac, "address is in use without a lease");
        }
        let outputs = self.server.probed(address, found, SystemTime::now());
        let mut batch = Batch::default();
        self.absorb(outputs, &mut batch);
        self.settle(batch).await
    }

    fn decide(&mut self, heard: Heard, batch: &mut Batch) {
        let counters = &self.publisher.counters;
        let Heard::Request { arrival, payload } = heard else {
            if matches!(heard, Heard::Unreadable) {
                count(&counters.unreadable);
            }
            return;
        };
        if !is_addressed(&self.server, &arrival) {
            return;
        }
        match self.guard.verdict() {
            Verdict::Serving => {}
            Verdict::Checking if self.early.len() < EARLY => {
                self.early.push_back(Heard::Request { arrival, payload });
                return;
            }
            Verdict::Checking | Verdict::Off => {
                count(&counters.while_off);
                return;
            }
        }
        count(&counters.received);
        let outputs = self.server.handle(&payload, arrival, SystemTime::now());
        self.absorb(outputs, batch);
    }

    fn absorb(&mut self, outputs: Vec<Output>, batch: &mut Batch) {
        for output in outputs {
            match output {
                Output::Store(binding) => batch.stores.push(binding),
                Output::Send(reply) => batch.replies.push(reply),
                Output::Probe(address) => {
                    count(&self.publisher.counters.probes);
                    self.prober.start(address, Instant::now());
                }
                Output::Refused(refused) => {
                    self.publisher.counters.refused(&refused);
                    debug!(reason = refused.code(), "{}", refused.text());
                }
            }
        }
    }

    /// Stores, then sends. What could not be stored is not acknowledged, unless it was decided for memory only.
    async fn settle(&mut self, batch: Batch) -> anyhow::Result<()> {
        let Batch { stores, replies } = batch;
        let stored = stores.is_empty() || self.store(stores).await?;
        for reply in replies {
            if stored || reply.kind != MessageType::Ack {
                self.send(&reply);
            }
        }
        Ok(())
    }

    async fn store(&mut self, stores: Vec<Binding>) -> anyhow::Result<bool> {
        let news: Vec<_> = stores.iter().map(|binding| self.news(binding)).collect();
        if self.server.is_volatile() {
            for _ in stores.iter().filter(|binding| is_lease(binding)) {
                count(&self.publisher.counters.short);
            }
            self.ledger.keep(stores, SystemTime::now());
            news.into_iter().for_each(News::tell);
            return Ok(true);
        }
        let addresses: Vec<_> = stores.iter().map(|binding| binding.address).collect();
        match self.ledger.commit(stores, SystemTime::now()).await? {
            Ok(()) => {
                news.into_iter().for_each(News::tell);
                Ok(true)
            }
            Err(error) => {
                // These were decided as if they could be stored. Their clients ask again within seconds.
                for address in addresses {
                    count(&self.publisher.counters.unstored);
                    self.server.revert(address, self.ledger.kept(address));
                }
                self.lose_disk(error);
                Ok(false)
            }
        }
    }

    fn send(&self, reply: &Reply) {
        let Some(wire) = &self.wire else { return };
        let from = (self.server.scope().server, SERVER_PORT);
        match wire.send_datagram(from, reply.to, &reply.payload) {
            Ok(()) => {
                self.publisher.counters.sent(reply.kind);
                trace!(kind = %reply.kind, mac = %reply.mac, address = %reply.address, "replied");
            }
            Err(error) => {
                count(&self.publisher.counters.unsent);
                warn!(kind = %reply.kind, mac = %reply.mac, error = &error as &dyn Error, "reply was not sent");
            }
        }
    }

    /// What an operator cares about: leases that begin and end, not renewals.
    fn news(&self, binding: &Binding) -> News {
        let now = SystemTime::now();
        let renewed = self
            .ledger
            .kept(binding.address)
            .is_some_and(|kept| kept.is_leased(now) && kept.client == binding.client);
        News {
            binding: binding.clone(),
            renewed,
        }
    }
}

const fn is_lease(binding: &Binding) -> bool {
    matches!(binding.state, State::Leased(_))
}

struct News {
    binding: Binding,
    renewed: bool,
}

impl News {
    fn tell(self) {
        let Binding {
            address,
            mac,
            hostname,
            state,
            ..
        } = self.binding;
        let hostname = hostname.unwrap_or_default();
        match state {
            State::Leased(_) if self.renewed => debug!(%address, %mac, hostname, "lease renewed"),
            State::Leased(_) => info!(%address, %mac, hostname, "lease given"),
            State::Released(_) => info!(%address, %mac, hostname, "lease given back"),
            State::Declined(_) => warn!(%address, %mac, "address is put aside: somebody uses it"),
        }
    }
}
