//! What the DNS server has done since its start.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use dns::{ReplyKind, Transport};

/// Counters that only rise.
#[derive(Debug, Default)]
pub struct Counters {
    udp: AtomicU64,
    tcp: AtomicU64,
    replies: [AtomicU64; KINDS.len()],
    forwarded: AtomicU64,
    transfers: AtomicU64,
    overloaded: AtomicU64,
    connections_refused: AtomicU64,
    updates_accepted: AtomicU64,
    /// By code of the reason, which are a fixed few.
    updates_refused: Mutex<BTreeMap<&'static str, u64>>,
}

/// What [`Counters`] held at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Messages by UDP.
    pub udp: u64,
    /// Messages by TCP.
    pub tcp: u64,
    /// Replies from our own data, by what they say.
    pub replies: BTreeMap<&'static str, u64>,
    /// Questions that went to the cache or upstream.
    pub forwarded: u64,
    /// Zone transfers.
    pub transfers: u64,
    /// Questions dropped because too many waited for upstream or for the disk.
    pub overloaded: u64,
    /// TCP connections closed because there were too many.
    pub connections_refused: u64,
    /// UPDATEs accepted.
    pub updates_accepted: u64,
    /// UPDATEs refused, by reason.
    pub updates_refused: BTreeMap<&'static str, u64>,
}

const KINDS: [(ReplyKind, &str); 8] = [
    (ReplyKind::Answered, "answered"),
    (ReplyKind::NoData, "no_data"),
    (ReplyKind::NoName, "no_name"),
    (ReplyKind::Malformed, "malformed"),
    (ReplyKind::Stranger, "stranger"),
    (ReplyKind::Unsupported, "unsupported"),
    (ReplyKind::BadSignature, "bad_signature"),
    (ReplyKind::Forbidden, "forbidden"),
];

impl Counters {
    /// What they hold now.
    pub fn read(&self) -> Counts {
        let replies = KINDS.iter().zip(&self.replies);
        let refused = self
            .updates_refused
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        Counts {
            udp: self.udp.load(Relaxed),
            tcp: self.tcp.load(Relaxed),
            replies: replies
                .map(|((_, text), count)| (*text, count.load(Relaxed)))
                .collect(),
            forwarded: self.forwarded.load(Relaxed),
            transfers: self.transfers.load(Relaxed),
            overloaded: self.overloaded.load(Relaxed),
            connections_refused: self.connections_refused.load(Relaxed),
            updates_accepted: self.updates_accepted.load(Relaxed),
            updates_refused: refused.clone(),
        }
    }

    pub(crate) fn message(&self, transport: Transport) {
        match transport {
            Transport::Udp => self.udp.fetch_add(1, Relaxed),
            Transport::Tcp => self.tcp.fetch_add(1, Relaxed),
        };
    }

    pub(crate) fn reply(&self, said: ReplyKind) {
        let counters = KINDS.iter().zip(&self.replies);
        for (_, count) in counters.filter(|((kind, _), _)| *kind == said) {
            count.fetch_add(1, Relaxed);
        }
    }

    pub(crate) fn forwarded(&self) {
        self.forwarded.fetch_add(1, Relaxed);
    }

    pub(crate) fn transfer(&self) {
        self.transfers.fetch_add(1, Relaxed);
    }

    pub(crate) fn overloaded(&self) {
        self.overloaded.fetch_add(1, Relaxed);
    }

    pub(crate) fn connection_refused(&self) {
        self.connections_refused.fetch_add(1, Relaxed);
    }

    pub(crate) fn update_accepted(&self) {
        self.updates_accepted.fetch_add(1, Relaxed);
    }

    pub(crate) fn update_refused(&self, reason: &'static str) {
        let mut refused = self
            .updates_refused
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *refused.entry(reason).or_default() += 1;
    }
}
