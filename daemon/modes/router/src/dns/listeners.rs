//! The sockets on port 53: one UDP and one TCP for each address, opened and closed as addresses come and go.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
    sync::Arc,
};

use anyhow::anyhow;
use kernel::socket::{BindError, Binding};
use names::{Responder, serve_tcp, serve_udp};
use tokio::task::{AbortHandle, JoinSet};
use tracing::{info, warn};

/// Tasks that answer, two for each address.
pub(super) struct Listeners {
    responder: Arc<Responder>,
    tasks: JoinSet<SocketAddr>,
    open: BTreeMap<SocketAddr, [AbortHandle; 2]>,
    failed: BTreeMap<SocketAddr, BindError>,
}

impl Listeners {
    pub(super) fn new(responder: Arc<Responder>) -> Self {
        Self {
            responder,
            tasks: JoinSet::new(),
            open: BTreeMap::new(),
            failed: BTreeMap::new(),
        }
    }

    /// Listens on exactly these addresses, as far as they can be bound.
    pub(super) fn follow(&mut self, wanted: BTreeSet<SocketAddr>) {
        self.failed.retain(|address, _| wanted.contains(address));
        self.open.retain(|address, tasks| {
            let stays = wanted.contains(address);
            if !stays {
                info!(%address, "no longer answering DNS");
                for task in tasks {
                    task.abort();
                }
            }
            stays
        });
        for address in wanted {
            if self.open.contains_key(&address) {
                continue;
            }
            match self.listen(address) {
                Ok(tasks) => {
                    info!(%address, "answering DNS");
                    self.failed.remove(&address);
                    self.open.insert(address, tasks);
                }
                Err(error) => {
                    let text = format!("{:#}", anyhow!("{error}"));
                    if self.failed.insert(address, error).is_none() {
                        warn!(%address, error = text, "cannot answer DNS");
                    }
                }
            }
        }
    }

    /// Addresses that could not be bound, one line each.
    pub(super) fn problems(&self) -> Vec<String> {
        self.failed
            .iter()
            .map(|(address, error)| format!("DNS on {address}: {error}"))
            .collect()
    }

    /// The first address that could not be bound, for a start that must fail.
    pub(super) fn first_problem(&mut self) -> Option<BindError> {
        self.failed.pop_first().map(|(_, error)| error)
    }

    /// Waits until a task ends that was not told to.
    pub(super) async fn ended(&mut self) -> anyhow::Error {
        loop {
            match self.tasks.join_next().await {
                Some(Err(error)) if error.is_cancelled() => {}
                Some(Err(error)) => {
                    return anyhow::Error::new(error).context("a DNS socket's task died");
                }
                Some(Ok(address)) => {
                    return anyhow!("the DNS socket on {address} ended by itself");
                }
                None => std::future::pending().await,
            }
        }
    }

    fn listen(&mut self, address: SocketAddr) -> Result<[AbortHandle; 2], BindError> {
        // The uplink's address may be named before the kernel has it.
        let binding = Binding::new(address).before_the_address();
        let (udp, tcp) = (binding.udp()?, binding.tcp()?);
        let (first, second) = (Arc::clone(&self.responder), Arc::clone(&self.responder));
        let udp = self
            .tasks
            .spawn(async move { match serve_udp(udp, first).await {} });
        let tcp = self
            .tasks
            .spawn(async move { match serve_tcp(tcp, second).await {} });
        Ok([udp, tcp])
    }
}
