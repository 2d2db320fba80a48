//! The allocation itself: who keeps, who gets, who is refused.

mod held;
mod round;

use std::{collections::BTreeMap, net::IpAddr};

use model::{AddressRange, Allocation, IpFamily, ServiceKey, Snapshot, Vip};
use serde::Serialize;

use crate::{Reason, ledger::Ledger, pools::Pools};
use round::Round;

/// What Services were given before, where their status does not say so (yet): the saved file, the record of given
/// addresses. The status in the snapshot comes first, unless this extends it.
pub type Holdings = BTreeMap<ServiceKey, Vec<Vip>>;

/// Addresses for all Services of a snapshot.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AllocationPlan {
    /// Who has which addresses.
    pub allocations: BTreeMap<ServiceKey, Allocation>,
    /// Services without an address, or (a wish that cannot be read) with the one they had before; sorted.
    pub refused: Vec<(ServiceKey, Reason)>,
    /// What people should know about Services that have an address, or had another one; sorted.
    pub warnings: Vec<(ServiceKey, Reason)>,
    /// Pools that hand out nothing, by name.
    pub refused_pools: Vec<(String, Reason)>,
    /// Usable pools and how full they are.
    pub pools: BTreeMap<String, PoolUse>,
}

/// How full a pool is, as in the status of an IPAddressPool; numbers too large are cut off.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PoolUse {
    /// Ranges in written order.
    pub ranges: Vec<AddressRange>,
    /// IPv4 addresses in use.
    pub assigned_ipv4: u64,
    /// IPv6 addresses in use.
    pub assigned_ipv6: u64,
    /// IPv4 addresses that can still be given out.
    pub available_ipv4: u64,
    /// IPv6 addresses that can still be given out.
    pub available_ipv6: u64,
}

/// Decides who gets which address.
///
/// Whoever holds an address keeps it while a pool still admits it, and chooses before everybody else. Then come Services
/// that ask for an address, those that ask for a pool, and the rest, each group by namespace and name.
pub fn plan(snapshot: &Snapshot, holdings: &Holdings) -> AllocationPlan {
    let mut round = Round::new(snapshot);
    let (requests, unreadable) = round.read_requests();
    let newcomers = round.keep_held(requests, unreadable, holdings);
    round.complete_pairs();
    round.serve(newcomers);
    round.finish()
}

/// Reads the allocations from the status of the Services, without deciding anything: for nodes that do not hold the
/// lease. An address outside every pool, or one of a node, is not followed.
pub fn follow(snapshot: &Snapshot) -> AllocationPlan {
    let pools = Pools::new(snapshot);
    let mut ledger = Ledger::new(snapshot);
    let mut plan = AllocationPlan::default();
    for service in snapshot.services.values() {
        let mut addresses = service.status_ips.clone();
        addresses.sort();
        addresses.dedup();
        match followed(&pools, &ledger, &addresses) {
            Ok(pool) => {
                for &address in &addresses {
                    ledger.claim(address, service);
                }
                let allocation = Allocation {
                    service: service.key.clone(),
                    pool,
                    vips: addresses.into_iter().map(Vip::new).collect(),
                };
                plan.allocations.insert(service.key.clone(), allocation);
            }
            Err(reason) => plan.refused.push((service.key.clone(), reason)),
        }
    }
    plan.describe_pools(&pools, &ledger);
    plan
}

/// Name of the pool of the first address. That the others may be in another one is the lease holder's business.
fn followed(
    pools: &Pools<'_>,
    ledger: &Ledger<'_>,
    addresses: &[IpAddr],
) -> Result<String, Reason> {
    let mut first = None;
    for &address in addresses {
        let vip = Vip::new(address);
        let pool = pools.origin(address).ok_or(Reason::InNoPool { vip })?;
        if let Some(node) = ledger.node_at(address) {
            let node = node.clone();
            return Err(Reason::NodeAddress { vip, node });
        }
        first.get_or_insert(pool);
    }
    first
        .map(|pool| pool.name.clone())
        .ok_or(Reason::NotGivenYet)
}

impl AllocationPlan {
    fn describe_pools(&mut self, pools: &Pools<'_>, ledger: &Ledger<'_>) {
        self.refused_pools = pools
            .refused()
            .map(|(pool, reason)| (pool.name.clone(), reason.clone()))
            .collect();
        for pool in pools.accepted() {
            let mut row = PoolUse {
                ranges: pool.ranges.clone(),
                ..PoolUse::default()
            };
            for range in &pool.ranges {
                let (used, unusable) = ledger.tally(pool, range);
                let free = range.len().saturating_sub(used.saturating_add(unusable));
                let (assigned, available) = match range.family() {
                    IpFamily::V4 => (&mut row.assigned_ipv4, &mut row.available_ipv4),
                    IpFamily::V6 => (&mut row.assigned_ipv6, &mut row.available_ipv6),
                };
                *assigned = assigned.saturating_add(saturated(used));
                *available = available.saturating_add(saturated(free));
            }
            self.pools.insert(pool.name.clone(), row);
        }
    }
}

fn saturated(count: u128) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}
