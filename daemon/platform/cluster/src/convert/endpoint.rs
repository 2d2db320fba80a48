//! EndpointSlice.

use k8s_openapi::api::discovery::v1::{Endpoint as ApiEndpoint, EndpointSlice};
use kube::ResourceExt;
use model::{Endpoint, NodeName, ServiceKey};

use super::{Invalid, Notes};
use crate::Settings;

/// Endpoints of one slice, and the Service they belong to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Slice {
    pub(crate) service: ServiceKey,
    pub(crate) endpoints: Vec<Endpoint>,
}

/// An EndpointSlice; one without the Service's label, or of host names, says nothing to us.
pub(crate) fn slice(
    object: &EndpointSlice,
    _: &Settings,
    notes: &mut Notes,
) -> Result<Option<Slice>, Invalid> {
    let Some(service) = object.labels().get("kubernetes.io/service-name") else {
        return Ok(None);
    };
    if object.address_type == "FQDN" {
        return Ok(None);
    }
    Ok(Some(Slice {
        service: ServiceKey::new(object.namespace().unwrap_or_default(), service),
        endpoints: object
            .endpoints
            .iter()
            .enumerate()
            .map(|(at, endpoint)| self::endpoint(at, endpoint, notes))
            .collect(),
    }))
}

fn endpoint(at: usize, endpoint: &ApiEndpoint, notes: &mut Notes) -> Endpoint {
    let mut addresses = Vec::new();
    for (n, text) in endpoint.addresses.iter().enumerate() {
        match text.parse() {
            Ok(address) => addresses.push(address),
            Err(_) => notes.push(Invalid::new(
                format!("endpoints[{at}].addresses[{n}]"),
                format!("`{text}` is no address"),
            )),
        }
    }
    let conditions = endpoint.conditions.as_ref();
    let ready = conditions.and_then(|conditions| conditions.ready);
    let serving = conditions.and_then(|conditions| conditions.serving);
    Endpoint {
        addresses,
        node: endpoint.node_name.as_deref().map(NodeName::from),
        serving: ready.unwrap_or(true) || serving.unwrap_or(false),
    }
}
