//! Which Service fronts the ingress controller of an Ingress.
//!
//! What is tried, first match wins:
//! 1. Services annotated `lanlord.dev/ingress-class` with the class (any annotated one, if the Ingress has no class);
//! 2. Services on TCP port 80 or 443 known to front the controller that the IngressClass names (any controller, if there
//!    is no class): by their labels, else by their own name, else by what their pods are labelled;
//! 3. the only LoadBalancer Service on TCP port 80 or 443 that is not known to front another controller: a guess, with a
//!    warning.
//!
//! Several matches in one step are ambiguous, unless they have the same addresses.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
};

use model::{Allocation, Ingress, Protocol, Service, ServiceKey, Snapshot};

use crate::Reason;

/// The Service in front of a controller, and how it was found.
#[derive(Clone, Debug)]
pub(crate) struct Front<'a> {
    pub(crate) service: &'a ServiceKey,
    pub(crate) addresses: BTreeSet<IpAddr>,
    /// Nothing but its ports speaks for it.
    pub(crate) guessed: bool,
}

/// Finds controllers' Services; what does not depend on the Ingress is worked out once.
pub(crate) struct Controllers<'a> {
    snapshot: &'a Snapshot,
    allocations: &'a BTreeMap<ServiceKey, Allocation>,
    /// Services that some class is written on.
    annotated: Vec<&'a Service>,
    /// Services on TCP port 80 or 443, with the controller that they are known to front.
    web: Vec<(&'a Service, Option<&'a str>)>,
    default_class: Option<&'a str>,
    /// Services by the set of their VIPs; of several with one set the first.
    holders: BTreeMap<BTreeSet<IpAddr>, &'a ServiceKey>,
    /// Answers by class, for thousands of Ingresses have a handful of classes.
    found: BTreeMap<Option<&'a str>, Result<Front<'a>, Reason>>,
}

/// Services named in a reason, the rest is counted.
const SERVICES_NAMED: usize = 4;

/// Words by which Services and pods of well-known controllers are called, and `spec.controller` of their class.
const CONTROLLERS: [(&str, &str); 8] = [
    ("traefik", "traefik.io/ingress-controller"),
    ("ingress-nginx", "k8s.io/ingress-nginx"),
    ("nginx-ingress", "nginx.org/ingress-controller"),
    ("haproxy-ingress", "haproxy-ingress.github.io/controller"),
    ("contour", "projectcontour.io/ingress-controller"),
    ("kong", "ingress-controllers.konghq.com/kong"),
    ("istio-ingressgateway", "istio.io/ingress-controller"),
    ("cilium-ingress", "cilium.io/ingress-controller"),
];

/// Names of IngressClasses that charts give, for Ingresses whose class has no object.
const CLASSES: [(&str, &str); 4] = [
    ("traefik", "traefik.io/ingress-controller"),
    ("nginx", "k8s.io/ingress-nginx"),
    ("contour", "projectcontour.io/ingress-controller"),
    ("kong", "ingress-controllers.konghq.com/kong"),
];

impl<'a> Controllers<'a> {
    pub(crate) fn new(
        snapshot: &'a Snapshot,
        allocations: &'a BTreeMap<ServiceKey, Allocation>,
    ) -> Self {
        let services = snapshot.services.values();
        let mut defaults = snapshot
            .ingress_classes
            .values()
            .filter(|class| class.is_default);
        let default_class = match (defaults.next(), defaults.next()) {
            (Some(only), None) => Some(only.name.as_str()),
            // Kubernetes takes the newest of several; without ages that is no class at all.
            (None, _) | (Some(_), Some(_)) => None,
        };
        let mut holders = BTreeMap::new();
        for (key, allocation) in allocations {
            holders.entry(addresses(allocation)).or_insert(key);
        }
        Self {
            snapshot,
            allocations,
            annotated: services
                .clone()
                .filter(|service| !service.ingress_classes.is_empty())
                .collect(),
            web: services
                .filter(|service| serves_web(service))
                .map(|service| (service, known_controller(service)))
                .collect(),
            default_class,
            holders,
            found: BTreeMap::new(),
        }
    }

