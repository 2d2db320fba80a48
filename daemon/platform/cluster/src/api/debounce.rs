//! When to publish: soon after the last change of a burst, but never later than a maximum after its first.

use std::time::Duration;

use tokio::time::Instant;

/// Changes that are not published yet.
#[derive(Debug)]
pub(super) struct Debounce {
    quiet: Duration,
    max: Duration,
    burst: Option<Burst>,
}

#[derive(Clone, Copy, Debug)]
struct Burst {
    first: Instant,
    last: Instant,
}

impl Debounce {
    /// Waits for `quiet` after a change, `max` at most.
    pub(super) const fn new(quiet: Duration, max: Duration) -> Self {
        Self {
            quiet,
            max,
            burst: None,
        }
    }

    /// Something changed.
    pub(super) fn touch(&mut self, now: Instant) {
        let first = self.burst.map_or(now, |burst| burst.first);
        self.burst = Some(Burst { first, last: now });
    }

    /// When to publish; none while nothing changed.
    pub(super) fn due(&self) -> Option<Instant> {
        self.burst
            .map(|burst| (burst.last + self.quiet).min(burst.first + self.max))
    }

    /// The changes are published.
    pub(super) const fn clear(&mut self) {
        self.burst = None;
    }
}

#[cfg(test)]
mod tests;
