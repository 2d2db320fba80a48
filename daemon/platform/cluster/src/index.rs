//! What is known of the cluster, already converted: one table per kind, and the [`View`] made of them.
//!
//! Both sources fill it with the events of a watch (a directory that was read again is a list that was made again).
//! Objects are converted as they come, so what planners do not read takes no memory.

mod table;

use std::collections::BTreeMap;

use k8s_openapi::api::{
    core::v1::{ConfigMap, Namespace, Node, Secret, Service},
    discovery::v1::EndpointSlice,
    networking::v1::{Ingress, IngressClass},
};
use kube::{api::DynamicObject, runtime::watcher::Event};
use model::{AddressPool, Endpoint, L2Advertisement, Labels, Refusal, ServiceKey, Snapshot};

use crate::{
    RouterSecret, Settings, View,
    convert::{self, ServiceRow, Slice},
};
pub(crate) use table::{Place, Scope, Table, nowhere};

/// All tables.
pub(crate) struct Index {
    settings: Settings,
    services: Table<Service, ServiceRow>,
    slices: Table<EndpointSlice, Slice>,
    nodes: Table<Node, model::Node>,
    namespaces: Table<Namespace, Labels>,
    pools: Table<DynamicObject, AddressPool>,
    l2_advertisements: Table<DynamicObject, L2Advertisement>,
    ingresses: Table<Ingress, model::Ingress>,
    ingress_classes: Table<IngressClass, model::IngressClass>,
    router_secrets: Table<Secret, RouterSecret>,
    config_maps: Table<ConfigMap, String>,
}

/// An event of one kind.
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "there is one at a time, and only for a moment"
)]
pub(crate) enum Change {
    Service(Event<Service>),
    EndpointSlice(Event<EndpointSlice>),
    Node(Event<Node>),
    Namespace(Event<Namespace>),
    IpAddressPool(Event<DynamicObject>),
    L2Advertisement(Event<DynamicObject>),
    Ingress(Event<Ingress>),
    IngressClass(Event<IngressClass>),
    Secret(Event<Secret>),
    ConfigMap(Event<ConfigMap>),
}

impl Change {
    /// Whether this only says that a list is about to be asked for.
    pub(crate) const fn is_init(&self) -> bool {
        matches!(
            self,
            Self::Service(Event::Init)
                | Self::EndpointSlice(Event::Init)
                | Self::Node(Event::Init)
                | Self::Namespace(Event::Init)
                | Self::IpAddressPool(Event::Init)
                | Self::L2Advertisement(Event::Init)
                | Self::Ingress(Event::Init)
                | Self::IngressClass(Event::Init)
                | Self::Secret(Event::Init)
                | Self::ConfigMap(Event::Init)
        )
    }
}

/// The kinds that are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Service,
    EndpointSlice,
    Node,
    Namespace,
    IpAddressPool,
    L2Advertisement,
    Ingress,
    IngressClass,
    Secret,
    ConfigMap,
}

impl Kind {
    pub(crate) const ALL: [Self; 10] = [
        Self::Service,
        Self::EndpointSlice,
        Self::Node,
        Self::Namespace,
        Self::IpAddressPool,
        Self::L2Advertisement,
        Self::Ingress,
        Self::IngressClass,
        Self::Secret,
        Self::ConfigMap,
    ];

    /// `kind`, as in manifests.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Service => "Service",
            Self::EndpointSlice => "EndpointSlice",
            Self::Node => "Node",
            Self::Namespace => "Namespace",
            Self::IpAddressPool => "IPAddressPool",
            Self::L2Advertisement => "L2Advertisement",
            Self::Ingress => "Ingress",
            Self::IngressClass => "IngressClass",
            Self::Secret => "Secret",
            Self::ConfigMap => "ConfigMap",
        }
    }

    /// Where objects of this kind live.
    pub(crate) const fn scope(self) -> Scope {
        match self {
            Self::Node | Self::Namespace | Self::IngressClass => Scope::Cluster,
            Self::Service
            | Self::EndpointSlice
            | Self::Ingress
            | Self::Secret
            | Self::ConfigMap => Scope::Namespaced,
            Self::IpAddressPool | Self::L2Advertisement => Scope::Ours,
        }
    }
}

impl Index {
    pub(crate) fn new(settings: Settings) -> Self {
        Self {
            settings,
            services: Table::new(Kind::Service, convert::service),
            slices: Table::new(Kind::EndpointSlice, convert::slice),
            nodes: Table::new(Kind::Node, convert::node),
            namespaces: Table::new(Kind::Namespace, convert::namespace),
            pools: Table::new(Kind::IpAddressPool, convert::pool),
            l2_advertisements: Table::new(Kind::L2Advertisement, convert::l2_advertisement),
            ingresses: Table::new(Kind::Ingress, convert::ingress),
            ingress_classes: Table::new(Kind::IngressClass, convert::ingress_class),
            router_secrets: Table::new(Kind::Secret, convert::router_secret),
            config_maps: Table::new(Kind::ConfigMap, convert::node_toml),
        }
    }

    pub(crate) const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Takes one event in. `place` tells where in a file a field of the object is.
    pub(crate) fn handle(&mut self, change: Change, place: Place<'_>) {
        let settings = &self.settings;
        match change {
            Change::Service(event) => self.services.handle(event, settings, place),
            Change::EndpointSlice(event) => self.slices.handle(event, settings, place),
            Change::Node(event) => self.nodes.handle(event, settings, place),
            Change::Namespace(event) => self.namespaces.handle(event, settings, place),
            Change::IpAddressPool(event) => self.pools.handle(event, settings, place),
            Change::L2Advertisement(event) => {
                self.l2_advertisements.handle(event, settings, place);
            }
            Change::Ingress(event) => self.ingresses.handle(event, settings, place),
            Change::IngressClass(event) => self.ingress_classes.handle(event, settings, place),
            Change::Secret(event) => self.router_secrets.handle(event, settings, place),
            Change::ConfigMap(event) => self.config_maps.handle(event, settings, place),
        }
    }

