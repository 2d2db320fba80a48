//! What joins a cluster to its router, and its first pool: Secret, ConfigMap, IPAddressPool and L2Advertisement.

use base64::{Engine, prelude::BASE64_STANDARD};
use kube::api::DynamicObject;
use serde_json::{Value, json};
use thiserror::Error;

use super::{ACCOUNT, metadata};
use crate::{
    RouterSecret, Settings, TsigSecret,
    convert::{self, Notes},
    index,
};

/// A prefix or range that no pool can have.
#[derive(Debug, Error)]
#[error("pool: {text}")]
pub struct PoolError {
    text: String,
}

/// The Secret, as [`convert::router_secret`] reads it.
pub(super) fn router_secret(namespace: &str, name: &str, router: &RouterSecret) -> Value {
    let mut fields = match &router.tsig {
        TsigSecret::RouterKey { cluster, key } => {
            json!({ "cluster": cluster, "key": BASE64_STANDARD.encode(key) })
        }
        TsigSecret::Given {
            name,
            algorithm,
            secret,
        } => json!({
            "tsig-name": name, "tsig-algorithm": algorithm, "tsig-secret": BASE64_STANDARD.encode(secret),
        }),
    };
    if let Some(address) = router.address {
        fields["address"] = address.to_string().into();
    }
    // Not `stringData`: it is write-only, and server-side apply does not own what the server makes of it.
    let fields = fields.as_object().into_iter().flatten();
    let data: serde_json::Map<String, Value> = fields
        .filter_map(|(key, value)| {
            Some((key.clone(), BASE64_STANDARD.encode(value.as_str()?).into()))
        })
        .collect();
    json!({
        "apiVersion": "v1", "kind": "Secret",
        "metadata": metadata(name, Some(namespace)),
        "type": "Opaque",
        "data": data,
    })
}

/// The ConfigMap that every node takes its settings from.
pub(super) fn config_map(namespace: &str, node_toml: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": metadata(index::CONFIG_MAP, Some(namespace)),
        "data": { "node.toml": node_toml },
    })
}

/// A pool of these addresses, refused as the controller would refuse it, and what announces it and no other pool.
pub(super) fn pools(settings: &Settings, addresses: &[String]) -> Result<Vec<Value>, PoolError> {
    let object = |kind: &str, spec: Value| {
        json!({
            "apiVersion": "metallb.io/v1beta1", "kind": kind,
            "metadata": metadata(ACCOUNT, Some(&settings.namespace)),
            "spec": spec,
        })
    };
    let pool = object("IPAddressPool", json!({ "addresses": addresses }));
    serde_json::from_value::<DynamicObject>(pool.clone())
        .map_err(|error| error.to_string())
        .and_then(|read| {
            convert::pool(&read, settings, &mut Notes::default()).map_err(|invalid| invalid.text)
        })
        .map_err(|text| PoolError { text })?;
    let announced = json!({ "ipAddressPools": [ACCOUNT] });
    Ok(vec![pool, object("L2Advertisement", announced)])
}
