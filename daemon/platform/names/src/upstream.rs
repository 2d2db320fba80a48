//! Questions for other resolvers: cache, one question at a time per name and type, rebinding filter.
//!
//! Transport is hickory-resolver's: a fresh source port per UDP question, TCP after truncation, TLS with the name that
//! the configuration demands. The system's `resolv.conf` names ourselves and is never read.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use dns::{Cache, Question, Resolution, strip_private};
use futures::{
    FutureExt,
    future::{BoxFuture, Shared, WeakShared},
};
use hickory_proto::op::Query;

mod transport;

use transport::Transport;

/// Questions that are remembered. At some 300 octets each this is below 2 MB.
const CACHE_QUESTIONS: usize = 4096;
/// Different questions that may be under way; each has a socket of its own.
const MAX_IN_FLIGHT: usize = 256;
/// Time after which a question has failed. Clients ask again after 5 s.
const PATIENCE: Duration = Duration::from_millis(4500);

/// A resolver to ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resolver {
    /// UDP, and TCP where a reply was cut.
    Plain(SocketAddr),
    /// DNS over TLS (RFC 7858), strict: the certificate must show the name.
    Tls {
        /// Where it listens.
        address: SocketAddr,
        /// Name that its certificate must show.
        name: String,
    },
}

/// Other resolvers, with what they said.
#[derive(Debug)]
pub struct Upstream {
    shared: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    transport: Option<Transport>,
    cache: Mutex<Cache>,
    in_flight: Mutex<BTreeMap<Question, WeakShared<BoxFuture<'static, Resolution>>>>,
    counters: Counters,
}

#[derive(Debug, Default)]
struct Counters {
    asked: AtomicU64,
    failed: AtomicU64,
    failed_in_a_row: AtomicU64,
    hits: AtomicU64,
    merged: AtomicU64,
    overloaded: AtomicU64,
    stripped: AtomicU64,
}

/// How asking others goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UpstreamStatus {
    /// Questions sent.
    pub asked: u64,
    /// Of those, without a usable answer.
    pub failed: u64,
    /// Failures since the last answer; 0: upstream works.
    pub failed_in_a_row: u64,
    /// Questions answered from the cache.
    pub hits: u64,
    /// Questions that waited for the same one of somebody else.
    pub merged: u64,
    /// Questions that failed because too many were under way.
    pub overloaded: u64,
    /// Private addresses taken out of answers.
    pub stripped: u64,
    /// Questions in the cache.
    pub cached: usize,
    /// Cache entries that made room before their time.
    pub evicted: u64,
}

impl Upstream {
    /// Asks these, in this order; without any, every question fails at once.
    pub fn new(resolvers: &[Resolver]) -> Self {
        Self {
            shared: Arc::new(Inner {
                transport: Transport::new(resolvers),
                cache: Mutex::new(Cache::new(CACHE_QUESTIONS)),
                in_flight: Mutex::default(),
                counters: Counters::default(),
            }),
        }
    }

    /// The answer to a question: remembered, on its way for somebody else, or asked for now. `may_be_private` says
    /// whether addresses of private networks are to be believed.
    pub fn resolve(&self, query: &Query, may_be_private: bool) -> BoxFuture<'static, Resolution> {
        let question = (query.name().to_lowercase(), query.query_type());
        let counters = &self.shared.counters;
        if let Some(known) = lock(&self.shared.cache).get(&question, Instant::now()) {
            counters.hits.fetch_add(1, Relaxed);
            return futures::future::ready(known).boxed();
        }
        let mut in_flight = lock(&self.shared.in_flight);
        if let Some(running) = in_flight.get(&question).and_then(WeakShared::upgrade) {
            counters.merged.fetch_add(1, Relaxed);
            return running.boxed();
        }
        if in_flight.len() >= MAX_IN_FLIGHT {
            // Those that nobody waits for any more have left only their entry.
            in_flight.retain(|_, running| running.upgrade().is_some());
        }
        if in_flight.len() >= MAX_IN_FLIGHT {
            counters.overloaded.fetch_add(1, Relaxed);
            return futures::future::ready(Resolution::Failed).boxed();
        }
        let inner = Arc::clone(&self.shared);
        let asked = question.clone();
        let running: Shared<BoxFuture<'static, Resolution>> =
            async move { inner.ask(asked, may_be_private).await }
                .boxed()
                .shared();
        if let Some(weak) = running.downgrade() {
            in_flight.insert(question, weak);
        }
        running.boxed()
    }

    /// How it goes.
    pub fn status(&self) -> UpstreamStatus {
        let counters = &self.shared.counters;
        let cache = lock(&self.shared.cache);
        UpstreamStatus {
            asked: counters.asked.load(Relaxed),
            failed: counters.failed.load(Relaxed),
            failed_in_a_row: counters.failed_in_a_row.load(Relaxed),
            hits: counters.hits.load(Relaxed),
            merged: counters.merged.load(Relaxed),
            overloaded: counters.overloaded.load(Relaxed),
            stripped: counters.stripped.load(Relaxed),
            cached: cache.len(),
            evicted: cache.evicted(),
        }
    }
}

impl Inner {
    async fn ask(&self, question: Question, may_be_private: bool) -> Resolution {
        let (name, kind) = question.clone();
        self.counters.asked.fetch_add(1, Relaxed);
        let answer = match &self.transport {
            Some(transport) => tokio::time::timeout(PATIENCE, transport.lookup(name, kind))
                .await
                .unwrap_or(Resolution::Failed),
            None => Resolution::Failed,
        };
        if answer == Resolution::Failed {
            self.counters.failed.fetch_add(1, Relaxed);
            self.counters.failed_in_a_row.fetch_add(1, Relaxed);
        } else {
            self.counters.failed_in_a_row.store(0, Relaxed);
        }
        let answer = match may_be_private {
            true => answer,
            false => self.without_private(answer),
        };
        lock(&self.cache).put(question.clone(), answer.clone(), Instant::now());
        lock(&self.in_flight).remove(&question);
        answer
    }

    fn without_private(&self, answer: Resolution) -> Resolution {
        let Resolution::Records(mut records) = answer else {
            return answer;
        };
        let stripped = strip_private(&mut records);
        if stripped == 0 {
            return Resolution::Records(records);
        }
        let count = u64::try_from(stripped).unwrap_or(u64::MAX);
        self.counters.stripped.fetch_add(count, Relaxed);
        match records
            .iter()
            .any(|record| record.record_type().is_ip_addr())
        {
            true => Resolution::Records(records),
            false => Resolution::NoData {
                chain: records,
                soa: None,
            },
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing panics while holding it; and a cache is of use even if something did.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
