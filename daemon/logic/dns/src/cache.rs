//! What upstream answered, for as long as it may be remembered. Pure: time comes in as `now`.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use hickory_proto::rr::{Name, Record, RecordType};

use crate::forward::Resolution;

/// Longest time that anything is kept (RFC 8767, 4 suggests a week at most; a home network gains nothing from that).
const MAX_TTL_SECS: u32 = 86_400;
/// Longest time that an absence is kept (RFC 2308, 5).
const MAX_NEGATIVE_TTL_SECS: u32 = 3_600;
/// Absence without SOA must not be cached for long; this only keeps a burst off the line.
const BARE_NEGATIVE_TTL_SECS: u32 = 5;
/// A failure is remembered shortly, so that a broken domain is not asked for again and again (RFC 9520, 3.2).
const FAILURE_TTL_SECS: u32 = 2;

/// Name and type, the name in lower case.
pub type Question = (Name, RecordType);

/// A bounded cache. The entry that was stored or refreshed longest ago makes room for a new one.
#[derive(Debug)]
pub struct Cache {
    entries: BTreeMap<Question, Entry>,
    /// By age, oldest first.
    order: BTreeSet<(u64, Question)>,
    next_age: u64,
    capacity: usize,
    evicted: u64,
}

#[derive(Debug)]
struct Entry {
    resolution: Resolution,
    stored: Instant,
    expires: Instant,
    age: u64,
}

impl Cache {
    /// An empty cache for that many questions.
    pub const fn new(capacity: usize) -> Self {
        Self {
            entries: BTreeMap::new(),
            order: BTreeSet::new(),
            next_age: 0,
            capacity,
            evicted: 0,
        }
    }

    /// Questions that are remembered.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether nothing is remembered.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Entries that had to make room before their time.
    pub const fn evicted(&self) -> u64 {
        self.evicted
    }

    /// Forgets everything: other resolvers may say otherwise.
    pub fn clear(&mut self) {
        self.entries.clear();
        self.order.clear();
    }

    /// What is remembered, its TTLs counted down by the time that passed.
    pub fn get(&self, question: &Question, now: Instant) -> Option<Resolution> {
        let entry = self
            .entries
            .get(question)
            .filter(|entry| now < entry.expires)?;
        let age = now.saturating_duration_since(entry.stored).as_secs();
        let age = u32::try_from(age).unwrap_or(u32::MAX);
        Some(aged(&entry.resolution, age))
    }

    /// Remembers an answer for as long as its shortest TTL; an answer with TTL 0 is not kept.
    pub fn put(&mut self, question: Question, resolution: Resolution, now: Instant) {
        let lifetime = lifetime(&resolution);
        if let Some(old) = self.entries.remove(&question) {
            self.order.remove(&(old.age, question.clone()));
        }
        if lifetime == 0 || self.capacity == 0 {
            return;
        }
        if self.entries.len() >= self.capacity {
            self.make_room(now);
        }
        let age = self.next_age;
        self.next_age += 1;
        self.order.insert((age, question.clone()));
        let expires = now + Duration::from_secs(lifetime.into());
        self.entries.insert(
            question,
            Entry {
                resolution,
                stored: now,
                expires,
                age,
            },
        );
    }

    fn make_room(&mut self, now: Instant) {
        let Some((_, question)) = self.order.pop_first() else {
            return;
        };
        if let Some(entry) = self.entries.remove(&question)
            && now < entry.expires
        {
            self.evicted += 1;
        }
    }
}

fn lifetime(resolution: &Resolution) -> u32 {
    let shortest = |records: &[Record]| records.iter().map(|record| record.ttl).min();
    match resolution {
        Resolution::Records(records) => shortest(records).unwrap_or(0).min(MAX_TTL_SECS),
        Resolution::NoData { chain, soa } | Resolution::NoName { chain, soa } => {
            let absence = soa.as_ref().map_or(BARE_NEGATIVE_TTL_SECS, |soa| soa.ttl);
            absence
                .min(shortest(chain).unwrap_or(u32::MAX))
                .min(MAX_NEGATIVE_TTL_SECS)
        }
        Resolution::Failed => FAILURE_TTL_SECS,
    }
}

fn aged(resolution: &Resolution, age: u32) -> Resolution {
    let older = |records: &[Record]| -> Vec<Record> {
        records
            .iter()
            .map(|record| counted_down(record, age))
            .collect()
    };
    match resolution {
        Resolution::Records(records) => Resolution::Records(older(records)),
        Resolution::NoData { chain, soa } => Resolution::NoData {
            chain: older(chain),
            soa: soa.as_ref().map(|soa| counted_down(soa, age)),
        },
        Resolution::NoName { chain, soa } => Resolution::NoName {
            chain: older(chain),
            soa: soa.as_ref().map(|soa| counted_down(soa, age)),
        },
        Resolution::Failed => Resolution::Failed,
    }
}

fn counted_down(record: &Record, age: u32) -> Record {
    let mut record = record.clone();
    record.ttl = record.ttl.min(MAX_TTL_SECS).saturating_sub(age);
    record
}

#[cfg(test)]
mod tests;
