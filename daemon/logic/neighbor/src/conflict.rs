//! Who else claims our VIPs, remembered for as long as it is likely to matter.
//!
//! A claim is only watched: who keeps the VIP is decided by its owner, not on the wire (RFC 5227, 2.4, option (a), is
//! not taken: giving the VIP up would let anybody on the segment take it down).

use std::{
    collections::{BTreeMap, btree_map::Entry},
    time::{Duration, Instant},
};

use model::{Mac, Vip};

use crate::responder::Conflict;

/// A claim counts as over when it was not repeated for this long; owners refresh theirs within 100 s.
const FORGET_AFTER: Duration = Duration::from_secs(300);

/// Several claimants of one VIP are told no faster than this, or anybody could fill the log.
const TELL_EVERY: Duration = Duration::from_secs(10);

/// Someone else's claim of a VIP of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// Who claims it.
    pub mac: Mac,
    /// When it was last seen.
    pub at: Instant,
    /// When it was last news.
    pub told: Instant,
}

/// The latest claim per VIP. Bounded by the number of VIPs, whatever is sent.
#[derive(Clone, Debug, Default)]
pub struct ConflictLog {
    seen: BTreeMap<Vip, Sighting>,
}

impl ConflictLog {
    /// Remembers a claim; true if it is news: a VIP without conflict before, or another claimant.
    pub fn note(&mut self, conflict: Conflict, now: Instant) -> bool {
        match self.seen.entry(conflict.vip) {
            Entry::Vacant(first) => {
                first.insert(Sighting {
                    mac: conflict.mac,
                    at: now,
                    told: now,
                });
                true
            }
            Entry::Occupied(mut before) => {
                let before = before.get_mut();
                before.at = now;
                let news = before.mac != conflict.mac && before.told + TELL_EVERY <= now;
                if news {
                    before.mac = conflict.mac;
                    before.told = now;
                }
                news
            }
        }
    }

    /// Forgets claims that were not repeated, and those of VIPs that are not owned any more; true if any was.
    pub fn expire(&mut self, is_owned: impl Fn(Vip) -> bool, now: Instant) -> bool {
        let before = self.seen.len();
        self.seen
            .retain(|vip, sighting| is_owned(*vip) && sighting.at + FORGET_AFTER > now);
        self.seen.len() != before
    }

    /// When to call [`Self::expire`] next; none while there is no conflict.
    pub fn deadline(&self) -> Option<Instant> {
        self.seen
            .values()
            .map(|sighting| sighting.at + FORGET_AFTER)
            .min()
    }

    /// Claims that are remembered, by VIP.
    pub fn sightings(&self) -> impl Iterator<Item = (Vip, Mac)> {
        self.seen.iter().map(|(vip, sighting)| (*vip, sighting.mac))
    }
}

#[cfg(test)]
mod tests;
