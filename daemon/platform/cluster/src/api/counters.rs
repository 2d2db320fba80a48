//! What the metrics show of the API.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counts since the start; each only grows.
#[derive(Debug, Default)]
pub struct Counters {
    /// Credentials taken into use: the first ones, and each that took their place.
    pub connections: AtomicU64,
    /// Attempts to read the token as the kubelet.
    pub token_reads: AtomicU64,
    /// Views published.
    pub views: AtomicU64,
    /// Lists and watches that failed; one that is retried counts again.
    pub watch_errors: AtomicU64,
    /// Service statuses written.
    pub status_writes: AtomicU64,
    /// Writes that lost against another writer; a new plan follows.
    pub status_conflicts: AtomicU64,
    /// Writes that the API refused otherwise.
    pub status_failures: AtomicU64,
    /// Events reported.
    pub events: AtomicU64,
    /// Events that could not be reported; they are not repeated.
    pub event_failures: AtomicU64,
    /// Turns at the Lease that failed.
    pub lease_errors: AtomicU64,
    /// How often this process became the holder.
    pub lease_acquisitions: AtomicU64,
}

/// Adds one.
pub(super) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}
