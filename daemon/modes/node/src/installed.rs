//! Looks whether CRDs and rights in the cluster are those that this lanlord needs, and says so while they are not.
//!
//! Input: the lease, which says who looks. Output: what was found, for status and metrics, and an event whenever that
//! becomes another thing. Cancelled by dropping; nothing is lost.

use std::{
    error::Error,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use cluster::api::{self, Outdated};
use tokio::{sync::watch, time::sleep};
use tracing::{debug, info, warn};

use crate::access::{Access, Connection, with_connection};

/// Objects are seldom changed; nobody waits for this.
const LOOK_AGAIN: Duration = Duration::from_secs(300);
/// Somebody may be about to apply the cure, and looks whether it helped.
const LOOK_AGAIN_OUTDATED: Duration = Duration::from_secs(5);

/// Inputs and outputs of the part.
#[derive(Clone)]
pub(crate) struct Installed {
    pub(crate) access: watch::Receiver<Access>,
    pub(crate) holder: watch::Receiver<bool>,
    pub(crate) counters: Arc<api::Counters>,
    pub(crate) settings: cluster::Settings,
    pub(crate) outdated: watch::Sender<Outdated>,
}

impl Installed {
    /// Looks at takeover of the Lease, and now and then while it is held.
    pub(crate) async fn run(self) -> anyhow::Result<()> {
        with_connection(self.access.clone(), |connection| {
            self.clone().follow(connection)
        })
        .await
    }

    async fn follow(mut self, connection: Connection) -> anyhow::Result<()> {
        loop {
            if *self.holder.borrow_and_update() {
                self.look(&connection).await;
            } else {
                // The holder tells it.
                self.outdated
                    .send_if_modified(|found| std::mem::take(found).count() > 0);
            }
            let pause = match self.outdated.borrow().count() {
                0 => LOOK_AGAIN,
                _ => LOOK_AGAIN_OUTDATED,
            };
            tokio::select! {
                changed = self.holder.changed() => changed?,
                () = sleep(pause) => {}
            }
        }
    }

    async fn look(&self, Connection { client, node, .. }: &Connection) {
        let found = match api::outdated(client, &self.settings).await {
            Ok(found) => found,
            Err(error) => {
                debug!(
                    error = &error as &dyn Error,
                    "installed manifests not seen, what was found before stands"
                );
                return;
            }
        };
        let text = found.text();
        let is_news = self.outdated.send_if_modified(|last| {
            let differs = *last != found;
            *last = found;
            differs
        });
        match text {
            Some(text) if is_news => {
                warn!("{text}");
                let reported = api::report_outdated(client, &self.settings, node.as_str(), &text);
                match reported.await {
                    Ok(()) => _ = self.counters.events.fetch_add(1, Ordering::Relaxed),
                    Err(error) => {
                        self.counters.event_failures.fetch_add(1, Ordering::Relaxed);
                        warn!(error = &*error as &dyn Error, "event not reported");
                    }
                }
            }
            None if is_news => info!("the manifests in the cluster are those of this lanlord"),
            Some(_) | None => {}
        }
    }
}
