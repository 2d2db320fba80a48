//! `/metrics`, `/healthz` and `/readyz` on port 80 of each LAN address.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::ErrorKind,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use anyhow::Context;
use axum::Router;
use kernel::port::{Transport, in_use};
use telemetry::{Health, Registry};
use tokio::{
    net::TcpListener,
    task::{AbortHandle, JoinSet},
    time::sleep,
};

use crate::{settings::Follow, status::Status};

const PORT: u16 = 80;
/// How often a port that could not be had is tried again.
const RETRY: Duration = Duration::from_secs(10);

/// Serves on the LAN addresses of the settings. A port that another program holds is told and tried again: it must not
/// keep DHCP and DNS from working. Runs until it is dropped.
pub(crate) async fn run(
    mut settings: Follow,
    registry: Registry,
    status: Status,
) -> anyhow::Result<()> {
    let probe = status.clone();
    let health = Health {
        alive: Arc::new(|| Ok(())),
        ready: Arc::new(move || probe.ready()),
    };
    let router = telemetry::router(registry, health);
    let mut servers = Servers::default();
    loop {
        let wanted: BTreeSet<IpAddr> = {
            let settings = settings.borrow_and_update();
            settings
                .lans()
                .map(|(_, lan)| lan.address.addr().into())
                .collect()
        };
        let problem = servers.serve(&wanted, &router).await;
        status.http_problem.send_if_modified(|told| {
            let differs = *told != problem;
            told.clone_from(&problem);
            differs
        });
        tokio::select! {
            changed = settings.changed() => changed.context("follow the settings")?,
            () = sleep(RETRY), if problem.is_some() => {}
            Some(_) = servers.tasks.join_next() => servers.forget_ended(),
        }
    }
}

/// One server per address.
#[derive(Default)]
struct Servers {
    running: BTreeMap<IpAddr, AbortHandle>,
    tasks: JoinSet<std::io::Result<()>>,
}

impl Servers {
    /// Starts and stops what differs; why an address is not served.
    async fn serve(&mut self, wanted: &BTreeSet<IpAddr>, router: &Router) -> Option<String> {
        self.running.retain(|address, task| {
            let keep = wanted.contains(address);
            if !keep {
                task.abort();
            }
            keep
        });
        let mut problem = None;
        for address in wanted {
            if self.running.contains_key(address) {
                continue;
            }
            let socket = SocketAddr::new(*address, PORT);
            match TcpListener::bind(socket).await {
                Ok(listener) => {
                    let task = self.tasks.spawn(telemetry::serve(listener, router.clone()));
                    self.running.insert(*address, task);
                }
                Err(error) if error.kind() == ErrorKind::AddrInUse => {
                    problem = Some(format!("metrics: {}", in_use(Transport::Tcp, socket)));
                }
                Err(error) => problem = Some(format!("metrics: bind {socket}: {error}")),
            }
        }
        problem
    }

    fn forget_ended(&mut self) {
        self.running.retain(|_, task| !task.is_finished());
    }
}
