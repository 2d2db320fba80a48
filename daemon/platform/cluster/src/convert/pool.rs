//! IPAddressPool and L2Advertisement.

use kube::{ResourceExt, api::DynamicObject};
use model::{AddressPool, AddressRange, L2Advertisement, PoolScope, PreferredNodes};
use serde::de::DeserializeOwned;

use super::{
    Invalid, Notes,
    selector::{no_duplicates, selector, selectors},
};
use crate::{
    Settings,
    crd::{IPAddressPoolSpec, L2AdvertisementSpec, ServiceAllocation},
};

/// An IPAddressPool. It comes untyped, so that one that does not fit the type is refused alone: a typed list of the
/// API would fail as a whole.
pub(crate) fn pool(
    object: &DynamicObject,
    settings: &Settings,
    _: &mut Notes,
) -> Result<Option<AddressPool>, Invalid> {
    in_our_namespace(object, settings)?;
    let spec: IPAddressPoolSpec = spec(object)?;
    Ok(Some(AddressPool {
        name: object.name_any(),
        labels: object.labels().clone(),
        ranges: ranges(&spec.addresses)?,
        auto_assign: spec.auto_assign,
        avoid_buggy_ips: spec.avoid_buggy_ips,
        scope: spec.service_allocation.as_ref().map(scope).transpose()?,
    }))
}

/// An L2Advertisement, untyped as [`pool`] is.
pub(crate) fn l2_advertisement(
    object: &DynamicObject,
    settings: &Settings,
    _: &mut Notes,
) -> Result<Option<L2Advertisement>, Invalid> {
    in_our_namespace(object, settings)?;
    let spec: L2AdvertisementSpec = spec(object)?;
    no_duplicates("spec.ipAddressPools", &spec.ip_address_pools)?;
    let preferred_nodes = spec
        .preferred_node_selectors
        .iter()
        .enumerate()
        .map(|(at, entry)| {
            let field = format!("spec.preferredNodeSelectors[{at}]");
            let weight = u8::try_from(entry.weight)
                .ok()
                .filter(|weight| (1..=100).contains(weight))
                .ok_or_else(|| {
                    Invalid::new(
                        format!("{field}.weight"),
                        format!("{} is not within 1 to 100", entry.weight),
                    )
                })?;
            Ok(PreferredNodes {
                weight,
                preference: selector(&format!("{field}.preference"), &entry.preference)?,
            })
        })
        .collect::<Result<_, Invalid>>()?;
    Ok(Some(L2Advertisement {
        name: object.name_any(),
        pools: spec.ip_address_pools.into_iter().collect(),
        pool_selectors: selectors(
            "spec.ipAddressPoolSelectors",
            &spec.ip_address_pool_selectors,
        )?,
        node_selectors: selectors("spec.nodeSelectors", &spec.node_selectors)?,
        service_selectors: selectors("spec.serviceSelectors", &spec.service_selectors)?,
        interfaces: spec.interfaces.into_iter().collect(),
        preferred_nodes,
    }))
}

fn in_our_namespace(object: &DynamicObject, settings: &Settings) -> Result<(), Invalid> {
    let namespace = object.namespace().unwrap_or_default();
    if namespace == settings.namespace {
        return Ok(());
    }
    Err(Invalid::new(
        "metadata.namespace",
        format!(
            "`{namespace}` is not read; create it in `{}`",
            settings.namespace
        ),
    ))
}

/// `spec` as a typed value; an absent one counts as empty.
fn spec<T: DeserializeOwned>(object: &DynamicObject) -> Result<T, Invalid> {
    let spec = match object.data.get("spec") {
        None | Some(serde_json::Value::Null) => serde_json::json!({}),
        Some(spec) => spec.clone(),
    };
    serde_path_to_error::deserialize(spec).map_err(|error| {
        let field = match error.path().to_string().as_str() {
            "." => "spec".to_string(),
            path => format!("spec.{path}"),
        };
        Invalid::new(field, error.inner().to_string())
    })
}

fn ranges(addresses: &[String]) -> Result<Vec<AddressRange>, Invalid> {
    if addresses.is_empty() {
        return Err(Invalid::new(
            "spec.addresses",
            "is empty; a pool needs a prefix or a range",
        ));
    }
    let mut ranges: Vec<AddressRange> = Vec::with_capacity(addresses.len());
    for (at, text) in addresses.iter().enumerate() {
        let field = format!("spec.addresses[{at}]");
        if let Ok(address) = text.trim().parse::<std::net::IpAddr>() {
            let length = if address.is_ipv4() { 32 } else { 128 };
            let hint =
                format!("`{text}` is a bare address; for one address write {address}/{length}");
            return Err(Invalid::new(field, hint));
        }
        let range: AddressRange = text
            .parse()
            .map_err(|error: model::AddressRangeError| Invalid::new(&field, error.to_string()))?;
        if let Some(earlier) = ranges.iter().position(|other| other.overlaps(&range)) {
            return Err(Invalid::new(
                field,
                format!(
                    "`{text}` overlaps `{}` of the same pool",
                    addresses[earlier]
                ),
            ));
        }
        ranges.push(range);
    }
    Ok(ranges)
}

fn scope(allocation: &ServiceAllocation) -> Result<PoolScope, Invalid> {
    let field = "spec.serviceAllocation";
    no_duplicates(&format!("{field}.namespaces"), &allocation.namespaces)?;
    Ok(PoolScope {
        priority: allocation.priority.unwrap_or_default(),
        namespaces: allocation.namespaces.iter().cloned().collect(),
        namespace_selectors: selectors(
            &format!("{field}.namespaceSelectors"),
            &allocation.namespace_selectors,
        )?,
        service_selectors: selectors(
            &format!("{field}.serviceSelectors"),
            &allocation.service_selectors,
        )?,
    })
}

#[cfg(test)]
mod tests;
