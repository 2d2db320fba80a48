//! Turns each new view of the cluster into a plan, and hands out what follows from it.
//!
//! Input: views from the objects part, the name of this node. Output: [`Planned`] on a `watch` channel, [`Orders`] for the wire thread.
//! Cancelled by dropping; the wire thread then keeps its last orders.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use cluster::View;
use model::{NodeName, Refusal};
use plan::{AddressSource, Plan};
use segment::{Orders, Placement};
use tokio::sync::watch;
use tracing::{info, warn};

use crate::{access::Access, saved::Saved};

/// A view and the plan that was made from it.
#[derive(Debug)]
pub(crate) struct Planned {
    /// What was planned from.
    pub(crate) view: Arc<View>,
    /// What follows.
    pub(crate) plan: Plan,
}

/// Who decides about addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Authority {
    /// Every daemon by itself from the same files; addresses are remembered in the state folder.
    Files,
    /// The lease holder writes them into Service status, and every daemon follows the status.
    Status,
}

/// What the planner counts.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    /// Plans made.
    pub(crate) plans: AtomicU64,
    /// State that could not be written.
    pub(crate) save_failures: AtomicU64,
}

/// The planner's inputs and outputs.
#[derive(Clone)]
pub(crate) struct Planner {
    pub(crate) access: watch::Receiver<Access>,
    pub(crate) options: plan::Options,
    pub(crate) authority: Authority,
    pub(crate) saved: Saved,
    pub(crate) views: watch::Receiver<Option<Arc<View>>>,
    pub(crate) orders: watch::Sender<Orders>,
    pub(crate) planned: watch::Sender<Option<Arc<Planned>>>,
    pub(crate) counters: Arc<Counters>,
}

/// Waits for another name of this node. Where no part looks for one, the name given at the start stays.
async fn renamed(access: &mut watch::Receiver<Access>, node: &Option<NodeName>) {
    if access
        .wait_for(|access| access.node != *node)
        .await
        .is_err()
    {
        std::future::pending().await
    }
}

impl Planner {
    /// Plans at once and after each change. Ends when the views end.
    pub(crate) async fn run(mut self) -> anyhow::Result<()> {
        loop {
            let view = self.views.borrow_and_update().clone();
            let node = self.access.borrow_and_update().node.clone();
            if let (Some(view), Some(node)) = (view, &node) {
                self.plan(view, node);
            }
            tokio::select! {
                changed = self.views.changed() => changed?,
                () = renamed(&mut self.access, &node) => {}
            }
        }
    }

    fn plan(&self, view: Arc<View>, node: &NodeName) {
        let plan = match self.authority {
            Authority::Status => plan::plan(&view.snapshot, AddressSource::Status, &self.options),
            Authority::Files => {
                let source = AddressSource::Allocate(&self.saved.holdings());
                let plan = plan::plan(&view.snapshot, source, &self.options);
                self.keep(self.saved.keep_holdings(&plan.holdings()));
                plan
            }
        };
        self.counters.plans.fetch_add(1, Ordering::Relaxed);
        self.tell_refusals(&plan);
        self.give_orders(&plan, node);
        self.planned
            .send_replace(Some(Arc::new(Planned { view, plan })));
    }

    fn give_orders(&self, plan: &Plan, node: &NodeName) {
        let vips = plan
            .owned_by(node)
            .into_iter()
            .map(|(vip, announcement)| {
                (
                    vip,
                    Placement {
                        interfaces: announcement.interfaces.clone(),
                    },
                )
            })
            .collect();
        let orders = Orders { vips };
        self.tell_ownership(&orders);
        self.orders.send_if_modified(|current| {
            let changed = *current != orders;
            current.clone_from(&orders);
            changed
        });
        self.keep(self.saved.keep_orders(&orders));
    }

    fn tell_ownership(&self, orders: &Orders) {
        let before = self.orders.borrow();
        for vip in orders
            .vips
            .keys()
            .filter(|vip| !before.vips.contains_key(vip))
        {
            info!(%vip, "this node owns the VIP");
        }
        for vip in before
            .vips
            .keys()
            .filter(|vip| !orders.vips.contains_key(vip))
        {
            info!(%vip, "this node gives the VIP up");
        }
    }

    fn tell_refusals(&self, plan: &Plan) {
        let before: Vec<Refusal> = match &*self.planned.borrow() {
            Some(planned) => planned.plan.refusals(),
            None => Vec::new(),
        };
        for refusal in plan
            .refusals()
            .iter()
            .filter(|refusal| !before.contains(refusal))
        {
            warn!(object = %refusal.object, reason = %refusal.code, "{}", refusal.text);
        }
    }

    fn keep(&self, written: anyhow::Result<()>) {
        if let Err(error) = written {
            self.counters.save_failures.fetch_add(1, Ordering::Relaxed);
            warn!(
                error = format!("{error:#}"),
                "cannot save state, a restart would start without it"
            );
        }
    }
}

#[cfg(test)]
mod tests;
