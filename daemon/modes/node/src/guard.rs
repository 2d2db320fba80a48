//! Keeps packets for VIPs from looping between node and router.
//!
//! Input: plans, and where the wire thread announces. Output: rules and routes of ours in the kernel. What it added is
//! removed when the daemon stops.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use anyhow::Context;
use kernel::{Netlink, unreachable};
use segment::Report;
use tokio::sync::watch;

use crate::planner::Planned;

/// How often the kernel is compared without a change: someone may have flushed rules.
const COMPARE_EVERY: Duration = Duration::from_secs(30);

/// Inputs of the part.
#[derive(Clone)]
pub(crate) struct Guard {
    pub(crate) planned: watch::Receiver<Option<Arc<Planned>>>,
    pub(crate) report: watch::Receiver<Report>,
}

impl Guard {
    /// Compares at once, after each change, and now and then.
    pub(crate) async fn run(mut self) -> anyhow::Result<()> {
        let netlink = Netlink::connect().context("keep VIPs from looping")?;
        loop {
            let planned = self.planned.borrow_and_update().clone();
            let interfaces: BTreeSet<String> = self
                .report
                .borrow_and_update()
                .announcing
                .values()
                .flatten()
                .cloned()
                .collect();
            if let Some(planned) = planned {
                let vips = planned
                    .plan
                    .announcement
                    .announcements
                    .keys()
                    .copied()
                    .collect();
                unreachable::ensure(&netlink, &vips, &interfaces)
                    .await
                    .context("keep VIPs from looping")?;
            }
            tokio::select! {
                changed = self.planned.changed() => changed?,
                changed = self.report.changed() => changed?,
                () = tokio::time::sleep(COMPARE_EVERY) => {}
            }
        }
    }
}

/// Removes what any run left in the kernel.
pub(crate) async fn flush() -> anyhow::Result<()> {
    let netlink = Netlink::connect().context("remove our rules and routes")?;
    unreachable::flush(&netlink)
        .await
        .context("remove our rules and routes")?;
    Ok(())
}
