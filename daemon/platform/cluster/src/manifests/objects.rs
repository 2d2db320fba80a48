//! Documents of manifest files into the index.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use kube::{api::DynamicObject, runtime::watcher::Event};
use model::ServiceKey;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::document::Located;
use crate::{
    Problem,
    convert::Invalid,
    index::{self, Change, Index, Kind, Scope},
};

/// Takes documents of several files in, as one list; says what is no object.
pub(super) struct Intake<'a> {
    index: &'a mut Index,
    directory: &'a Path,
    seen: BTreeMap<(Kind, ServiceKey), String>,
    /// What comes now stands in for objects that nothing else defines; duplicates are no mistake.
    standing_in: bool,
    pub(super) problems: Vec<Problem>,
}

impl<'a> Intake<'a> {
    pub(super) fn begin(index: &'a mut Index, directory: &'a Path) -> Self {
        index.restart();
        Self {
            index,
            directory,
            seen: BTreeMap::new(),
            standing_in: false,
            problems: Vec::new(),
        }
    }

    /// Ends the list; what no document named is gone.
    pub(super) fn finish(self) -> Vec<Problem> {
        self.index.finish();
        self.problems
    }

    /// From here on come files that were moved away: they give way to what is defined already.
    pub(super) const fn stand_in(&mut self) {
        self.standing_in = true;
    }

    /// Takes one document in, or the items of a list.
    pub(super) fn document(&mut self, file: &str, document: &Located) {
        let kind = document.get("kind").and_then(Located::text);
        match (
            kind.and_then(|kind| kind.strip_suffix("List")),
            document.get("items"),
        ) {
            (Some(item_kind), Some(items)) => {
                for item in items.items() {
                    self.object(file, item, Some(item_kind), document);
                }
            }
            _ => self.object(file, document, None, document),
        }
    }

    /// `list` is where an item of a typed list has its `apiVersion` from.
    fn object(&mut self, file: &str, object: &Located, item_kind: Option<&str>, list: &Located) {
        let own = |key| object.get(key).and_then(Located::text);
        let kind_text = own("kind").or_else(|| item_kind.filter(|kind| !kind.is_empty()));
        let version = own("apiVersion").or_else(|| list.get("apiVersion").and_then(Located::text));
        let (Some(kind_text), Some(version)) = (kind_text, version) else {
            self.problem(
                file,
                object.line,
                "is no Kubernetes object: it lacks `kind` or `apiVersion`",
            );
            return;
        };
        let kind = match known(kind_text, version) {
            Known::Read(kind) => kind,
            Known::OtherVersion(right) => {
                let text = format!("{kind_text} of `{version}` is not read; write `{right}`");
                self.problem(file, object.line, text);
                return;
            }
            Known::No => return,
        };
        let mut json = object.to_json();
        let Some(key) = identify(&mut json, kind) else {
            self.problem(
                file,
                object.line,
                format!("{kind_text} has no `metadata.name`"),
            );
            return;
        };
        if !self.concerns_us(kind, &key) || self.is_duplicate(file, object.line, kind, &key) {
            return;
        }
        json["kind"] = kind_text.into();
        json["apiVersion"] = version.into();
        let place = |field: &str| Some(format!("{file}:{}", object.line_of(field)));
        match change(kind, json) {
            Ok(change) => self.index.handle(change, &place),
            Err(invalid) => self.index.refuse(kind, key, &invalid, &place),
        }
    }

    /// Of Secrets and ConfigMaps, only ours are looked at.
    fn concerns_us(&self, kind: Kind, key: &ServiceKey) -> bool {
        let ours = |name: &str| *key == ServiceKey::new(&self.index.settings().namespace, name);
        match kind {
            Kind::Secret => ours(&self.index.settings().router_secret),
            Kind::ConfigMap => ours(index::CONFIG_MAP),
            Kind::Service
            | Kind::EndpointSlice
            | Kind::Node
            | Kind::Namespace
            | Kind::IpAddressPool
            | Kind::L2Advertisement
            | Kind::Ingress
            | Kind::IngressClass => true,
        }
    }

