//! The Secret `lanlord-router` and the ConfigMap `lanlord`.

use std::collections::BTreeMap;

use base64::{Engine, prelude::BASE64_STANDARD};
use k8s_openapi::api::core::v1::{ConfigMap, Secret};

use super::{Invalid, Notes};
use crate::{RouterSecret, Settings, TsigSecret};

/// Name of the TSIG key and of the router's `[[cluster]]` where the Secret has no field `cluster`.
const DEFAULT_CLUSTER: &str = "lab";

/// Key `node.toml` of our ConfigMap.
pub(crate) fn node_toml(
    object: &ConfigMap,
    _: &Settings,
    _: &mut Notes,
) -> Result<Option<String>, Invalid> {
    Ok(object
        .data
        .as_ref()
        .and_then(|data| data.get("node.toml").cloned()))
}

/// The Secret that the router's patch carries: `address`, `cluster` and `key`, or `tsig-name`, `tsig-algorithm` and
/// `tsig-secret`.
pub(crate) fn router_secret(
    object: &Secret,
    _: &Settings,
    _: &mut Notes,
) -> Result<Option<RouterSecret>, Invalid> {
    let fields = Fields::of(object);
    let address = match fields.text("address")? {
        None => None,
        Some(text) => Some(
            text.parse()
                .map_err(|_| Invalid::new("data.address", format!("`{text}` is no IP address")))?,
        ),
    };
    let tsig = match (fields.octets("key"), fields.text("tsig-name")?) {
        (Some(key), None) => TsigSecret::RouterKey {
            cluster: fields
                .text("cluster")?
                .unwrap_or_else(|| DEFAULT_CLUSTER.to_string()),
            key: router_key(key)?,
        },
        (None, Some(name)) => TsigSecret::Given {
            name,
            algorithm: fields
                .text("tsig-algorithm")?
                .unwrap_or_else(|| "hmac-sha256".to_string()),
            secret: fields
                .text("tsig-secret")?
                .and_then(|text| BASE64_STANDARD.decode(text).ok())
                .filter(|secret| !secret.is_empty())
                .ok_or_else(|| Invalid::new("data.tsig-secret", "is no base64 text"))?,
        },
        (Some(_), Some(_)) => {
            return Err(Invalid::new(
                "data",
                "has both `key` and `tsig-name`; leave one out",
            ));
        }
        (None, None) => {
            return Err(Invalid::new(
                "data",
                "has neither `key` nor `tsig-name`; `lanlord router key` prints the Secret",
            ));
        }
    };
    Ok(Some(RouterSecret { address, tsig }))
}

/// 32 octets, or their base64 text as the router's key file holds it. Both come about naturally: `kubectl create
/// secret --from-file` encodes the text of the file once more, and a hand-written `data` does not.
fn router_key(octets: &[u8]) -> Result<[u8; 32], Invalid> {
    if let Ok(key) = octets.try_into() {
        return Ok(key);
    }
    std::str::from_utf8(octets)
        .ok()
        .and_then(|text| BASE64_STANDARD.decode(text.trim()).ok())
        .and_then(|key| key.try_into().ok())
        .ok_or_else(|| Invalid::new("data.key", "is not 32 octets in base64"))
}

/// `data`, and `stringData` above it as the API server would merge them.
struct Fields<'a>(BTreeMap<&'a str, &'a [u8]>);

impl<'a> Fields<'a> {
    fn of(object: &'a Secret) -> Self {
        let data = object.data.iter().flatten();
        let texts = object.string_data.iter().flatten();
        Self(
            data.map(|(key, value)| (key.as_str(), value.0.as_slice()))
                .chain(texts.map(|(key, value)| (key.as_str(), value.as_bytes())))
                .collect(),
        )
    }

    fn octets(&self, key: &str) -> Option<&'a [u8]> {
        self.0.get(key).copied().filter(|value| !value.is_empty())
    }

    fn text(&self, key: &str) -> Result<Option<String>, Invalid> {
        self.octets(key)
            .map(|octets| {
                std::str::from_utf8(octets)
                    .map(|text| text.trim().to_string())
                    .map_err(|_| Invalid::new(format!("data.{key}"), "is no text"))
            })
            .transpose()
    }
}

#[cfg(test)]
mod tests;
