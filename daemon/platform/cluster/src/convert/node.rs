//! Node and Namespace.

use k8s_openapi::api::core::v1 as core;
use kube::ResourceExt;
use model::{Labels, Node, NodeName};

use super::{Invalid, Notes};
use crate::Settings;

/// A Node.
pub(crate) fn node(
    object: &core::Node,
    _: &Settings,
    notes: &mut Notes,
) -> Result<Option<Node>, Invalid> {
    let status = object.status.clone().unwrap_or_default();
    let mut addresses = Vec::new();
    for (at, address) in status.addresses.iter().flatten().enumerate() {
        if !matches!(address.type_.as_str(), "InternalIP" | "ExternalIP") {
            continue;
        }
        match address.address.parse() {
            Ok(ip) => addresses.push(ip),
            Err(_) => notes.push(Invalid::new(
                format!("status.addresses[{at}].address"),
                format!("`{}` is no address", address.address),
            )),
        }
    }
    let conditions = status.conditions.unwrap_or_default();
    let is_true = |type_: &str| {
        conditions
            .iter()
            .any(|condition| condition.type_ == type_ && condition.status == "True")
    };
    let spec = object.spec.as_ref();
    Ok(Some(Node {
        name: NodeName::new(object.name_any()),
        labels: object.labels().clone(),
        addresses,
        ready: conditions.is_empty() || is_true("Ready"),
        network_unavailable: is_true("NetworkUnavailable"),
        unschedulable: spec.and_then(|spec| spec.unschedulable).unwrap_or_default(),
    }))
}

/// A Namespace: its labels, and with them the name label that the API server sets.
pub(crate) fn namespace(
    object: &core::Namespace,
    _: &Settings,
    _: &mut Notes,
) -> Result<Option<Labels>, Invalid> {
    let mut labels = object.labels().clone();
    labels
        .entry("kubernetes.io/metadata.name".to_string())
        .or_insert_with(|| object.name_any());
    Ok(Some(labels))
}