    /// The Service in front of the controller of `ingress`.
    pub(crate) fn front_of(&mut self, ingress: &'a Ingress) -> Result<Front<'a>, Reason> {
        let class = ingress.class.as_deref().or(self.default_class);
        if let Some(found) = self.found.get(&class) {
            return found.clone();
        }
        let found = self.front_of_class(class);
        self.found.insert(class, found.clone());
        found
    }

    fn front_of_class(&self, class: Option<&str>) -> Result<Front<'a>, Reason> {
        let (services, guessed) = self.matches(class);
        let mut fronts = services.iter().map(|service| Front {
            service: &service.key,
            addresses: self.addresses_of(&service.key),
            guessed,
        });
        let class = || class.map(str::to_string);
        let Some(first) = fronts.next() else {
            return Err(Reason::NoController { class: class() });
        };
        if fronts.any(|other| other.addresses.is_empty() || other.addresses != first.addresses) {
            let named = services.iter().take(SERVICES_NAMED);
            return Err(Reason::AmbiguousController {
                class: class(),
                services: named.map(|service| service.key.clone()).collect(),
                more: services.len().saturating_sub(SERVICES_NAMED),
            });
        }
        if first.addresses.is_empty() {
            return Err(Reason::ControllerWithoutAddress {
                service: first.service.clone(),
            });
        }
        Ok(first)
    }

    pub(crate) fn addresses_of(&self, service: &ServiceKey) -> BTreeSet<IpAddr> {
        self.allocations
            .get(service)
            .map(addresses)
            .unwrap_or_default()
    }

    /// The first Service by name whose VIPs are just these addresses.
    pub(crate) fn holder_of(&self, addresses: &BTreeSet<IpAddr>) -> Option<ServiceKey> {
        self.holders.get(addresses).map(|key| (*key).clone())
    }

    /// Services of the first step that finds any, and whether that step is the guess.
    fn matches(&self, class: Option<&str>) -> (Vec<&'a Service>, bool) {
        let annotated: Vec<&Service> = self
            .annotated
            .iter()
            .copied()
            .filter(|service| class.is_none_or(|class| names_class(service, class)))
            .collect();
        if !annotated.is_empty() {
            return (annotated, false);
        }
        let wanted = class.map(|class| self.controller_of_class(class));
        // A Service that is annotated for other classes fronts those and nothing else.
        let candidates = self
            .web
            .iter()
            .filter(|(service, _)| service.ingress_classes.is_empty());
        let known: Vec<&Service> = candidates
            .clone()
            .filter(|(_, known)| match wanted {
                Some(Some(wanted)) => *known == Some(wanted),
                Some(None) | None => known.is_some(),
            })
            .map(|(service, _)| *service)
            .collect();
        if !known.is_empty() {
            return (known, false);
        }
        let unknown = candidates.filter(|(_, known)| known.is_none());
        (unknown.map(|(service, _)| *service).collect(), true)
    }

    /// `spec.controller` of a class; none for one that has no object and no well-known name.
    fn controller_of_class(&self, class: &str) -> Option<&str> {
        match self.snapshot.ingress_classes.get(class) {
            Some(object) => Some(&object.controller.0),
            None => looked_up(&CLASSES, class),
        }
    }
}

fn addresses(allocation: &Allocation) -> BTreeSet<IpAddr> {
    allocation.vips.iter().map(|vip| vip.address()).collect()
}

fn names_class(service: &Service, class: &str) -> bool {
    service.ingress_classes.iter().any(|name| name == class)
}

fn serves_web(service: &Service) -> bool {
    service
        .ports
        .iter()
        .any(|port| port.protocol == Protocol::Tcp && matches!(port.port, 80 | 443))
}

/// By its labels, else by its name, namespace left aside, or by what its pods are labelled.
fn known_controller(service: &Service) -> Option<&str> {
    if let Some(controller) = &service.ingress_controller {
        return Some(&controller.0);
    }
    CONTROLLERS
        .iter()
        .find(|(word, _)| {
            let name = &service.key.name;
            let called = name == word
                || name
                    .strip_prefix(word)
                    .is_some_and(|rest| rest.starts_with('-'));
            called || service.selector.values().any(|value| value == word)
        })
        .map(|(_, controller)| *controller)
}

fn looked_up<'t>(table: &[(&str, &'t str)], word: &str) -> Option<&'t str> {
    table
        .iter()
        .find(|(key, _)| *key == word)
        .map(|(_, value)| *value)
}
