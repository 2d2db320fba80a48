//! One message in, the messages to send out: our zones, upstream, and the queue of changes.
//!
//! ```text
//!   sockets --handle--> Responder --(Arc<Authority>)--> reply
//!                          |  +--> Upstream ----------> reply
//!                          +--queue--> Keeper: apply, store, swap --> reply
//! ```

use std::{
    net::SocketAddr,
    sync::{Arc, PoisonError, RwLock},
    time::{SystemTime, UNIX_EPOCH},
};

use dns::{Answer, Authority, Forward, Transport, Update};
use futures::{FutureExt, future::BoxFuture};
use tokio::sync::{mpsc, oneshot};

use crate::{counters::Counters, upstream::Upstream};

/// UPDATEs that wait for the disk. A cluster sends one at a time.
pub(crate) const MAX_QUEUED_UPDATES: usize = 64;

/// What is to be sent for a message.
pub enum Handling {
    /// These, now.
    Send(Vec<Vec<u8>>),
    /// What comes of this.
    Wait(BoxFuture<'static, Vec<Vec<u8>>>),
    /// Nothing.
    Silence,
}

/// Answers messages from any number of sockets.
#[derive(Debug)]
pub struct Responder {
    authority: RwLock<Arc<Authority>>,
    upstream: RwLock<Arc<Upstream>>,
    updates: mpsc::Sender<QueuedUpdate>,
    counters: Counters,
}

/// An UPDATE on its way to the keeper.
#[derive(Debug)]
pub(crate) struct QueuedUpdate {
    pub(crate) update: Box<Update>,
    pub(crate) reply: oneshot::Sender<Vec<u8>>,
}

impl Responder {
    pub(crate) fn new(
        authority: Authority,
        upstream: Upstream,
        updates: mpsc::Sender<QueuedUpdate>,
    ) -> Self {
        Self {
            authority: RwLock::new(Arc::new(authority)),
            upstream: RwLock::new(Arc::new(upstream)),
            updates,
            counters: Counters::default(),
        }
    }

    /// Decides about one message.
    pub fn handle(&self, message: &[u8], from: SocketAddr, transport: Transport) -> Handling {
        self.counters.message(transport);
        // Port 0 cannot be answered; it only occurs in forged datagrams.
        if from.port() == 0 {
            return Handling::Silence;
        }
        let authority = self.authority();
        match authority.answer(message, from.ip(), transport, unix_seconds()) {
            Answer::Reply(reply) => {
                self.counters.reply(reply.kind);
                Handling::Send(vec![reply.wire])
            }
            Answer::Forward(forward) => self.forward(&authority, forward),
            Answer::Update(update) => self.enqueue(update),
            Answer::Transfer(messages) => {
                self.counters.transfer();
                Handling::Send(messages)
            }
            Answer::Silence => Handling::Silence,
        }
    }

    /// What is answered from at the moment.
    pub fn authority(&self) -> Arc<Authority> {
        Arc::clone(
            &self
                .authority
                .read()
                .unwrap_or_else(PoisonError::into_inner),
        )
    }

    /// Whom is asked at the moment.
    pub fn upstream(&self) -> Arc<Upstream> {
        Arc::clone(&self.upstream.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Asks others from now on. What the earlier ones said is forgotten.
    pub fn set_upstream(&self, upstream: Upstream) {
        *self
            .upstream
            .write()
            .unwrap_or_else(PoisonError::into_inner) = Arc::new(upstream);
    }

    /// What was done since the start.
    pub const fn counters(&self) -> &Counters {
        &self.counters
    }

    pub(crate) fn set_authority(&self, authority: Authority) {
        *self
            .authority
            .write()
            .unwrap_or_else(PoisonError::into_inner) = Arc::new(authority);
    }

    fn forward(&self, authority: &Authority, forward: Box<Forward>) -> Handling {
        self.counters.forwarded();
        let is_own = authority.is_own(forward.query().name());
        let resolution = self.upstream().resolve(forward.query(), is_own);
        let reply = resolution.map(move |found| vec![forward.finish(&found, unix_seconds())]);
        Handling::Wait(reply.boxed())
    }

    fn enqueue(&self, update: Box<Update>) -> Handling {
        let (reply, done) = oneshot::channel();
        if self
            .updates
            .try_send(QueuedUpdate { update, reply })
            .is_err()
        {
            // The client asks again.
            self.counters.overloaded();
            return Handling::Silence;
        }
        // A keeper that is gone sends nothing; neither do we.
        let messages = done.map(|reply| reply.into_iter().collect());
        Handling::Wait(messages.boxed())
    }
}

pub(crate) fn unix_seconds() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}
