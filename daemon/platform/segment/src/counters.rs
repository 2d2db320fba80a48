//! What the thread has done, as numbers that anybody may read at any time.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use model::Vip;

/// A number that only rises.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Its value now.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    pub(crate) fn add_one(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// Counters of one VIP; MetalLB's `metallb_layer2_*` with label `ip`.
#[derive(Debug, Default)]
pub struct VipCounters {
    /// Requests for the VIP that were received: `metallb_layer2_requests_received`.
    pub requests: Counter,
    /// Replies that were sent: `metallb_layer2_responses_sent`.
    pub replies: Counter,
    /// Gratuitous packets that were sent, both forms: `metallb_layer2_gratuitous_sent`.
    pub gratuitous: Counter,
    /// Claims by somebody else.
    pub conflicts: Counter,
}

/// Counters of the whole thread.
#[derive(Debug, Default)]
pub struct Counters {
    /// Frames that were no ARP for IPv4 over Ethernet.
    pub malformed: Counter,
    /// Requests for addresses that are not ours, replies to others, and our own frames.
    pub not_for_us: Counter,
    /// Requests whose sender's hardware address is nobody's or many's.
    pub invalid_sender: Counter,
    /// Requests that waited too long to be answered: the VIP may have moved meanwhile.
    pub stale: Counter,
    /// Frames that the kernel did not take: queue full, interface down.
    pub send_failed: Counter,
    /// Sockets that broke and were opened anew.
    pub socket_failed: Counter,
    /// Listings of the interfaces.
    pub scans: Counter,
    /// Listings that failed; the thread goes on with what it knew.
    pub scan_failed: Counter,
    per_vip: Mutex<BTreeMap<Vip, Arc<VipCounters>>>,
}

impl Counters {
    /// Counters of every VIP that was ever announced by this thread.
    pub fn per_vip(&self) -> BTreeMap<Vip, Arc<VipCounters>> {
        self.per_vip
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// The counters of `vip`. The lock is taken when orders change, never for a frame.
    pub(crate) fn of(&self, vip: Vip) -> Arc<VipCounters> {
        let mut all = self.per_vip.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(all.entry(vip).or_default())
    }
}
