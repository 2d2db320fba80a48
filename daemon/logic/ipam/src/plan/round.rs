//! One round of allocation: the steps of [`super::plan`], in order, over one ledger.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
};

use model::{AddressPool, Allocation, IpFamily, Service, ServiceKey, Snapshot, Vip};

use super::{AllocationPlan, Holdings, held::Held};
use crate::{
    Reason,
    ledger::Ledger,
    pools::Pools,
    request::{Need, Request},
};

pub(super) struct Round<'a> {
    snapshot: &'a Snapshot,
    pools: Pools<'a>,
    ledger: Ledger<'a>,
    given: BTreeMap<&'a ServiceKey, Given<'a>>,
    refused: BTreeMap<&'a ServiceKey, Reason>,
    cleared: BTreeMap<&'a ServiceKey, Reason>,
}

/// What a Service has by now.
struct Given<'a> {
    request: Request<'a>,
    pool: &'a AddressPool,
    addresses: Vec<IpAddr>,
}

/// A Service that kept nothing.
pub(super) struct Newcomer<'a> {
    request: Request<'a>,
    /// An address it holds, which is not enough but should be part of what it gets.
    part: Option<IpAddr>,
}

impl<'a> Round<'a> {
    pub(super) fn new(snapshot: &'a Snapshot) -> Self {
        Self {
            snapshot,
            pools: Pools::new(snapshot),
            ledger: Ledger::new(snapshot),
            given: BTreeMap::new(),
            refused: BTreeMap::new(),
            cleared: BTreeMap::new(),
        }
    }

    /// Parses what every Service asks for. Second come Services whose wish cannot be read: they are refused, but may
    /// keep what they hold.
    pub(super) fn read_requests(&mut self) -> (Vec<Request<'a>>, Vec<Request<'a>>) {
        let (mut readable, mut unreadable) = (Vec::new(), Vec::new());
        for service in self.snapshot.services.values() {
            let need = match Need::of(service) {
                Ok(need) => need,
                Err(reason) => {
                    self.refused.insert(&service.key, reason);
                    continue;
                }
            };
            match Request::of(service, need.clone()) {
                Ok(request) => readable.push(request),
                Err(reason) => {
                    if reason.keeps_what_is_held() {
                        unreadable.push(Request::to_keep_what_it_holds(service, need));
                    }
                    self.refused.insert(&service.key, reason);
                }
            }
        }
        (readable, unreadable)
    }

    /// Lets every holder keep what it may: first what stands in the status, then what was given since. Those with more
    /// addresses come first. Returns the readable requests of those that kept nothing.
    pub(super) fn keep_held(
        &mut self,
        readable: Vec<Request<'a>>,
        unreadable: Vec<Request<'a>>,
        holdings: &Holdings,
    ) -> Vec<Newcomer<'a>> {
        let asks: BTreeSet<&ServiceKey> = readable.iter().map(|r| &r.service.key).collect();
        let mut waiting: Vec<(Request<'a>, Held)> = readable
            .into_iter()
            .chain(unreadable)
            .map(|request| {
                let held = Held::of(request.service, holdings);
                (request, held)
            })
            .collect();
        // Nobody takes by an older record what stands in the status of another one, so all statuses come first.
        waiting.sort_by_key(|(request, held)| (Reverse(held.status.len()), &request.service.key));
        waiting.retain(|(request, held)| {
            let mut sets = held.vouched().into_iter();
            !sets.any(|set| self.keep(request, set))
        });
        waiting.sort_by_key(|(request, held)| (Reverse(held.saved.len()), &request.service.key));
        waiting.retain(|(request, held)| !self.keep(request, &held.saved));
        waiting
            .into_iter()
            .filter(|(request, _)| asks.contains(&request.service.key))
            .map(|(request, held)| Newcomer {
                part: self.part(&request, held.single()),
                request,
            })
            .collect()
    }

    /// Gives a second address, from the same pool, to those that would like one.
    pub(super) fn complete_pairs(&mut self) {
        for given in self.given.values_mut() {
            let Some(missing) = given.missing() else {
                continue;
            };
            // A refused pool hands out nothing new.
            if self.pools.named(&given.pool.name).is_err() {
                continue;
            }
            let service = given.request.service;
            if let Some(address) = self.ledger.first_fit(given.pool, missing, service) {
                self.ledger.claim(address, service);
                given.addresses.push(address);
                given.addresses.sort();
            }
        }
    }

