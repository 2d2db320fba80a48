//! What people may rely on, rule by rule.

mod dual_stack;
mod pools;
mod requests;
mod sharing;
mod stickiness;

use model::{Allocation, Reason as _, Snapshot, testing::key};

use crate::{AllocationPlan, Holdings, plan};

/// Plans a cluster in which only the status tells what is held.
fn planned(snapshot: &Snapshot) -> AllocationPlan {
    plan(snapshot, &Holdings::new())
}

/// Addresses of a Service as one text; empty when it has none.
fn given(plan: &AllocationPlan, service: &str) -> String {
    let vips = |allocation: &Allocation| {
        let texts: Vec<String> = allocation.vips.iter().map(ToString::to_string).collect();
        texts.join(",")
    };
    plan.allocations
        .get(&key(service))
        .map(vips)
        .unwrap_or_default()
}

/// The reason of a refusal as one text.
fn refusal(plan: &AllocationPlan, service: &str) -> String {
    plan.refused
        .iter()
        .find(|(refused, _)| *refused == key(service))
        .map(|(_, reason)| format!("{}: {}", reason.code(), reason.text()))
        .unwrap_or_default()
}

/// The warnings about a Service.
fn warnings(plan: &AllocationPlan, service: &str) -> Vec<String> {
    plan.warnings
        .iter()
        .filter(|(warned, _)| *warned == key(service))
        .map(|(_, reason)| format!("{}: {}", reason.code(), reason.text()))
        .collect()
}
