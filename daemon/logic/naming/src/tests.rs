//! Which names there are, where they point, and which are refused.

mod claims;
mod controllers;
mod hosts;

use std::collections::BTreeMap;

use model::{Allocation, Reason as _, ServiceKey, Snapshot, testing::key, testing::vip};

use crate::{NamingPlan, Reason, Source, plan};

/// Addresses of Services.
fn given(rows: &[(&str, &str)]) -> BTreeMap<ServiceKey, Allocation> {
    rows.iter()
        .map(|(service, vips)| {
            let allocation = Allocation {
                service: key(service),
                pool: "first".to_string(),
                vips: vips.split(',').map(vip).collect(),
            };
            (key(service), allocation)
        })
        .collect()
}

/// Plans with 192.0.2.10 given to traefik/traefik and 192.0.2.20 to nginx/nginx.
fn planned(snapshot: &Snapshot) -> NamingPlan {
    let allocations = given(&[
        ("traefik/traefik", "192.0.2.10"),
        ("nginx/nginx", "192.0.2.20"),
    ]);
    plan(snapshot, &allocations)
}

/// Addresses of a name as one text; empty when it does not exist.
fn addresses(plan: &NamingPlan, name: &str) -> String {
    let texts = |name: &crate::Name| {
        let texts: Vec<String> = name.addresses.iter().map(ToString::to_string).collect();
        texts.join(",")
    };
    plan.names.get(name).map(texts).unwrap_or_default()
}

fn texts(rows: &[(Source, Reason)]) -> Vec<String> {
    rows.iter()
        .map(|(source, reason)| format!("{source}: {}: {}", reason.code(), reason.text()))
        .collect()
}