    /// Gives addresses to newcomers: holders of a part first, then the picky, then the rest.
    pub(super) fn serve(&mut self, mut newcomers: Vec<Newcomer<'a>>) {
        newcomers.sort_by_key(|newcomer| (newcomer.part.is_none(), newcomer.request.rank()));
        newcomers.retain(|newcomer| self.serve_one(newcomer).is_err());
        // Asked again at the end, so that the reason tells how things stand, not how they stood at its turn.
        for newcomer in newcomers {
            if let Err(reason) = self.serve_one(&newcomer) {
                self.refused.insert(&newcomer.request.service.key, reason);
            }
        }
    }

    pub(super) fn finish(mut self) -> AllocationPlan {
        // One that got a second address beside the first has given up nothing.
        let given = &self.given;
        self.cleared.retain(|key, reason| {
            !matches!((given.get(key), reason), (Some(given), Reason::Cleared { vips, .. })
                if vips.iter().all(|vip| given.addresses.contains(&vip.address())))
        });
        let mut plan = AllocationPlan {
            refused: owned(self.refused),
            ..AllocationPlan::default()
        };
        for (key, given) in self.given {
            if let Some(missing) = given.missing() {
                let pool = given.pool.name.clone();
                let reason = Reason::OneFamilyOnly { missing, pool };
                plan.warnings.push((key.clone(), reason));
            }
            let allocation = Allocation {
                service: key.clone(),
                pool: given.pool.name.clone(),
                vips: given.addresses.into_iter().map(Vip::new).collect(),
            };
            plan.allocations.insert(key.clone(), allocation);
        }
        plan.warnings.extend(owned(self.cleared));
        plan.warnings.sort_by(|(a, _), (b, _)| a.cmp(b));
        plan.describe_pools(&self.pools, &self.ledger);
        plan
    }

    /// Lets a Service keep `held`, if it may.
    fn keep(&mut self, request: &Request<'a>, held: &[IpAddr]) -> bool {
        if held.is_empty() {
            return false;
        }
        let usable: Vec<IpAddr> = held
            .iter()
            .copied()
            .filter(|&address| request.need.admits(IpFamily::of(address)))
            .collect();
        match self.keepable(request, &usable) {
            Ok(pool) => {
                self.give(request.clone(), pool, usable);
                true
            }
            Err(because) => {
                let vips = held.iter().copied().map(Vip::new).collect();
                let because = Box::new(because);
                self.cleared
                    .entry(&request.service.key)
                    .or_insert(Reason::Cleared { vips, because });
                false
            }
        }
    }

