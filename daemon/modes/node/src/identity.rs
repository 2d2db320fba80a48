//! Finds out who this daemon is to the API, and keeps that true: certificates are rotated, tokens revoked, authorities and
//! addresses replaced while it runs.
//!
//! Input: files, and for the token one Secret. Output: [`Access`]. Level-triggered: every second it compares what is with
//! what is in force. It takes nothing back: while something is missing, the last connection stays, and with it the last
//! view and all that is announced.

mod kubelet;

use std::{
    path::Path,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use cluster::api::{self, ConnectError, Credentials, Verdict};
use model::NodeName;
use tokio::sync::watch;
use tracing::{info, warn};

use crate::{
    access::{Access, Connection, Thing, Waiting},
    options::Login,
    planner,
    saved::Saved,
};

/// Between two looks at the files: a few kilobytes, and a kubelet that has just bootstrapped is what people wait for.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Inputs and outputs of the part.
#[derive(Clone)]
pub(crate) struct Identity {
    pub(crate) login: Login,
    /// The name that was given by hand.
    pub(crate) node: Option<NodeName>,
    pub(crate) namespace: String,
    pub(crate) saved: Saved,
    pub(crate) counters: Arc<api::Counters>,
    pub(crate) plans: Arc<planner::Counters>,
    pub(crate) access: watch::Sender<Access>,
}

/// What the last connection was made from.
struct InForce {
    credentials: Credentials,
    node: NodeName,
    verdict: Verdict,
}

impl Identity {
    /// Looks for ever.
    pub(crate) async fn run(self) -> anyhow::Result<()> {
        match self.login.clone() {
            Login::Kubelet(path) => kubelet::TwoSteps::new(self, path).run().await,
            Login::Kubeconfig(path) => self.follow(Some(&path)).await,
            Login::Pod => self.follow(None).await,
        }
        Ok(())
    }

    /// One step: what the kubeconfig says, or without one the pod's files, is who we are.
    async fn follow(&self, kubeconfig: Option<&Path>) {
        let mut in_force = None;
        let node = self.access.borrow().node.clone();
        let node = node.expect("known from the start without a kubelet");
        loop {
            let read = match kubeconfig {
                Some(path) => Credentials::of_kubeconfig(path).await,
                None => Credentials::of_pod(),
            };
            let waiting = match read {
                Ok(credentials) => self
                    .adopt(&mut in_force, credentials, &node)
                    .err()
                    .map(|error| waiting(Thing::Client, &error)),
                Err(error) => Some(waiting(Thing::Credentials, &error)),
            };
            self.tell(waiting);
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Puts credentials into force, unless they are already.
    fn adopt(
        &self,
        in_force: &mut Option<InForce>,
        credentials: Credentials,
        node: &NodeName,
    ) -> Result<(), ConnectError> {
        let same = |last: &InForce| last.credentials == credentials && last.node == *node;
        if in_force.as_ref().is_some_and(same) {
            return Ok(());
        }
        let (client, verdict) = credentials.connect()?;
        info!(server = %credentials.server, %node, "credentials in force");
        self.counters.connections.fetch_add(1, Ordering::Relaxed);
        self.access.send_modify(|access| {
            let turns = access.connection.as_ref().map_or(0, |last| last.turn);
            access.connection = Some(Connection {
                client,
                node: node.clone(),
                turn: turns + 1,
            });
        });
        *in_force = Some(InForce {
            credentials,
            node: node.clone(),
            verdict,
        });
        Ok(())
    }

    /// Says what is waited for, when that changes.
    fn tell(&self, waiting: Option<Waiting>) {
        self.access.send_if_modified(|access| {
            if access.waiting == waiting {
                return false;
            }
            match &waiting {
                Some(waiting) => warn!(missing = waiting.thing.word(), "{}", waiting.text),
                None => info!("nothing is missing any more"),
            }
            access.waiting = waiting;
            true
        });
    }
}

fn waiting(thing: Thing, error: &(dyn std::error::Error + 'static)) -> Waiting {
    let mut text = format!("waiting for {thing}: {error}");
    let mut source = error.source();
    while let Some(cause) = source {
        // Some libraries repeat their cause in their own text.
        let cause_text = cause.to_string();
        if !text.ends_with(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    Waiting { thing, text }
}
