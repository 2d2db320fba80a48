//! Who may hold the Lease, decided from what was seen and by the own clock.

use std::time::Duration;

use k8s_openapi::api::coordination::v1::Lease;
use tokio::time::Instant;

use super::LeaseSettings;

/// What to do with the Lease that was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// There is none: make it.
    Create,
    /// It is ours: renew it.
    Renew,
    /// It is free, or its holder is silent for too long: take it.
    TakeOver,
    /// Somebody else holds it.
    Wait,
}

/// What is known of the Lease.
#[derive(Debug)]
pub(super) struct Election {
    identity: String,
    renew: Duration,
    /// How long a renewal is good for; see the module above.
    good_for: Duration,
    seen: Option<Seen>,
    held_until: Option<Instant>,
}

/// A record of another holder, and since when it has not changed.
#[derive(Debug)]
struct Seen {
    version: Option<String>,
    since: Instant,
    lasts: Duration,
}

impl Election {
    pub(super) fn new(settings: &LeaseSettings) -> Self {
        Self {
            identity: settings.identity.clone(),
            renew: settings.renew,
            good_for: settings.duration * 2 / 3,
            seen: None,
            held_until: None,
        }
    }

    /// What to do, now that the Lease was read.
    pub(super) fn step(&mut self, found: Option<&Lease>, now: Instant) -> Step {
        let Some(lease) = found else {
            return Step::Create;
        };
        let spec = lease.spec.clone().unwrap_or_default();
        let holder = spec.holder_identity.unwrap_or_default();
        if holder == self.identity {
            return Step::Renew;
        }
        self.held_until = None;
        if holder.is_empty() {
            return Step::TakeOver;
        }
        let version = lease.metadata.resource_version.clone();
        let seconds = spec.lease_duration_seconds.unwrap_or_default().max(1);
        let since = match &self.seen {
            Some(seen) if seen.version == version => seen.since,
            Some(_) | None => now,
        };
        let seen = Seen {
            version,
            since,
            lasts: Duration::from_secs(u64::from(seconds.unsigned_abs())),
        };
        let expired = now >= seen.since + seen.lasts;
        self.seen = Some(seen);
        if expired { Step::TakeOver } else { Step::Wait }
    }

    /// A write that was begun at `asked_at` succeeded.
    pub(super) fn won(&mut self, asked_at: Instant) {
        self.seen = None;
        self.held_until = Some(asked_at + self.good_for);
    }

    /// Somebody else wrote first.
    pub(super) const fn lost(&mut self) {
        self.held_until = None;
    }

    /// Whether the Lease is ours.
    pub(super) fn holds(&self, now: Instant) -> bool {
        self.held_until.is_some_and(|until| now < until)
    }

    /// How long a turn may take: a holder must know in time that it is none any more.
    pub(super) fn patience(&self, now: Instant) -> Duration {
        match self.held_until {
            Some(until) if until > now => self.renew.min(until - now),
            Some(_) | None => self.renew,
        }
    }

    /// When to look again: a holder at its renewal, others when the holder's time is over if that is sooner. A holder
    /// whose renewal failed tries four times as often, and wakes when its time is over.
    pub(super) fn next_turn(&self, succeeded: bool, now: Instant) -> Instant {
        let regular = now
            + if succeeded {
                self.renew
            } else {
                self.renew / 4
            };
        let limit = match (self.held_until, &self.seen) {
            (Some(until), _) if until > now => Some(until),
            (_, Some(seen)) => Some(seen.since + seen.lasts),
            _ => None,
        };
        match limit {
            Some(limit) if limit > now => regular.min(limit),
            Some(_) | None => regular,
        }
    }
}

#[cfg(test)]
mod tests;
