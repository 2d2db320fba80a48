//! What `lanlord status` and the health probes are told.

use std::{collections::BTreeMap, sync::Arc};

use admin::types::{NamePushStatus, NameStatus, NodeStatus, PoolStatus, Status, VipStatus};
use axum::{Json, Router, extract::State, routing::get};
use cluster::api;
use model::Vip;
use segment::Report;
use tokio::sync::watch;

use crate::{
    access::Access, options::Options, planner::Planned, push::PushState, settings::InForce,
};

/// The name of a node that has none yet.
const NAMELESS: &str = "(name not known yet)";

/// Everything a status is made of; each part owns its end.
#[derive(Clone)]
pub(crate) struct Facts {
    pub(crate) options: Options,
    pub(crate) access: watch::Receiver<Access>,
    pub(crate) troubles: Arc<api::Troubles>,
    pub(crate) planned: watch::Receiver<Option<Arc<Planned>>>,
    pub(crate) report: watch::Receiver<Report>,
    pub(crate) holder: watch::Receiver<bool>,
    pub(crate) outdated: watch::Receiver<api::Outdated>,
    pub(crate) push: watch::Receiver<PushState>,
    pub(crate) settings: watch::Receiver<InForce>,
}

/// The admin API of a node.
pub(crate) fn routes(facts: Facts) -> Router {
    Router::new()
        .route(
            "/v1/status",
            get(|State(facts): State<Facts>| async move { Json(facts.status()) }),
        )
        .with_state(facts)
}

impl Facts {
    /// Ready: the objects were seen once, and every VIP of this node is announced somewhere.
    pub(crate) fn readiness(&self) -> Result<(), String> {
        if self.planned.borrow().is_none() {
            let waiting = &self.access.borrow().waiting;
            return Err(match waiting {
                Some(waiting) => waiting.text.clone(),
                None => format!("no answer yet from {}", self.options.source),
            });
        }
        match self.report.borrow().silent.iter().next() {
            Some((vip, why)) => Err(format!("{vip} is not announced: {why}")),
            None => Ok(()),
        }
    }

    fn status(&self) -> Status {
        let planned = self.planned.borrow().clone();
        let report = self.report.borrow().clone();
        let mut status = NodeStatus {
            version: env!("CARGO_PKG_VERSION").to_string(),
            node: self.node(),
            source: self.options.source.to_string(),
            source_ready: planned.is_some(),
            lease_holder: *self.holder.borrow(),
            pools: Vec::new(),
            vips: Vec::new(),
            names: Vec::new(),
            router: self.router(),
            problems: self.problems(),
        };
        match planned {
            Some(planned) => fill(&mut status, &planned, &report),
            None => status.vips = announced_from_memory(&report, &status.node),
        }
        Status::Node(status)
    }

    /// This node's name.
    pub(crate) fn node(&self) -> String {
        let node = self.access.borrow().node.clone();
        node.map_or_else(|| NAMELESS.to_string(), |node| node.to_string())
    }

    /// What is wrong beside the objects: who we are, the API, the settings, the names.
    fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        problems.extend(
            self.access
                .borrow()
                .waiting
                .iter()
                .map(|waiting| waiting.text.clone()),
        );
        problems.extend(self.troubles.lines());
        problems.extend(self.outdated.borrow().text());
        problems.extend(self.settings.borrow().error.clone());
        let push = self.push.borrow();
        if push.server.is_none() {
            problems.extend(push.error.clone());
        }
        problems
    }

    fn router(&self) -> Option<NamePushStatus> {
        let push = self.push.borrow();
        Some(NamePushStatus {
            server: push.server?.to_string(),
            synced_secs_ago: push.synced.map(|at| at.elapsed().as_secs()),
            error: push.error.clone(),
            refused: push.refused.clone(),
        })
    }
}

fn fill(status: &mut NodeStatus, planned: &Planned, report: &Report) {
    let plan = &planned.plan;
    let mut assigned: BTreeMap<&str, u64> = BTreeMap::new();
    for allocation in plan.allocation.allocations.values() {
        *assigned.entry(&allocation.pool).or_default() += allocation.vips.len() as u64;
    }
    status.pools = planned
        .view
        .snapshot
        .pools
        .values()
        .map(|pool| PoolStatus {
            name: pool.name.clone(),
            addresses: pool.ranges.iter().map(ToString::to_string).collect(),
            assigned: assigned
                .get(pool.name.as_str())
                .copied()
                .unwrap_or_default(),
        })
        .collect();
    status.vips = plan
        .announcement
        .announcements
        .iter()
        .map(|(vip, announcement)| VipStatus {
            vip: vip.address(),
            services: announcement
                .services
                .iter()
                .map(ToString::to_string)
                .collect(),
            owner: Some(announcement.owner.to_string()),
            interfaces: interfaces(report, *vip),
            reason: report.silent.get(vip).cloned(),
        })
        .collect();
    status.names = plan
        .naming
        .names
        .iter()
        .map(|(name, planned)| NameStatus {
            name: name.clone(),
            addresses: planned.addresses.iter().copied().collect(),
            source: planned.source.to_string(),
        })
        .collect();
    status
        .problems
        .extend(planned.view.problems.iter().map(ToString::to_string));
    status
        .problems
        .extend(plan.refusals().iter().map(ToString::to_string));
    status
        .problems
        .extend(plan.warnings().iter().map(ToString::to_string));
    status.problems.extend(report.problem.clone());
    status.problems.extend(
        report
            .conflicts
            .iter()
            .map(|(vip, mac)| format!("{vip} is also claimed by {mac}")),
    );
}

/// Before the first view: the VIPs that the last run owned.
fn announced_from_memory(report: &Report, node: &str) -> Vec<VipStatus> {
    let remembered = |vip: &Vip| VipStatus {
        vip: vip.address(),
        services: Vec::new(),
        owner: Some(node.to_string()),
        interfaces: interfaces(report, *vip),
        reason: Some("from saved state, the cluster has not answered yet".to_string()),
    };
    report.announcing.keys().map(remembered).collect()
}

fn interfaces(report: &Report, vip: Vip) -> Vec<String> {
    report
        .announcing
        .get(&vip)
        .map(|names| names.iter().cloned().collect())
        .unwrap_or_default()
}
