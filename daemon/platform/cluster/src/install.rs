//! The objects that an installation needs: namespace, CRDs, account and rights, and what joins the cluster to its router.

mod daemonset;
mod join;

use kube::ResourceExt;
use serde_json::{Value, json};
use thiserror::Error;

use crate::{RouterSecret, Settings, api::LEASE, crd::crds, index};
pub use join::PoolError;

/// Number of what is installed, in the annotation [`STAMP`] of every object. Whoever adds a right or a field of a CRD
/// counts it up: a daemon that finds a lower number, or none, says that its manifests are old.
pub(crate) const MANIFESTS: u32 = 1;

/// API group of roles.
const RBAC: &str = "rbac.authorization.k8s.io";

/// The annotation that holds [`MANIFESTS`].
pub(crate) const STAMP: &str = "lanlord.dev/manifests";

/// Name of the ServiceAccount, of its roles and of their bindings.
pub(crate) const ACCOUNT: &str = "lanlord";

/// The Secret that holds the ServiceAccount's token; kubelets may read this one Secret.
pub(crate) const TOKEN_SECRET: &str = "lanlord-token";

/// Everything to apply: CRDs, then the objects of [`rbac`].
fn install_objects(settings: &Settings) -> Vec<Value> {
    let crds = crds().into_iter().map(|mut crd| {
        crd.labels_mut()
            .insert("app.kubernetes.io/name".to_string(), ACCOUNT.to_string());
        crd.annotations_mut()
            .insert(STAMP.to_string(), MANIFESTS.to_string());
        serde_json::to_value(crd).expect("a CRD is plain data")
    });
    crds.chain(rbac(settings)).collect()
}

/// Namespace, ServiceAccount with its token, and the least rights that the daemon works with.
fn rbac(settings: &Settings) -> Vec<Value> {
    let namespace = settings.namespace.as_str();
    vec![
        self::namespace(namespace),
        json!({
            "apiVersion": "v1", "kind": "ServiceAccount",
            "metadata": metadata(ACCOUNT, Some(namespace)),
        }),
        token_secret(namespace),
        cluster_role(),
        binding("ClusterRole", ACCOUNT, None, account_subject(namespace)),
        role(settings),
        binding("Role", ACCOUNT, Some(namespace), account_subject(namespace)),
        token_role(namespace),
        binding("Role", TOKEN_SECRET, Some(namespace), kubelet_subject()),
    ]
}

/// Names of the CRDs.
pub(crate) fn crd_names() -> Vec<String> {
    crds().iter().map(ResourceExt::name_any).collect()
}

/// What a cluster gets beside CRDs and rights.
#[derive(Clone, Debug, Default)]
pub struct Wanted<'a> {
    /// The Secret that joins cluster and router.
    pub router: Option<&'a RouterSecret>,
    /// Key `node.toml` of the ConfigMap; none: no ConfigMap, so that one which is there stays as it is.
    pub node_toml: Option<&'a str>,
    /// Prefixes and ranges of one pool that is announced on layer 2; empty: no pool.
    pub pools: &'a [String],
    /// Image of a DaemonSet, where nodes run no system extension.
    pub image: Option<&'a str>,
}

/// Objects that belong together, as YAML.
#[derive(Clone, PartialEq, Eq)]
pub struct Manifest {
    /// `lanlord`, or `lanlord-` and what is in it.
    pub name: &'static str,
    /// Documents, each begun by `---`. May hold a key.
    pub yaml: String,
}

