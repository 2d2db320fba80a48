//! Who allocates addresses and pushes names: the holder of the Lease, or in `--manifests` mode the first live node.

use std::sync::Arc;

use cluster::api;
use model::{NodeName, Snapshot};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tracing::info;

use crate::{
    access::{Access, Connection, with_connection},
    options::{Options, Origin},
    planner::Planned,
};

/// Inputs and outputs of the part.
#[derive(Clone)]
pub(crate) struct Holder {
    pub(crate) options: Options,
    pub(crate) access: watch::Receiver<Access>,
    pub(crate) planned: watch::Receiver<Option<Arc<Planned>>>,
    pub(crate) counters: Arc<api::Counters>,
    pub(crate) troubles: Arc<api::Troubles>,
    pub(crate) holder: watch::Sender<bool>,
    /// Cancelled when the daemon stops: the Lease is given up, so that the next holder need not wait.
    pub(crate) stop: CancellationToken,
}

impl Holder {
    /// Tells `holder` whether this daemon is the one, until `stop`.
    pub(crate) async fn run(self) -> anyhow::Result<()> {
        match &self.options.source {
            Origin::Manifests(_) => self.first_live().await,
            Origin::Kubernetes(_) => {
                let compete =
                    with_connection(self.access.clone(), |connection| self.compete(connection));
                tokio::select! {
                    ended = compete => ended,
                    () = self.stopped_without_connection() => Ok(()),
                }
            }
        }
    }

    /// Competes for the Lease by one connection, until `stop`.
    async fn compete(&self, Connection { client, node, .. }: Connection) -> anyhow::Result<()> {
        // Held by an older connection: until this one has renewed it, nobody may rely on that.
        self.holder.send_if_modified(std::mem::take);
        let settings = cluster::Settings {
            namespace: self.options.namespace.clone(),
            ..cluster::Settings::default()
        };
        api::hold_lease(
            client,
            api::LeaseSettings::new(&settings, node.as_str()),
            Arc::clone(&self.counters),
            Arc::clone(&self.troubles),
            self.holder.clone(),
            self.stop.cancelled(),
        )
        .await;
        Ok(())
    }

    /// With a connection the Lease is given up first.
    async fn stopped_without_connection(&self) {
        self.stop.cancelled().await;
        if self.access.borrow().connection.is_some() {
            std::future::pending().await
        }
    }

    async fn first_live(self) -> anyhow::Result<()> {
        let Self {
            access,
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
            let is_first =
                view.is_some_and(|view| first(&view.snapshot) == access.borrow().node.as_ref());
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