    fn is_duplicate(&mut self, file: &str, line: u64, kind: Kind, key: &ServiceKey) -> bool {
        let place = format!("{file}:{line}");
        match self.seen.insert((kind, key.clone()), place) {
            None => false,
            Some(first) => {
                let called = match kind.scope() {
                    Scope::Cluster => key.name.clone(),
                    Scope::Namespaced | Scope::Ours => key.to_string(),
                };
                let text = format!(
                    "{} {called} is already defined at {first}; this one is ignored",
                    kind.name()
                );
                self.seen.insert((kind, key.clone()), first);
                if !self.standing_in {
                    self.problem(file, line, text);
                }
                true
            }
        }
    }

    fn problem(&mut self, file: &str, line: u64, text: impl Into<String>) {
        let file: PathBuf = self.directory.join(file);
        let text = text.into();
        self.problems.push(Problem { file, line, text });
    }
}

enum Known {
    Read(Kind),
    /// The kind is read in this version only.
    OtherVersion(&'static str),
    No,
}

fn known(kind: &str, version: &str) -> Known {
    let Some(known) = Kind::ALL.into_iter().find(|known| known.name() == kind) else {
        return Known::No;
    };
    let right = match known {
        Kind::Service | Kind::Node | Kind::Namespace | Kind::Secret | Kind::ConfigMap => "v1",
        Kind::EndpointSlice => "discovery.k8s.io/v1",
        Kind::Ingress | Kind::IngressClass => "networking.k8s.io/v1",
        Kind::IpAddressPool | Kind::L2Advertisement => "metallb.io/v1beta1",
    };
    let group = |version: &str| version.rsplit_once('/').map(|(group, _)| group.to_string());
    if version == right {
        Known::Read(known)
    } else if group(version) == group(right) {
        Known::OtherVersion(right)
    } else {
        Known::No
    }
}

/// Name and namespace, put in order as `kubectl` does: no namespace means `default`.
fn identify(json: &mut Value, kind: Kind) -> Option<ServiceKey> {
    let metadata = json.get_mut("metadata")?.as_object_mut()?;
    let name = metadata
        .get("name")?
        .as_str()
        .filter(|name| !name.is_empty())?;
    let name = name.to_string();
    let namespace = match kind.scope() {
        Scope::Cluster => {
            metadata.remove("namespace");
            String::new()
        }
        Scope::Namespaced | Scope::Ours => metadata
            .entry("namespace")
            .or_insert_with(|| "default".into())
            .as_str()
            .unwrap_or("default")
            .to_string(),
    };
    Some(ServiceKey::new(namespace, name))
}

fn change(kind: Kind, json: Value) -> Result<Change, Invalid> {
    Ok(match kind {
        Kind::Service => Change::Service(apply(json)?),
        Kind::EndpointSlice => Change::EndpointSlice(apply(json)?),
        Kind::Node => Change::Node(apply(json)?),
        Kind::Namespace => Change::Namespace(apply(json)?),
        Kind::IpAddressPool => Change::IpAddressPool(apply::<DynamicObject>(json)?),
        Kind::L2Advertisement => Change::L2Advertisement(apply::<DynamicObject>(json)?),
        Kind::Ingress => Change::Ingress(apply(json)?),
        Kind::IngressClass => Change::IngressClass(apply(json)?),
        Kind::Secret => Change::Secret(apply(json)?),
        Kind::ConfigMap => Change::ConfigMap(apply(json)?),
    })
}

fn apply<K: DeserializeOwned>(json: Value) -> Result<Event<K>, Invalid> {
    let object = serde_path_to_error::deserialize(json)
        .map_err(|error| Invalid::new(error.path().to_string(), error.inner().to_string()))?;
    Ok(Event::InitApply(object))
}