    fn keepable(&self, request: &Request<'a>, held: &[IpAddr]) -> Result<&'a AddressPool, Reason> {
        if !request.need.is_met_by(held) {
            return Err(Reason::WrongFamily {
                addresses: held.iter().copied().map(Vip::new).collect(),
                families: request.need.families(),
            });
        }
        if request
            .addresses
            .as_deref()
            .is_some_and(|asked| asked != held)
        {
            return Err(Reason::AnotherWanted);
        }
        self.one_pool(request, held, Pools::origin)
    }

    /// The address that a Service needing two holds already, if it may stay.
    fn part(&self, request: &Request<'a>, held: Option<IpAddr>) -> Option<IpAddr> {
        let address = held?;
        let alone = request.need == Need::Both && request.addresses.is_none();
        (alone && self.one_pool(request, &[address], Pools::holding).is_ok()).then_some(address)
    }

    fn serve_one(&mut self, newcomer: &Newcomer<'a>) -> Result<(), Reason> {
        let (pool, addresses) = self.choose(newcomer)?;
        self.give(newcomer.request.clone(), pool, addresses);
        Ok(())
    }

    fn choose(
        &mut self,
        newcomer: &Newcomer<'a>,
    ) -> Result<(&'a AddressPool, Vec<IpAddr>), Reason> {
        let request = &newcomer.request;
        if self.pools.accepted().next().is_none() {
            return Err(Reason::NoPool);
        }
        if let Some(addresses) = &request.addresses {
            let pool = self.one_pool(request, addresses, Pools::holding)?;
            return Ok((pool, addresses.clone()));
        }
        if let Some(part) = newcomer.part
            && let Ok(found) = self.complete(request, part)
        {
            return Ok(found);
        }
        let groups = match request.pool {
            Some(name) => {
                let pool = self.pools.named(name)?;
                if !self.pools.admits(pool, request.service) {
                    let pool = pool.name.clone();
                    return Err(Reason::NotAdmitted { pool });
                }
                vec![vec![pool]]
            }
            None => self.pools.automatic(request.service).to_vec(),
        };
        self.choose_from(request, &groups)
    }

    /// The other family for an address that is held, from its own pool.
    fn complete(
        &mut self,
        request: &Request<'a>,
        part: IpAddr,
    ) -> Result<(&'a AddressPool, Vec<IpAddr>), Reason> {
        let pool = self.one_pool(request, &[part], Pools::holding)?;
        let missing = IpFamily::of(part).other();
        match self.ledger.first_fit(pool, missing, request.service) {
            Some(address) => {
                let mut pair = vec![part, address];
                pair.sort();
                Ok((pool, pair))
            }
            None => Err(exhausted(request, [pool])),
        }
    }

    /// First group that can serve wins; within a group two families beat one where both are wanted.
    fn choose_from(
        &mut self,
        request: &Request<'a>,
        groups: &[Vec<&'a AddressPool>],
    ) -> Result<(&'a AddressPool, Vec<IpAddr>), Reason> {
        let families = request.need.families();
        let attempts: Vec<&[IpFamily]> = match request.need {
            Need::One(_) | Need::Both => vec![&families],
            Need::Prefer(_) => vec![&families, &families[..1], &families[1..]],
        };
        for group in groups {
            for wanted in &attempts {
                for &pool in group {
                    if let Some(addresses) = self.fit(pool, wanted, request.service) {
                        return Ok((pool, addresses));
                    }
                }
            }
        }
        if groups.iter().all(Vec::is_empty) {
            return Err(Reason::NoPoolForService);
        }
        Err(exhausted(request, groups.iter().flatten().copied()))
    }

    /// An address of every family from one pool, IPv4 first.
    fn fit(
        &mut self,
        pool: &AddressPool,
        families: &[IpFamily],
        service: &Service,
    ) -> Option<Vec<IpAddr>> {
        let mut addresses = families
            .iter()
            .map(|&family| self.ledger.first_fit(pool, family, service))
            .collect::<Option<Vec<_>>>()?;
        addresses.sort();
        Some(addresses)
    }

    /// The one pool of all these addresses, if it admits the Service and every address may be used.
    fn one_pool(
        &self,
        request: &Request<'a>,
        addresses: &[IpAddr],
        lookup: impl Fn(&Pools<'a>, IpAddr) -> Option<&'a AddressPool>,
    ) -> Result<&'a AddressPool, Reason> {
        let mut common: Option<&'a AddressPool> = None;
        for &address in addresses {
            let vip = Vip::new(address);
            let pool = lookup(&self.pools, address).ok_or(Reason::InNoPool { vip })?;
            let first = *common.get_or_insert(pool);
            if first.name != pool.name {
                return Err(Reason::AcrossPools {
                    first: first.name.clone(),
                    second: pool.name.clone(),
                });
            }
            if let Some(wanted) = request.pool.filter(|wanted| *wanted != pool.name) {
                return Err(Reason::OtherPool {
                    pool: pool.name.clone(),
                    wanted: wanted.to_string(),
                });
            }
            if !self.pools.admits(pool, request.service) {
                let pool = pool.name.clone();
                return Err(Reason::NotAdmitted { pool });
            }
            self.ledger.admit(address, pool, request.service)?;
        }
        // Callers pass at least one address; none is in no pool.
        common.ok_or(Reason::NoPool)
    }

    fn give(&mut self, request: Request<'a>, pool: &'a AddressPool, addresses: Vec<IpAddr>) {
        for &address in &addresses {
            self.ledger.claim(address, request.service);
        }
        let given = Given {
            request,
            pool,
            addresses,
        };
        self.given.insert(&given.request.service.key, given);
    }
}

impl Given<'_> {
    /// The family that a Service would like but does not have.
    fn missing(&self) -> Option<IpFamily> {
        let wants =
            matches!(self.request.need, Need::Prefer(_)) && self.request.addresses.is_none();
        match self.addresses.as_slice() {
            [one] if wants => Some(IpFamily::of(*one).other()),
            _ => None,
        }
    }
}

fn exhausted<'p>(
    request: &Request<'_>,
    pools: impl IntoIterator<Item = &'p AddressPool>,
) -> Reason {
    Reason::Exhausted {
        pools: pools.into_iter().map(|pool| pool.name.clone()).collect(),
        families: request.need.families(),
    }
}

fn owned(reasons: BTreeMap<&ServiceKey, Reason>) -> Vec<(ServiceKey, Reason)> {
    reasons
        .into_iter()
        .map(|(key, reason)| (key.clone(), reason))
        .collect()
}
