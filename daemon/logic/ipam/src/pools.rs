//! The pools of a snapshot: which are usable, which holds an address, which may serve a Service.

use std::{collections::BTreeMap, net::IpAddr};

use model::{AddressPool, AddressRange, Labels, Service, Snapshot};

use crate::Reason;

/// Pools by name, range and rank.
pub(crate) struct Pools<'a> {
    namespaces: &'a BTreeMap<String, Labels>,
    accepted: BTreeMap<&'a str, &'a AddressPool>,
    refused: BTreeMap<&'a str, (&'a AddressPool, Reason)>,
    /// Ranges of accepted pools by first address; they do not overlap.
    ranges: BTreeMap<IpAddr, (AddressRange, &'a AddressPool)>,
    /// Accepted pools that hand out on their own and say whom they serve, most preferred first.
    pinned: Vec<&'a AddressPool>,
    /// Accepted pools that hand out on their own to anyone, by name.
    open: Vec<&'a AddressPool>,
}

impl<'a> Pools<'a> {
    /// Sorts the pools; of two that overlap, the later by name is refused.
    pub(crate) fn new(snapshot: &'a Snapshot) -> Self {
        let mut pools = Self {
            namespaces: &snapshot.namespaces,
            accepted: BTreeMap::new(),
            refused: BTreeMap::new(),
            ranges: BTreeMap::new(),
            pinned: Vec::new(),
            open: Vec::new(),
        };
        for pool in snapshot.pools.values() {
            match pools.overlap(pool) {
                Some(reason) => {
                    pools.refused.insert(&pool.name, (pool, reason));
                }
                None => pools.accept(pool),
            }
        }
        // Lower is preferred and 0 is last; equal ones by name, for the sort is stable.
        pools.pinned.sort_by_key(|pool| {
            let priority = pool.scope.as_ref().map_or(0, |scope| scope.priority);
            (priority == 0, priority)
        });
        pools
    }

    /// Accepted pools by name.
    pub(crate) fn accepted(&self) -> impl Iterator<Item = &'a AddressPool> {
        self.accepted.values().copied()
    }

    /// Refused pools by name, with the reason.
    pub(crate) fn refused(&self) -> impl Iterator<Item = (&'a AddressPool, &Reason)> {
        self.refused.values().map(|(pool, reason)| (*pool, reason))
    }

    /// The pool of that name, if it may hand out addresses.
    pub(crate) fn named(&self, name: &str) -> Result<&'a AddressPool, Reason> {
        if let Some(pool) = self.accepted.get(name) {
            return Ok(pool);
        }
        let pool = name.to_string();
        Err(if self.refused.contains_key(name) {
            Reason::RefusedPool { pool }
        } else {
            Reason::UnknownPool { pool }
        })
    }

    /// The accepted pool that holds an address.
    pub(crate) fn holding(&self, address: IpAddr) -> Option<&'a AddressPool> {
        let (_, (range, pool)) = self.ranges.range(..=address).next_back()?;
        range.contains(address).then_some(*pool)
    }

    /// The pool that an address may have come from: a refused one gives nothing new, but takes nothing back.
    pub(crate) fn origin(&self, address: IpAddr) -> Option<&'a AddressPool> {
        self.holding(address).or_else(|| {
            self.refused
                .values()
                .map(|(pool, _)| *pool)
                .find(|pool| pool.contains(model::Vip::new(address)))
        })
    }

    /// Whether a pool serves the Service.
    pub(crate) fn admits(&self, pool: &AddressPool, service: &Service) -> bool {
        pool.scope.as_ref().is_none_or(|scope| {
            scope.admits(&service.key.namespace, self.namespaces, &service.labels)
        })
    }

    /// Pools that serve the Service unasked, in the two groups in which they are tried: those pinned to it, then those
    /// open to anyone.
    pub(crate) fn automatic(&self, service: &Service) -> [Vec<&'a AddressPool>; 2] {
        let pinned = self
            .pinned
            .iter()
            .copied()
            .filter(|pool| self.admits(pool, service))
            .collect();
        [pinned, self.open.clone()]
    }

    fn accept(&mut self, pool: &'a AddressPool) {
        self.accepted.insert(&pool.name, pool);
        for range in &pool.ranges {
            self.ranges.insert(range.first(), (*range, pool));
        }
        match (pool.auto_assign, &pool.scope) {
            (false, _) => {}
            (true, Some(_)) => self.pinned.push(pool),
            (true, None) => self.open.push(pool),
        }
    }

    fn overlap(&self, pool: &AddressPool) -> Option<Reason> {
        let reason = |range: AddressRange, with: &str, other| Reason::PoolOverlap {
            range,
            with: with.to_string(),
            other,
        };
        let with_earlier = pool.ranges.iter().find_map(|range| {
            // They do not overlap each other, so the last to start before our end also ends last.
            let (_, (other, owner)) = self.ranges.range(..=range.last()).next_back()?;
            range
                .overlaps(other)
                .then(|| reason(*range, &owner.name, *other))
        });
        with_earlier.or_else(|| {
            let mut sorted = pool.ranges.clone();
            sorted.sort();
            sorted.windows(2).find_map(|pair| {
                pair[0]
                    .overlaps(&pair[1])
                    .then(|| reason(pair[1], &pool.name, pair[0]))
            })
        })
    }
}
