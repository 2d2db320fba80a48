//! The plan: names with their addresses, and what was refused.

use std::{
    collections::{BTreeMap, BTreeSet, btree_map::Entry},
    fmt,
    net::IpAddr,
};

use model::{Allocation, Ingress, NodeName, Service, ServiceKey, Snapshot};
use serde::Serialize;

use crate::{Reason, controller::Controllers, host};

/// Seconds that a resolver may keep a record, where no annotation says otherwise: short, because VIPs are moved by people
/// who then look whether it worked.
const DEFAULT_TTL_SECS: u32 = 30;

/// Largest time to live (RFC 2181, 8).
const MAX_TTL_SECS: u32 = 0x7fff_ffff;

/// Every name of the cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NamingPlan {
    /// By name: lower case, no trailing dot, `*` for a wildcard's first label.
    pub names: BTreeMap<String, Name>,
    /// Names that were refused, in the order of their objects.
    pub refused: Vec<(Source, Reason)>,
    /// What people should know about names that were not.
    pub warnings: Vec<(Source, Reason)>,
}

/// Where one name points.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Name {
    /// At least one, of one or both families.
    pub addresses: BTreeSet<IpAddr>,
    /// How long resolvers may keep it.
    pub ttl_secs: u32,
    /// The object that claims it; of several that agree the first.
    pub source: Source,
    /// The Service whose VIPs the addresses are; none where they come from a status or a `target` annotation.
    pub service: Option<ServiceKey>,
}

/// An object that claims names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(tag = "kind", content = "key")]
pub enum Source {
    /// By its rules, TLS hosts or annotation.
    Ingress(ServiceKey),
    /// By annotation.
    Service(ServiceKey),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ingress(key) => write!(f, "Ingress {key}"),
            Self::Service(key) => write!(f, "Service {key}"),
        }
    }
}

/// Finds the names of all Ingresses and Services. Of objects that claim one name for different addresses the first has
/// it: Ingresses before Services, then by namespace and name.
pub fn plan(snapshot: &Snapshot, allocations: &BTreeMap<ServiceKey, Allocation>) -> NamingPlan {
    let mut book = Book {
        plan: NamingPlan::default(),
        controllers: Controllers::new(snapshot, allocations),
        nodes: snapshot
            .nodes
            .values()
            .flat_map(|node| node.addresses.iter().map(|&address| (address, &node.name)))
            .collect(),
    };
    for ingress in snapshot.ingresses.values() {
        book.enter_ingress(ingress);
    }
    for service in snapshot.services.values() {
        book.enter_service(service);
    }
    book.plan
}

/// The plan while it is written.
struct Book<'a> {
    plan: NamingPlan,
    controllers: Controllers<'a>,
    nodes: BTreeMap<IpAddr, &'a NodeName>,
}

/// Where all names of one object point.
struct Pointer {
    addresses: BTreeSet<IpAddr>,
    service: Option<ServiceKey>,
}

impl<'a> Book<'a> {
    fn enter_ingress(&mut self, ingress: &'a Ingress) {
        let source = Source::Ingress(ingress.key.clone());
        let hosts = ingress
            .rules
            .iter()
            .filter_map(|rule| rule.host.as_ref())
            .chain(&ingress.tls_hosts)
            .chain(&ingress.hostnames);
        let names = self.readable(&source, hosts);
        if names.is_empty() {
            return;
        }
        match self.pointer_of(ingress, &source) {
            Ok(pointer) => self.claim(&source, names, &pointer, ingress.ttl_secs),
            Err(reason) => self.plan.refused.push((source, reason)),
        }
    }

    fn enter_service(&mut self, service: &Service) {
        let source = Source::Service(service.key.clone());
        let names = self.readable(&source, service.hostnames.iter());
        if names.is_empty() {
            return;
        }
        let pointer = Pointer {
            addresses: self.controllers.addresses_of(&service.key),
            service: Some(service.key.clone()),
        };
        if pointer.addresses.is_empty() {
            self.plan.refused.push((source, Reason::NoAddress));
        } else {
            self.claim(&source, names, &pointer, service.ttl_secs);
        }
    }

