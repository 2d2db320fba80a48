//! The objects that an installation needs beside the CRDs: namespace, account, rights.

use kube::ResourceExt;
use serde_json::{Value, json};

use crate::{Settings, api::LEASE, crd::crds, index};

/// Name of the ServiceAccount, of its roles and of their bindings.
const ACCOUNT: &str = "lanlord";

/// The Secret that holds the ServiceAccount's token; kubelets may read this one Secret.
const TOKEN_SECRET: &str = "lanlord-token";

/// Everything to apply: CRDs, then the objects of [`rbac`].
fn install_objects(settings: &Settings) -> Vec<Value> {
    let crds = crds().into_iter().map(|mut crd| {
        crd.labels_mut()
            .insert("app.kubernetes.io/name".to_string(), ACCOUNT.to_string());
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

/// Everything to apply, as YAML for `kubectl apply --server-side`, and for a Talos machine configuration.
pub fn install_yaml(settings: &Settings) -> Result<String, serde_saphyr::SerializeError> {
    to_yaml(&install_objects(settings))
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
    metadata["annotations"] = json!({ "kubernetes.io/service-account.name": ACCOUNT });
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
            named(rule("", &["secrets"], &["list", "watch"]), &settings.router_secret),
            named(rule("", &["configmaps"], &["list", "watch"]), index::CONFIG_MAP),
            // The name of an object to be made is not known to the authorizer.
            rule("coordination.k8s.io", &["leases"], &["create"]),
            named(rule("coordination.k8s.io", &["leases"], &["get", "update"]), LEASE),
        ],
    })
}

fn token_role(namespace: &str) -> Value {
    json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role",
        "metadata": metadata(TOKEN_SECRET, Some(namespace)),
        "rules": [named(rule("", &["secrets"], &["get"]), TOKEN_SECRET)],
    })
}

fn rule(group: &str, resources: &[&str], verbs: &[&str]) -> Value {
    json!({ "apiGroups": [group], "resources": resources, "verbs": verbs })
}

fn named(mut rule: Value, name: &str) -> Value {
    rule["resourceNames"] = json!([name]);
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
