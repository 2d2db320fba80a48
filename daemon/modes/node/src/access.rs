//! Who this daemon is, and how it reaches the API: what the identity part finds out and all others follow.

use std::future::Future;

use cluster::Client;
use model::NodeName;
use tokio::sync::watch;

use crate::{
    options::{Login, Options, Origin, host_name},
    saved::Saved,
};

/// As it is now. Nothing here is ever taken back: a connection that no longer works stays until there is a better one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Access {
    /// This node, as soon as it is known.
    pub(crate) node: Option<NodeName>,
    /// The way to the API; none with `--manifests`, and until there are credentials.
    pub(crate) connection: Option<Connection>,
    /// What is missing.
    pub(crate) waiting: Option<Waiting>,
}

/// A way to the API.
#[derive(Clone)]
pub(crate) struct Connection {
    pub(crate) client: Client,
    /// The name under which we hold the Lease and report events.
    pub(crate) node: NodeName,
    /// Which one it is since the start.
    pub(crate) turn: u64,
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connection")
            .field("node", &self.node)
            .field("turn", &self.turn)
            .finish_non_exhaustive()
    }
}

/// Something that is waited for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Waiting {
    /// What it is.
    pub(crate) thing: Thing,
    /// A sentence with the reason.
    pub(crate) text: String,
}

/// What may be missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Thing {
    /// The kubelet's kubeconfig: where the API is.
    Kubeconfig,
    /// The kubelet's certificate: the right to read the token.
    Certificate,
    /// The token of our ServiceAccount.
    Token,
    /// A user's kubeconfig, or a pod's token.
    Credentials,
    /// Credentials that a client can be made from.
    Client,
}

impl Thing {
    /// For the metrics.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Kubeconfig => "kubeconfig",
            Self::Certificate => "certificate",
            Self::Token => "token",
            Self::Credentials => "credentials",
            Self::Client => "client",
        }
    }
}

impl std::fmt::Display for Thing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Kubeconfig => "the kubelet's kubeconfig",
            Self::Certificate => "the kubelet's client certificate",
            Self::Token => "the token of ServiceAccount lanlord",
            Self::Credentials => "credentials for the Kubernetes API",
            Self::Client => "usable credentials for the Kubernetes API",
        })
    }
}

impl Access {
    /// What is known before anything was looked at: a name from the flag, from the last run, or of the host.
    ///
    /// The host's name is no guess at a kubelet's: a Talos extension service has a UTS namespace of its own.
    pub(crate) fn at_start(options: &Options, saved: &Saved) -> anyhow::Result<Self> {
        let node = match (&options.node, &options.source) {
            (Some(node), _) => Some(node.clone()),
            (None, Origin::Kubernetes(Login::Kubelet(_))) => saved.node_name(),
            (
                None,
                Origin::Kubernetes(Login::Pod | Login::Kubeconfig(_)) | Origin::Manifests(_),
            ) => Some(host_name()?),
        };
        Ok(Self {
            node,
            ..Self::default()
        })
    }
}

/// Runs `part` with the connection in force, and anew with each that takes its place. Returns when `part` ends.
pub(crate) async fn with_connection<F>(
    mut access: watch::Receiver<Access>,
    mut part: impl FnMut(Connection) -> F,
) -> anyhow::Result<()>
where
    F: Future<Output = anyhow::Result<()>>,
{
    let mut last = 0;
    loop {
        let connection = next(&mut access, last).await?;
        last = connection.turn;
        tokio::select! {
            ended = part(connection) => return ended,
            newer = other_than(access.clone(), last) => newer?,
        }
    }
}

/// The connection in force, once it is another one than `last`.
async fn next(access: &mut watch::Receiver<Access>, last: u64) -> anyhow::Result<Connection> {
    loop {
        let found = access.borrow_and_update().connection.clone();
        match found {
            Some(connection) if connection.turn != last => return Ok(connection),
            Some(_) | None => access.changed().await?,
        }
    }
}

async fn other_than(mut access: watch::Receiver<Access>, last: u64) -> anyhow::Result<()> {
    next(&mut access, last).await.map(drop)
}
