//! Who may announce, who does, and why not.

mod election;
mod obstacles;

use std::collections::BTreeMap;

use model::{Allocation, Reason as _, ServiceKey, Snapshot, testing::key, testing::vip};

use crate::{AnnouncementPlan, Options, plan};

/// Addresses of Services, all from pool `first`.
fn given(rows: &[(&str, &[&str])]) -> BTreeMap<ServiceKey, Allocation> {
    rows.iter()
        .map(|(service, vips)| {
            let allocation = Allocation {
                service: key(service),
                pool: "first".to_string(),
                vips: vips.iter().map(|text| vip(text)).collect(),
            };
            (key(service), allocation)
        })
        .collect()
}

/// Plans with 192.0.2.1 given to default/web.
fn planned(snapshot: &Snapshot) -> AnnouncementPlan {
    plan(
        snapshot,
        &given(&[("default/web", &["192.0.2.1"])]),
        Options::default(),
    )
}

/// The ranking of a VIP as one text; empty when nobody announces it.
fn ranking(plan: &AnnouncementPlan, address: &str) -> String {
    let names = |announcement: &crate::Announcement| {
        assert_eq!(announcement.ranking.first(), Some(&announcement.owner));
        let names: Vec<&str> = announcement
            .ranking
            .iter()
            .map(|name| name.as_str())
            .collect();
        names.join(",")
    };
    plan.announcements
        .get(&vip(address))
        .map(names)
        .unwrap_or_default()
}

fn refusals(plan: &AnnouncementPlan) -> Vec<String> {
    plan.refused
        .iter()
        .map(|(service, reason)| format!("{service}: {}: {}", reason.code(), reason.text()))
        .collect()
}
