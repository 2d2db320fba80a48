//! Writes addresses into Service status while this node holds the Lease.
//!
//! Input: views (through plans) and the lease. Output: statuses, annotations and events. A conflict means that the
//! object changed meanwhile: the next view brings a new plan.

use std::{sync::Arc, time::Duration};

use anyhow::Context;
use cluster::api::{self, Writer};
use ipam::Holdings;
use plan::AddressSource;
use tokio::sync::watch;

use crate::{
    access::{Access, Connection, with_connection},
    planner::Planned,
};

/// Pause before a conflict is tried again when no new view came.
const AGAIN_AFTER: Duration = Duration::from_secs(2);

/// Inputs of the part.
#[derive(Clone)]
pub(crate) struct Write {
    pub(crate) access: watch::Receiver<Access>,
    pub(crate) counters: Arc<api::Counters>,
    pub(crate) options: plan::Options,
    pub(crate) planned: watch::Receiver<Option<Arc<Planned>>>,
    pub(crate) holder: watch::Receiver<bool>,
}

impl Write {
    /// Writes at once and after each change, while the Lease is ours.
    pub(crate) async fn run(self) -> anyhow::Result<()> {
        with_connection(self.access.clone(), |connection| {
            self.clone().write(connection)
        })
        .await
    }

    async fn write(mut self, Connection { client, node, .. }: Connection) -> anyhow::Result<()> {
        let mut writer = Writer::new(client, node.as_str(), Arc::clone(&self.counters));
        loop {
            let mut wait = None;
            let planned = self.planned.borrow_and_update().clone();
            if let Some(planned) = planned.filter(|_| *self.holder.borrow_and_update()) {
                let snapshot = &planned.view.snapshot;
                let plan = plan::plan(
                    snapshot,
                    AddressSource::Allocate(&Holdings::new()),
                    &self.options,
                );
                let written = writer
                    .apply(&planned.view, &plan.allocation)
                    .await
                    .context("write addresses")?;
                wait = written.conflicts.then_some(AGAIN_AFTER);
            }
            tokio::select! {
                changed = self.planned.changed() => changed?,
                changed = self.holder.changed() => changed?,
                () = pause(wait) => {}
            }
        }
    }
}

async fn pause(wait: Option<Duration>) {
    match wait {
        Some(wait) => tokio::time::sleep(wait).await,
        None => std::future::pending().await,
    }
}
