//! Which addresses are in use while a plan is made, by whom, and whether one more may share them.
//!
//! Addresses are only ever added, so what was once passed over stays passed over: a cursor per range makes first-fit
//! cheap, and a Service that found no address would find none at the end either.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
};

use model::{
    AddressPool, AddressRange, IpFamily, NodeName, Protocol, Service, ServiceKey, Snapshot,
    TrafficPolicy, Vip,
};

use crate::{Conflict, Reason};

/// Addresses in use.
pub(crate) struct Ledger<'a> {
    nodes: BTreeMap<IpAddr, &'a NodeName>,
    uses: BTreeMap<IpAddr, Use<'a>>,
    /// Addresses in use under a sharing key.
    shared: BTreeMap<&'a str, BTreeSet<IpAddr>>,
    /// For each range by its first address: offset before which every address is in use or never given out.
    cursors: BTreeMap<IpAddr, u128>,
}

/// The Services on one address. They agree in sharing key and backend.
struct Use<'a> {
    sharing: Option<&'a str>,
    backend: Backend<'a>,
    users: BTreeSet<&'a ServiceKey>,
    ports: BTreeMap<(Protocol, u16), &'a ServiceKey>,
}

/// The pods that must be the same for two Services to share an address; none matters with policy Cluster.
type Backend<'a> = Option<&'a BTreeMap<String, String>>;

impl<'a> Ledger<'a> {
    /// Nothing is in use but the nodes' own addresses.
    pub(crate) fn new(snapshot: &'a Snapshot) -> Self {
        let nodes = snapshot
            .nodes
            .values()
            .flat_map(|node| node.addresses.iter().map(|&address| (address, &node.name)))
            .collect();
        Self {
            nodes,
            uses: BTreeMap::new(),
            shared: BTreeMap::new(),
            cursors: BTreeMap::new(),
        }
    }

    /// The node that has this address.
    pub(crate) fn node_at(&self, address: IpAddr) -> Option<&'a NodeName> {
        self.nodes.get(&address).copied()
    }

    /// Whether the Service may have this address of the pool, alone or together with those who have it.
    pub(crate) fn admit(
        &self,
        address: IpAddr,
        pool: &AddressPool,
        service: &Service,
    ) -> Result<(), Reason> {
        let vip = Vip::new(address);
        if pool.avoid_buggy_ips && is_buggy(address) {
            return Err(Reason::buggy(address, &pool.name));
        }
        if let Some(node) = self.node_at(address) {
            let node = node.clone();
            return Err(Reason::NodeAddress { vip, node });
        }
        match self.uses.get(&address).and_then(|use_| use_.clash(service)) {
            Some((by, conflict)) => Err(Reason::InUse { vip, by, conflict }),
            None => Ok(()),
        }
    }

    /// Writes down that the Service has the address.
    pub(crate) fn claim(&mut self, address: IpAddr, service: &'a Service) {
        let sharing = sharing_key(service);
        let use_ = self.uses.entry(address).or_insert_with(|| Use {
            sharing,
            backend: backend(service),
            users: BTreeSet::new(),
            ports: BTreeMap::new(),
        });
        use_.users.insert(&service.key);
        for port in &service.ports {
            use_.ports.insert((port.protocol, port.port), &service.key);
        }
        if let Some(key) = sharing {
            self.shared.entry(key).or_default().insert(address);
        }
    }

    /// The first address of that family in the pool that the Service may have, in the order of the pool's ranges.
    pub(crate) fn first_fit(
        &mut self,
        pool: &AddressPool,
        family: IpFamily,
        service: &Service,
    ) -> Option<IpAddr> {
        pool.ranges
            .iter()
            .filter(|range| range.family() == family)
            .find_map(|range| {
                let free = self.first_free(pool, range);
                let shared = self.first_shared(pool, range, service);
                free.into_iter().chain(shared).min()
            })
    }

    /// Number of addresses of the range that are in use, and of those that nobody will get.
    pub(crate) fn tally(&self, pool: &AddressPool, range: &AddressRange) -> (u128, u128) {
        let bounds = range.first()..=range.last();
        let used = self.uses.range(bounds.clone()).count() as u128;
        let unusable = self
            .nodes
            .range(bounds)
            .filter(|(address, _)| !(pool.avoid_buggy_ips && is_buggy(**address)))
            .count() as u128;
        let buggy = if pool.avoid_buggy_ips {
            buggy_in(range)
        } else {
            0
        };
        (used, unusable.saturating_add(buggy))
    }

    fn first_free(&mut self, pool: &AddressPool, range: &AddressRange) -> Option<IpAddr> {
        let cursor = self.cursors.entry(range.first()).or_insert(0);
        loop {
            let address = range.nth(*cursor)?;
            let passed_over = self.uses.contains_key(&address)
                || self.nodes.contains_key(&address)
                || (pool.avoid_buggy_ips && is_buggy(address));
            if !passed_over {
                return Some(address);
            }
            *cursor += 1;
        }
    }

    fn first_shared(
        &self,
        pool: &AddressPool,
        range: &AddressRange,
        service: &Service,
    ) -> Option<IpAddr> {
        self.shared
            .get(sharing_key(service)?)?
            .range(range.first()..=range.last())
            .copied()
            .find(|&address| self.admit(address, pool, service).is_ok())
    }
}

impl Use<'_> {
    fn clash(&self, service: &Service) -> Option<(ServiceKey, Conflict)> {
        let anyone = || self.users.first().map(|&key| key.clone());
        let sharing = sharing_key(service);
        if sharing.is_none() || sharing != self.sharing {
            return Some((anyone()?, Conflict::SharingKey));
        }
        if backend(service) != self.backend {
            return Some((anyone()?, Conflict::Backend));
        }
        service.ports.iter().find_map(|port| {
            let by = *self.ports.get(&(port.protocol, port.port))?;
            Some((by.clone(), Conflict::Port(port.protocol, port.port)))
        })
    }
}

fn sharing_key(service: &Service) -> Option<&str> {
    service.sharing_key.as_deref().filter(|key| !key.is_empty())
}

/// As in MetalLB, Local without a selector counts as Cluster.
fn backend(service: &Service) -> Backend<'_> {
    match service.traffic_policy {
        TrafficPolicy::Cluster => None,
        TrafficPolicy::Local => Some(&service.selector).filter(|selector| !selector.is_empty()),
    }
}

fn is_buggy(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => matches!(v4.octets()[3], 0 | 255),
        IpAddr::V6(_) => false,
    }
}

fn buggy_in(range: &AddressRange) -> u128 {
    let (IpAddr::V4(first), IpAddr::V4(last)) = (range.first(), range.last()) else {
        return 0;
    };
    // Addresses up to `at`, itself included, that end in .0 or in .255.
    let zeros = |at: u64| at / 256 + 1;
    let ends = |at: u64| (at + 1) / 256;
    let (first, last) = (u64::from(first.to_bits()), u64::from(last.to_bits()));
    let before = match first.checked_sub(1) {
        Some(at) => zeros(at) + ends(at),
        None => 0,
    };
    u128::from(zeros(last) + ends(last) - before)
}
