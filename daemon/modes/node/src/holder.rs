//! Who allocates addresses and pushes names: the holder of the Lease, or in `--manifests` mode the first live node.

use std::sync::Arc;

use cluster::api;
use model::{NodeName, Snapshot};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tracing::info;

use crate::{
    options::{Options, Origin},
    planner::Planned,
};

/// Inputs and outputs of the part.
#[derive(Clone)]
pub(crate) struct Holder {
    pub(crate) options: Options,
    pub(crate) planned: watch::Receiver<Option<Arc<Planned>>>,
    pub(crate) counters: Arc<api::Counters>,
    pub(crate) holder: watch::Sender<bool>,
    /// Cancelled when the daemon stops: the Lease is given up, so that the next holder need not wait.
    pub(crate) stop: CancellationToken,
}

impl Holder {
    /// Tells `holder` whether this daemon is the one, until `stop`.
    pub(crate) async fn run(self) -> anyhow::Result<()> {
        match &self.options.source {
            Origin::Manifests(_) => self.first_live().await,
            Origin::Kubernetes { kubeconfig } => {
                let client = api::connect(kubeconfig.as_deref()).await?;
                let settings = cluster::Settings {
                    namespace: self.options.namespace.clone(),
                    ..cluster::Settings::default()
                };
                let lease = api::LeaseSettings::new(&settings, self.options.node.as_str());
                api::hold_lease(
                    client,
                    lease,
                    self.counters,
                    self.holder,
                    self.stop.cancelled(),
                )
                .await;
                Ok(())
            }
        }
    }

    async fn first_live(self) -> anyhow::Result<()> {
        let Self {
            options,
            mut planned,
            holder,
            stop,
            ..
        } = self;
        loop {
            let view = planned
                .borrow_and_update()
                .as_ref()
                .map(|planned| Arc::clone(&planned.view));
            let is_first = view.is_some_and(|view| first(&view.snapshot) == Some(&options.node));
            holder.send_if_modified(|held| {
                let changed = *held != is_first;
                if changed {
                    info!(holder = is_first, "lease holder by name order");
                }
                *held = is_first;
                changed
            });
            tokio::select! {
                changed = planned.changed() => changed?,
                () = stop.cancelled() => return Ok(()),
            }
        }
    }
}

/// The first ready node by name.
fn first(snapshot: &Snapshot) -> Option<&NodeName> {
    snapshot
        .nodes
        .values()
        .find(|node| node.ready)
        .map(|node| &node.name)
}