    /// The names among the texts; the others are refused.
    fn readable<'t>(
        &mut self,
        source: &Source,
        texts: impl Iterator<Item = &'t String>,
    ) -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        for text in texts
            .filter(|text| !text.is_empty())
            .collect::<BTreeSet<_>>()
        {
            match host::normalised(text) {
                Ok(name) => {
                    names.insert(name);
                }
                Err(problem) => {
                    let host = text.clone();
                    let reason = Reason::BadHost { host, problem };
                    self.plan.refused.push((source.clone(), reason));
                }
            }
        }
        names
    }

    /// `target` annotation, else status, else the VIP of the controller's Service, which also replaces the address of a
    /// node in the status.
    fn pointer_of(&mut self, ingress: &'a Ingress, source: &Source) -> Result<Pointer, Reason> {
        if !ingress.targets.is_empty() {
            return self.targets(&ingress.targets, source);
        }
        let of_node = ingress
            .status_ips
            .iter()
            .find_map(|address| Some((*address, (*self.nodes.get(address)?).clone())));
        if !ingress.status_ips.is_empty() && of_node.is_none() {
            return Ok(self.as_in_status(ingress));
        }
        let front = match (self.controllers.front_of(ingress), &of_node) {
            (Ok(front), None) => front,
            (Ok(front), Some(_)) if !front.guessed => front,
            (Err(reason), None) => return Err(reason),
            // The controller may well run on the nodes' own addresses.
            (Ok(_) | Err(_), Some(_)) => return Ok(self.as_in_status(ingress)),
        };
        let service = front.service.clone();
        let warning = match of_node {
            Some((address, node)) => Some(Reason::StatusHoldsNode {
                address,
                node,
                service: service.clone(),
            }),
            None => front.guessed.then(|| Reason::Guessed {
                service: service.clone(),
            }),
        };
        let warnings = warning.map(|reason| (source.clone(), reason));
        self.plan.warnings.extend(warnings);
        Ok(Pointer {
            addresses: front.addresses,
            service: Some(service),
        })
    }

    fn as_in_status(&self, ingress: &Ingress) -> Pointer {
        let addresses: BTreeSet<IpAddr> = ingress.status_ips.iter().copied().collect();
        let service = self.controllers.holder_of(&addresses);
        Pointer { addresses, service }
    }

    fn targets(&mut self, targets: &[String], source: &Source) -> Result<Pointer, Reason> {
        let mut addresses = BTreeSet::new();
        let mut wrong = Vec::new();
        for target in targets {
            match target.trim().parse::<IpAddr>() {
                Ok(address) => {
                    addresses.insert(address);
                }
                Err(_) => wrong.push(Reason::TargetNoAddress {
                    target: target.clone(),
                }),
            }
        }
        if addresses.is_empty()
            && let Some(reason) = wrong.pop()
        {
            return Err(reason);
        }
        let warnings = wrong.into_iter().map(|reason| (source.clone(), reason));
        self.plan.warnings.extend(warnings);
        Ok(Pointer {
            addresses,
            service: None,
        })
    }

    fn claim(
        &mut self,
        source: &Source,
        names: BTreeSet<String>,
        pointer: &Pointer,
        ttl_secs: Option<u32>,
    ) {
        let ttl_secs = ttl_secs.unwrap_or(DEFAULT_TTL_SECS).min(MAX_TTL_SECS);
        for name in names {
            match self.plan.names.entry(name) {
                Entry::Vacant(place) => {
                    place.insert(Name {
                        addresses: pointer.addresses.clone(),
                        ttl_secs,
                        source: source.clone(),
                        service: pointer.service.clone(),
                    });
                }
                Entry::Occupied(mut place) if place.get().addresses == pointer.addresses => {
                    let shorter = place.get().ttl_secs.min(ttl_secs);
                    place.get_mut().ttl_secs = shorter;
                }
                Entry::Occupied(place) => {
                    let reason = Reason::Taken {
                        name: place.key().clone(),
                        by: place.get().source.clone(),
                    };
                    self.plan.refused.push((source.clone(), reason));
                }
            }
        }
    }
}
