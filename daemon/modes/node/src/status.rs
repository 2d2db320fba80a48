//! What `lanlord status` and the health probes are told.

use std::{collections::BTreeMap, sync::Arc};

use admin::types::{NamePushStatus, NameStatus, NodeStatus, PoolStatus, Status, VipStatus};
use axum::{Json, Router, extract::State, routing::get};
use model::Vip;
use segment::Report;
use tokio::sync::watch;

use crate::{
    options::{Options, Origin},
    planner::Planned,
    push::PushState,
    settings::InForce,
};

/// Everything a status is made of; each part owns its end.
#[derive(Clone)]
pub(crate) struct Facts {
    pub(crate) options: Options,
    pub(crate) planned: watch::Receiver<Option<Arc<Planned>>>,
    pub(crate) report: watch::Receiver<Report>,
    pub(crate) holder: watch::Receiver<bool>,
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
            return Err(format!("no answer yet from {}", self.source()));
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
            node: self.options.node.to_string(),
            source: self.source(),
            source_ready: planned.is_some(),
            lease_holder: *self.holder.borrow(),
            pools: Vec::new(),
            vips: Vec::new(),
            names: Vec::new(),
            router: self.router(),
            problems: self.settings.borrow().error.iter().cloned().collect(),
        };
        let push = self.push.borrow();
        if push.server.is_none() {
            status.problems.extend(push.error.clone());
        }
        drop(push);
        match planned {
            Some(planned) => fill(&mut status, &planned, &report),
            None => status.vips = announced_from_memory(&report, &self.options),
        }
        Status::Node(status)
    }

    fn source(&self) -> String {
        match &self.options.source {
            Origin::Manifests(folder) => format!("manifests {}", folder.display()),
            Origin::Kubernetes {
                kubeconfig: Some(file),
            } => format!("Kubernetes API by {}", file.display()),
            Origin::Kubernetes { kubeconfig: None } => "Kubernetes API, in cluster".to_string(),
        }
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
fn announced_from_memory(report: &Report, options: &Options) -> Vec<VipStatus> {
    let remembered = |vip: &Vip| VipStatus {
        vip: vip.address(),
        services: Vec::new(),
        owner: Some(options.node.to_string()),
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
