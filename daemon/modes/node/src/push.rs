//! Pushes the cluster's names to the router while this node is the lease holder.
//!
//! Input: plans, the lease. Output: DNS UPDATEs, and how they went on a `watch` channel. Stopping it leaves the names as
//! they are: another holder takes over.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use anyhow::Context;
use cluster::{RouterSecret, TsigSecret};
use dns::Key;
use model::Refusal;
use names::{Client, Synced};
use plan::Plan;
use tokio::{sync::watch, time::Instant};
use tracing::{info, warn};

use crate::{planner::Planned, settings::InForce};

/// How often names are compared without a change: heals a router that lost them.
const COMPARE_EVERY: Duration = Duration::from_secs(60);
/// Pause after a failed push, doubled up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(250);
/// Longest pause after failed pushes.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// DNS
const PORT: u16 = 53;

/// How pushing goes.
#[derive(Clone, Debug, Default)]
pub(crate) struct PushState {
    /// The DNS server.
    pub(crate) server: Option<SocketAddr>,
    /// When the names were last known to be in step.
    pub(crate) synced: Option<Instant>,
    /// Why the last push failed.
    pub(crate) error: Option<String>,
    /// Names that the server's policy refused, with its answer.
    pub(crate) refused: Vec<String>,
    /// Pushes that failed since the start.
    pub(crate) failures: u64,
}

/// Inputs and outputs of the part.
#[derive(Clone)]
pub(crate) struct Push {
    pub(crate) planned: watch::Receiver<Option<Arc<Planned>>>,
    pub(crate) holder: watch::Receiver<bool>,
    pub(crate) settings: watch::Receiver<InForce>,
    pub(crate) state: watch::Sender<PushState>,
}

impl Push {
    /// Pushes at once, after each change, after a failure, and every minute.
    pub(crate) async fn run(mut self) -> anyhow::Result<()> {
        let mut pause = FIRST_PAUSE;
        let mut target = None;
        loop {
            let mut wait = COMPARE_EVERY;
            let planned = self.planned.borrow_and_update().clone();
            let holder = *self.holder.borrow_and_update();
            match planned.filter(|_| holder) {
                Some(planned) => match self.push(&planned, &mut target).await {
                    Ok(()) => pause = FIRST_PAUSE,
                    Err(error) => {
                        self.failed(&error);
                        wait = pause;
                        pause = (pause * 2).min(LONGEST_PAUSE);
                    }
                },
                None => self.turn_to(None),
            }
            tokio::select! {
                changed = self.planned.changed() => changed?,
                changed = self.holder.changed() => changed?,
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    async fn push(&self, planned: &Planned, target: &mut Option<Target>) -> anyhow::Result<()> {
        let Some(secret) = &planned.view.router_secret else {
            self.turn_to(None);
            return Ok(());
        };
        let server = self.server(secret).await?;
        self.turn_to(Some(server));
        let kept = target
            .take()
            .filter(|target| target.server == server && target.secret == secret.tsig);
        let target = target.insert(match kept {
            Some(target) => target,
            None => Target::new(server, &secret.tsig)?,
        });
        let synced = target
            .client
            .sync(&desired(&planned.plan))
            .await
            .with_context(|| format!("push names to {server}"))?;
        self.succeeded(server, &synced);
        Ok(())
    }

    /// What another server said, or said to us before another node took over, no longer counts.
    fn turn_to(&self, server: Option<SocketAddr>) {
        self.state.send_if_modified(|state| {
            let changed = state.server != server || (server.is_none() && state.error.is_some());
            if changed {
                *state = PushState {
                    server,
                    failures: state.failures,
                    ..PushState::default()
                };
            }
            changed
        });
    }

    fn succeeded(&self, server: SocketAddr, synced: &Synced) {
        let Synced {
            added,
            changed,
            removed,
            kept,
            refused,
        } = synced;
        if !(added.is_empty() && changed.is_empty() && removed.is_empty()) {
            info!(%server, ?added, ?changed, ?removed, kept, "names pushed to the router");
        }
        let refused: Vec<String> = refused
            .iter()
            .map(|(name, refusal)| Refusal::new(name.as_str(), refusal).to_string())
            .collect();
        self.state.send_modify(|state| {
            for refusal in refused
                .iter()
                .filter(|refusal| !state.refused.contains(refusal))
            {
                warn!(%server, "the router refused a name: {refusal}");
            }
            state.synced = Some(Instant::now());
            state.error = None;
            state.refused = refused;
        });
    }

    /// node.toml's router, else the Secret's address, else the default gateway.
    async fn server(&self, secret: &RouterSecret) -> anyhow::Result<SocketAddr> {
        let configured = self.settings.borrow().config.names.router;
        let address = match configured.or(secret.address) {
            Some(address) => address,
            None => default_gateway().await?,
        };
        Ok(SocketAddr::new(address, PORT))
    }

    fn failed(&self, error: &anyhow::Error) {
        let text = format!("{error:#}");
        self.state.send_modify(|state| {
            if state.error.as_ref() != Some(&text) {
                warn!(error = %text, "cannot push names, trying again");
            }
            state.error = Some(text);
            state.failures += 1;
        });
    }
}

async fn default_gateway() -> anyhow::Result<IpAddr> {
    let netlink = kernel::Netlink::connect().context("look up the default gateway")?;
    let route = netlink
        .default_route()
        .await
        .context("look up the default gateway")?;
    route
        .and_then(|route| route.gateway)
        .context("no default gateway: give the router's address in Secret lanlord-router")
}

fn desired(plan: &Plan) -> BTreeMap<String, (BTreeSet<IpAddr>, u32)> {
    let names = plan.naming.names.iter();
    names
        .map(|(name, planned)| (name.clone(), (planned.addresses.clone(), planned.ttl_secs)))
        .collect()
}

/// A server and the key it knows us by; the client remembers the zones that hold names of ours.
struct Target {
    server: SocketAddr,
    secret: TsigSecret,
    client: Client,
}

impl Target {
    fn new(server: SocketAddr, secret: &TsigSecret) -> anyhow::Result<Self> {
        let key = match secret {
            TsigSecret::RouterKey { cluster, key } => Key::derive(key, cluster),
            TsigSecret::Given {
                name,
                algorithm,
                secret,
            } => Key::new(name, algorithm, secret.clone()),
        };
        let key = key.context("use the key in Secret lanlord-router")?;
        Ok(Self {
            server,
            secret: secret.clone(),
            client: Client::new(server, key),
        })
    }
}

#[cfg(test)]
mod tests;
