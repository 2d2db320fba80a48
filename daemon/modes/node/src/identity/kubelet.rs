//! Two steps (design D6): as the kubelet we read one Secret; with the token in it we are ServiceAccount `lanlord`.
//!
//! ```text
//!  kubeconfig ──> server, authorities ───────────────────────────┐
//!  certificate ─> node name, kept in the state folder            ├─> connection
//!       └───────> Secret lanlord-token ─> token, kept there too ─┘
//! ```
//!
//! With a token of the last run the kubelet's certificate is not needed. The Secret is read at the start, each minute,
//! with each new certificate, and when the API refuses the token.

use std::{path::PathBuf, sync::atomic::Ordering, time::Duration};

use cluster::api::{Credentials, Kubelet, Proof, ReadError, Server, Token, Verdict, read_token};
use model::NodeName;
use tokio::time::Instant;
use tracing::{info, warn};

use super::{Identity, InForce, LOOK_EVERY, waiting};
use crate::access::{Thing, Waiting};

/// Finds a Secret that was made anew while the old token still works.
const READ_EVERY: Duration = Duration::from_secs(60);
/// Pause after a failed reading, doubled up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// Longest pause: a person who has just applied the Secret waits for this.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// The two steps, and how far they went.
pub(super) struct TwoSteps {
    identity: Identity,
    kubeconfig: PathBuf,
    node: Option<NodeName>,
    token: Option<Token>,
    in_force: Option<InForce>,
    /// Why the last reading gave no token.
    failure: Option<Failure>,
    /// Who read the Secret last.
    reader: Option<Proof>,
    next_reading: Instant,
    pause: Duration,
}

/// A reading that gave no token.
struct Failure {
    waiting: Waiting,
    /// A person has to do something; else waiting helps.
    is_final: bool,
}

impl TwoSteps {
    pub(super) fn new(identity: Identity, kubeconfig: PathBuf) -> Self {
        let node = identity.access.borrow().node.clone();
        Self {
            kubeconfig,
            node,
            token: identity.saved.token(),
            in_force: None,
            failure: None,
            reader: None,
            next_reading: Instant::now(),
            pause: FIRST_PAUSE,
            identity,
        }
    }

    pub(super) async fn run(mut self) {
        loop {
            let waiting = self.look().await;
            self.identity.tell(waiting);
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// One comparison of what is with what is in force; what is missing for more.
    async fn look(&mut self) -> Option<Waiting> {
        let kubelet = match Kubelet::read(&self.kubeconfig).await {
            Ok(kubelet) => kubelet,
            Err(error) => return Some(waiting(Thing::Kubeconfig, &error)),
        };
        if let Ok((_, name)) = &kubelet.certificate {
            self.take_name(name);
        }
        // What is known suffices after a restart, whatever becomes of the Secret.
        let mut unusable = self.connect(&kubelet.server);
        if let Ok((proof, _)) = &kubelet.certificate
            && self.is_due(proof)
        {
            self.read(&kubelet.server, proof).await;
            unusable = self.connect(&kubelet.server);
        }
        unusable.or_else(|| self.missing(kubelet.certificate.err()))
    }

    /// A name given by hand wins.
    fn take_name(&mut self, name: &NodeName) {
        let name = self.identity.node.as_ref().unwrap_or(name);
        if self.node.as_ref() != Some(name) {
            info!(node = %name, "this node's name is known");
            self.node = Some(name.clone());
            let node = self.node.clone();
            self.identity
                .access
                .send_modify(|access| access.node = node);
        }
    }

    /// So that a start without the certificate knows it.
    fn keep_name(&mut self) {
        if let Some(name) = &self.node {
            self.keep(self.identity.saved.keep_node_name(name));
        }
    }

    /// The second step, as far as it is known who we are.
    fn connect(&mut self, server: &Server) -> Option<Waiting> {
        let (token, node) = (self.token.as_ref()?, self.node.as_ref()?);
        let credentials = Credentials::with_token(server.clone(), token);
        let adopted = self.identity.adopt(&mut self.in_force, credentials, node);
        adopted.err().map(|error| waiting(Thing::Client, &error))
    }

    fn is_refused(&self) -> bool {
        let verdict = self.in_force.as_ref().map(|in_force| &in_force.verdict);
        verdict.is_some_and(Verdict::is_refused)
    }

    fn is_due(&self, proof: &Proof) -> bool {
        let in_doubt = self.is_refused() && self.failure.is_none() && self.pause == FIRST_PAUSE;
        in_doubt || self.reader.as_ref() != Some(proof) || Instant::now() >= self.next_reading
    }

    /// The first step. A connection of its own each time: nothing of an older certificate lingers.
    async fn read(&mut self, server: &Server, proof: &Proof) {
        self.reader = Some(proof.clone());
        self.keep_name();
        self.identity
            .counters
            .token_reads
            .fetch_add(1, Ordering::Relaxed);
        let kubelet = Credentials {
            server: server.clone(),
            proof: proof.clone(),
        };
        let token = match kubelet.connect() {
            Ok((client, _)) => {
                read_token(client, &self.identity.namespace)
                    .await
                    .map_err(|error| Failure {
                        waiting: waiting(Thing::Token, &error),
                        is_final: error.is_final(),
                    })
            }
            Err(error) => Err(Failure {
                waiting: waiting(Thing::Certificate, &error),
                is_final: true,
            }),
        };
        match token {
            Ok(token) => self.take_token(token),
            Err(failure) => {
                self.failure = Some(failure);
                self.pause();
            }
        }
    }

    fn take_token(&mut self, token: Token) {
        self.failure = None;
        self.keep(self.identity.saved.keep_token(&token));
        if self.token.as_ref() == Some(&token) && self.is_refused() {
            self.pause();
            return;
        }
        self.token = Some(token);
        self.pause = FIRST_PAUSE;
        self.next_reading = Instant::now() + READ_EVERY;
    }

    fn pause(&mut self) {
        self.next_reading = Instant::now() + self.pause;
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
    }

    /// What a person should know: of a token that works, only that the next start or the next rotation will fail.
    fn missing(&self, certificate: Option<ReadError>) -> Option<Waiting> {
        let works = self.in_force.is_some() && !self.is_refused();
        if works {
            let failure = self.failure.as_ref().filter(|failure| failure.is_final);
            return failure.map(|failure| failure.waiting.clone());
        }
        if let Some(error) = certificate {
            return Some(waiting(Thing::Certificate, &error));
        }
        if let Some(failure) = &self.failure {
            return Some(failure.waiting.clone());
        }
        self.is_refused().then(|| Waiting {
            thing: Thing::Token,
            text: "waiting for the token of ServiceAccount lanlord: the API server refuses the one in the Secret"
                .to_string(),
        })
    }

    fn keep(&self, written: anyhow::Result<()>) {
        if let Err(error) = written {
            self.identity
                .plans
                .save_failures
                .fetch_add(1, Ordering::Relaxed);
            warn!(
                error = format!("{error:#}"),
                "cannot save state, a restart would start without it"
            );
        }
    }
}