    /// Calls `f` on the table of each kind in turn.
    fn with(&mut self, kind: Kind, f: impl FnOnce(&mut dyn table::Rows)) {
        f(match kind {
            Kind::Service => &mut self.services,
            Kind::EndpointSlice => &mut self.slices,
            Kind::Node => &mut self.nodes,
            Kind::Namespace => &mut self.namespaces,
            Kind::IpAddressPool => &mut self.pools,
            Kind::L2Advertisement => &mut self.l2_advertisements,
            Kind::Ingress => &mut self.ingresses,
            Kind::IngressClass => &mut self.ingress_classes,
            Kind::Secret => &mut self.router_secrets,
            Kind::ConfigMap => &mut self.config_maps,
        });
    }

    /// Begins a list of all kinds: what is not named until [`Index::finish`] is gone then.
    pub(crate) fn restart(&mut self) {
        for kind in Kind::ALL {
            self.with(kind, |rows| rows.restart());
        }
    }

    /// Ends the list of all kinds.
    pub(crate) fn finish(&mut self) {
        for kind in Kind::ALL {
            self.with(kind, |rows| rows.finish());
        }
    }

    /// The API does not know this kind (its CRD is not installed): as good as an empty list, if there was none yet.
    pub(crate) fn absent(&mut self, kind: Kind) {
        self.with(kind, |rows| rows.absent());
    }

    /// Refuses an object that is not even of its kind's type; its last valid version stays in force.
    pub(crate) fn refuse(
        &mut self,
        kind: Kind,
        key: ServiceKey,
        invalid: &convert::Invalid,
        place: Place<'_>,
    ) {
        self.with(kind, |rows| rows.refuse(key, invalid, place));
    }

    /// Kinds whose first list is not complete.
    pub(crate) fn missing(&mut self) -> Vec<&'static str> {
        let mut missing = Vec::new();
        for kind in Kind::ALL {
            self.with(kind, |rows| {
                if !rows.is_ready() {
                    missing.push(kind.name());
                }
            });
        }
        missing
    }

    /// Everything as one view, without problems of files.
    pub(crate) fn view(&self) -> View {
        let services: BTreeMap<_, _> = self
            .services
            .iter()
            .filter_map(|(key, row)| Some((key.clone(), row.service.clone()?)))
            .collect();
        let snapshot = Snapshot {
            nodes: by_name(&self.nodes, model::NodeName::new),
            namespaces: by_name(&self.namespaces, |name| name),
            pools: by_name(&self.pools, |name| name),
            l2_advertisements: by_name(&self.l2_advertisements, |name| name),
            endpoints: self.endpoints(&services),
            services,
            ingresses: by_key(&self.ingresses),
            ingress_classes: by_name(&self.ingress_classes, |name| name),
            refused: self.refused(),
        };
        let ours = |name: &str| ServiceKey::new(&self.settings.namespace, name);
        View {
            snapshot,
            router_secret: self
                .router_secrets
                .get(&ours(&self.settings.router_secret))
                .cloned(),
            node_toml: self.config_maps.get(&ours(CONFIG_MAP)).cloned(),
            problems: Vec::new(),
            records: self
                .services
                .iter()
                .map(|(key, row)| (key.clone(), row.record.clone()))
                .collect(),
        }
    }

    /// Endpoints of the Services that are served, sorted, each once.
    fn endpoints(
        &self,
        services: &BTreeMap<ServiceKey, model::Service>,
    ) -> BTreeMap<ServiceKey, Vec<Endpoint>> {
        let mut endpoints: BTreeMap<ServiceKey, Vec<Endpoint>> = BTreeMap::new();
        for (_, slice) in self.slices.iter() {
            if services.contains_key(&slice.service) {
                endpoints
                    .entry(slice.service.clone())
                    .or_default()
                    .extend(slice.endpoints.iter().cloned());
            }
        }
        for list in endpoints.values_mut() {
            list.sort();
            list.dedup();
        }
        endpoints
    }

    fn refused(&self) -> Vec<Refusal> {
        let mut refused: Vec<Refusal> = self
            .services
            .refused()
            .chain(self.slices.refused())
            .chain(self.nodes.refused())
            .chain(self.namespaces.refused())
            .chain(self.pools.refused())
            .chain(self.l2_advertisements.refused())
            .chain(self.ingresses.refused())
            .chain(self.ingress_classes.refused())
            .chain(self.router_secrets.refused())
            .chain(self.config_maps.refused())
            .cloned()
            .collect();
        refused.sort();
        refused
    }
}

/// Name of the ConfigMap that holds `node.toml`.
pub(crate) const CONFIG_MAP: &str = "lanlord";

fn by_name<K, V: Clone, N: Ord>(table: &Table<K, V>, name: impl Fn(String) -> N) -> BTreeMap<N, V> {
    table
        .iter()
        .map(|(key, value)| (name(key.name.clone()), value.clone()))
        .collect()
}

fn by_key<K, V: Clone>(table: &Table<K, V>) -> BTreeMap<ServiceKey, V> {
    table
        .iter()
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}

#[cfg(test)]
mod tests;
