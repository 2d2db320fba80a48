//! The objects of one kind.

use std::{collections::BTreeMap, marker::PhantomData};

use kube::{ResourceExt, runtime::watcher::Event};
use model::{Refusal, ServiceKey};

use super::Kind;
use crate::{
    Settings,
    convert::{Invalid, Notes},
};

/// Tells where in a file a field is; none for objects of the API.
pub(crate) type Place<'a> = &'a dyn Fn(&str) -> Option<String>;

/// The place of what comes from no file.
pub(crate) fn nowhere(_: &str) -> Option<String> {
    None
}

/// Where objects of a kind live, and how they are called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// In no namespace: by name.
    Cluster,
    /// In any namespace: `namespace/name`.
    Namespaced,
    /// In our namespace only: by name.
    Ours,
}

type Convert<K, V> = fn(&K, &Settings, &mut Notes) -> Result<Option<V>, Invalid>;

/// Objects of Kubernetes type `K`, kept as `V`.
pub(crate) struct Table<K, V> {
    kind: Kind,
    convert: Convert<K, V>,
    rows: BTreeMap<ServiceKey, Row<V>>,
    /// A list that is under way; takes the place of `rows` when it is complete.
    incoming: Option<BTreeMap<ServiceKey, Row<V>>>,
    ready: bool,
    of: PhantomData<fn(K)>,
}

#[derive(Clone)]
struct Row<V> {
    value: Option<V>,
    refused: Vec<Refusal>,
}

/// What can be done with a table without knowing its types.
pub(super) trait Rows {
    fn restart(&mut self);
    fn finish(&mut self);
    fn absent(&mut self);
    fn refuse(&mut self, key: ServiceKey, invalid: &Invalid, place: Place<'_>);
    fn is_ready(&self) -> bool;
}

impl<K, V> Table<K, V> {
    pub(super) const fn new(kind: Kind, convert: Convert<K, V>) -> Self {
        Self {
            kind,
            convert,
            rows: BTreeMap::new(),
            incoming: None,
            ready: false,
            of: PhantomData,
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&ServiceKey, &V)> {
        self.rows
            .iter()
            .filter_map(|(key, row)| Some((key, row.value.as_ref()?)))
    }

    pub(super) fn get(&self, key: &ServiceKey) -> Option<&V> {
        self.rows.get(key)?.value.as_ref()
    }

    pub(super) fn refused(&self) -> impl Iterator<Item = &Refusal> {
        self.rows.values().flat_map(|row| &row.refused)
    }

    fn called(&self, key: &ServiceKey) -> String {
        match self.kind.scope() {
            Scope::Cluster | Scope::Ours => format!("{} {}", self.kind.name(), key.name),
            Scope::Namespaced => format!("{} {key}", self.kind.name()),
        }
    }

    fn insert(&mut self, key: ServiceKey, row: Row<V>) {
        // Rows that say nothing are not kept: most Services are not for us.
        let rows = self.incoming.as_mut().unwrap_or(&mut self.rows);
        if row.value.is_some() || !row.refused.is_empty() {
            rows.insert(key, row);
        } else {
            rows.remove(&key);
        }
    }
}

impl<K: ResourceExt, V: Clone> Table<K, V> {
    /// Takes one event of a watch in.
    pub(super) fn handle(&mut self, event: Event<K>, settings: &Settings, place: Place<'_>) {
        match event {
            Event::Init => self.restart(),
            Event::InitDone => self.finish(),
            Event::InitApply(object) | Event::Apply(object) => self.put(&object, settings, place),
            Event::Delete(object) => {
                let key = key(&object);
                self.rows.remove(&key);
                if let Some(incoming) = &mut self.incoming {
                    incoming.remove(&key);
                }
            }
        }
    }

    fn put(&mut self, object: &K, settings: &Settings, place: Place<'_>) {
        let key = key(object);
        let mut notes = Notes::new();
        match (self.convert)(object, settings, &mut notes) {
            Ok(value) => {
                let refused = notes
                    .iter()
                    .map(|note| note.refusal(self.called(&key), place(&note.field).as_deref()))
                    .collect();
                self.insert(key, Row { value, refused });
            }
            Err(invalid) => self.refuse(key, &invalid, place),
        }
    }
}

impl<K: ResourceExt, V: Clone> Rows for Table<K, V> {
    fn restart(&mut self) {
        self.incoming = Some(BTreeMap::new());
    }

    fn finish(&mut self) {
        if let Some(incoming) = self.incoming.take() {
            self.rows = incoming;
        }
        self.ready = true;
    }

    fn absent(&mut self) {
        self.ready = true;
    }

    /// The last valid version stays in force, as MetalLB keeps its last valid configuration.
    fn refuse(&mut self, key: ServiceKey, invalid: &Invalid, place: Place<'_>) {
        let value = self.rows.get(&key).and_then(|row| row.value.clone());
        let mut invalid = invalid.clone();
        if value.is_some() {
            invalid
                .text
                .push_str("; its last valid version stays in force");
        }
        let refusal = invalid.refusal(self.called(&key), place(&invalid.field).as_deref());
        self.insert(
            key,
            Row {
                value,
                refused: vec![refusal],
            },
        );
    }

    fn is_ready(&self) -> bool {
        self.ready
    }
}

fn key<K: ResourceExt>(object: &K) -> ServiceKey {
    ServiceKey::new(object.namespace().unwrap_or_default(), object.name_any())
}