/// Why there are no manifests.
#[derive(Debug, Error)]
pub enum InstallError {
    /// A pool that could not be used.
    #[error(transparent)]
    Pool(#[from] PoolError),
    /// The objects cannot be written as YAML.
    #[error("write the objects as YAML")]
    Yaml(#[source] Box<serde_saphyr::SerializeError>),
}

/// Everything to apply, for `kubectl apply --server-side` and for a Talos machine configuration: what comes first is
/// needed by what follows.
pub fn manifests(settings: &Settings, wanted: &Wanted<'_>) -> Result<Vec<Manifest>, InstallError> {
    let namespace = settings.namespace.as_str();
    let mut parts = vec![("lanlord", install_objects(settings))];
    if let Some(text) = wanted.node_toml {
        parts.push(("lanlord-settings", vec![join::config_map(namespace, text)]));
    }
    if let Some(router) = wanted.router {
        let secret = join::router_secret(namespace, &settings.router_secret, router);
        parts.push(("lanlord-router", vec![secret]));
    }
    if !wanted.pools.is_empty() {
        parts.push(("lanlord-pools", join::pools(settings, wanted.pools)?));
    }
    if let Some(image) = wanted.image {
        let daemonset = daemonset::daemonset(namespace, image);
        parts.push(("lanlord-daemonset", vec![daemonset]));
    }
    parts
        .into_iter()
        .map(|(name, objects)| {
            let yaml = to_yaml(&objects).map_err(|error| InstallError::Yaml(Box::new(error)))?;
            Ok(Manifest { name, yaml })
        })
        .collect()
}

/// Several objects as one text, documents parted by `---`.
fn to_yaml(objects: &[Value]) -> Result<String, serde_saphyr::SerializeError> {
    let mut text = String::new();
    for object in objects {
        text.push_str("---\n");
        let document = serde_saphyr::to_string(object)?;
        text.push_str(&document);
        if !document.ends_with('\n') {
            text.push('\n');
        }
    }
    Ok(text)
}

fn metadata(name: &str, namespace: Option<&str>) -> Value {
    let mut metadata = json!({
        "name": name,
        "labels": { "app.kubernetes.io/name": ACCOUNT },
        "annotations": { STAMP: MANIFESTS.to_string() },
    });
    if let Some(namespace) = namespace {
        metadata["namespace"] = namespace.into();
    }
    metadata
}

/// A DaemonSet of ours uses the host's network, which Pod Security allows in a privileged namespace only.
fn namespace(name: &str) -> Value {
    let mut metadata = metadata(name, None);
    for mode in ["enforce", "audit", "warn"] {
        metadata["labels"][format!("pod-security.kubernetes.io/{mode}")] = "privileged".into();
    }
    json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": metadata })
}

fn token_secret(namespace: &str) -> Value {
    let mut metadata = metadata(TOKEN_SECRET, Some(namespace));
    metadata["annotations"]["kubernetes.io/service-account.name"] = ACCOUNT.into();
    json!({
        "apiVersion": "v1", "kind": "Secret",
        "metadata": metadata,
        "type": "kubernetes.io/service-account-token",
    })
}

/// Rights in all namespaces: to read what plans are made of, to write the status of Services, to report events.
fn cluster_role() -> Value {
    json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
        "metadata": metadata(ACCOUNT, None),
        "rules": [
            rule("", &["namespaces", "nodes", "services"], &["list", "watch"]),
            rule("discovery.k8s.io", &["endpointslices"], &["list", "watch"]),
            rule("networking.k8s.io", &["ingressclasses", "ingresses"], &["list", "watch"]),
            rule("", &["services/status"], &["patch"]),
            rule("events.k8s.io", &["events"], &["create"]),
            // What is installed, to tell when it is too old.
            named(
                rule("apiextensions.k8s.io", &["customresourcedefinitions"], &["get"]),
                &crd_names(),
            ),
            named(rule(RBAC, &["clusterroles"], &["get"]), &[ACCOUNT]),
        ],
    })
}

/// Rights in our namespace: pools and advertisements, and by name the router's Secret, the settings and the Lease.
fn role(settings: &Settings) -> Value {
    json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role",
        "metadata": metadata(ACCOUNT, Some(&settings.namespace)),
        "rules": [
            rule("metallb.io", &["ipaddresspools", "l2advertisements"], &["list", "watch"]),
            named(rule("", &["secrets"], &["list", "watch"]), &[&settings.router_secret]),
            named(rule("", &["configmaps"], &["list", "watch"]), &[index::CONFIG_MAP]),
            // The name of an object to be made is not known to the authorizer.
            rule("coordination.k8s.io", &["leases"], &["create"]),
            named(rule("coordination.k8s.io", &["leases"], &["get", "update"]), &[LEASE]),
            named(rule(RBAC, &["roles"], &["get"]), &[ACCOUNT]),
        ],
    })
}

fn token_role(namespace: &str) -> Value {
    json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role",
        "metadata": metadata(TOKEN_SECRET, Some(namespace)),
        "rules": [named(rule("", &["secrets"], &["get"]), &[TOKEN_SECRET])],
    })
}

fn rule(group: &str, resources: &[&str], verbs: &[&str]) -> Value {
    json!({ "apiGroups": [group], "resources": resources, "verbs": verbs })
}

fn named(mut rule: Value, names: &[impl AsRef<str>]) -> Value {
    rule["resourceNames"] = names.iter().map(AsRef::as_ref).collect();
    rule
}

fn account_subject(namespace: &str) -> Value {
    json!({ "kind": "ServiceAccount", "name": ACCOUNT, "namespace": namespace })
}

fn kubelet_subject() -> Value {
    json!({
        "apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "system:nodes",
    })
}

fn binding(role_kind: &str, role: &str, namespace: Option<&str>, subject: Value) -> Value {
    json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": format!("{role_kind}Binding"),
        "metadata": metadata(role, namespace),
        "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": role_kind, "name": role },
        "subjects": [subject],
    })
}

#[cfg(test)]
mod tests;
