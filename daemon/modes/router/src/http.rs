//! `/metrics`, `/healthz` and `/readyz` on port 80 of each LAN address.
//!
//! The sockets are bound to the LAN's interface: the kernel hands packets to any of its addresses from any side, and the
//! uplink must be kept out even where there is no firewall.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use anyhow::Context;
use axum::Router;
use kernel::{Events, Netlink, socket::Binding};
use telemetry::{Health, Registry};
use tokio::{
    task::{AbortHandle, JoinSet},
    time::sleep,
};

use crate::{
    ground::chain,
    settings::{Follow, Settings},
    status::Status,
};

const PORT: u16 = 80;
/// How often a port that could not be had is tried again.
const RETRY: Duration = Duration::from_secs(10);
/// Where the router's own programs come from.
const LOOPBACK: &str = "lo";

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
    let mut events = Events::subscribe().context("watch interfaces for metrics")?;
    // One connection lists one thing at a time; this one waits for nobody else's listing.
    let netlink = Netlink::connect().context("list interfaces for metrics")?;
    let mut servers = Servers::default();
    loop {
        let current = Arc::clone(&settings.borrow_and_update());
        let problem = match doors(&current, &netlink).await {
            Ok(wanted) => servers.serve(&wanted, &router),
            Err(error) => Some(format!("metrics: {error:#}")),
        };
        status.http_problem.send_if_modified(|told| {
            let differs = *told != problem;
            told.clone_from(&problem);
            differs
        });
        tokio::select! {
            changed = settings.changed() => changed.context("follow the settings")?,
            changed = events.changed() => {
                changed.context("watch interfaces for metrics")?;
            }
            () = sleep(RETRY), if problem.is_some() => {}
            Some(_) = servers.tasks.join_next() => servers.forget_ended(),
        }
    }
}

/// Where a socket listens. A socket stays with the interface that it was bound to: one that went and came again under
/// the same name, with another index, is another door.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Door {
    address: IpAddr,
    interface: String,
    index: u32,
}

/// Each LAN address on its interface, as far as that is there, and for programs of this host.
async fn doors(settings: &Settings, netlink: &Netlink) -> anyhow::Result<BTreeSet<Door>> {
    let links = netlink.links().await.context("list interfaces")?;
    let doors = settings.lans().flat_map(|(lan, config)| {
        let own = links
            .iter()
            .filter(move |link| link.name == lan || link.name == LOOPBACK);
        own.map(|link| Door {
            address: config.address.addr().into(),
            interface: link.name.clone(),
            index: link.index,
        })
    });
    Ok(doors.collect())
}

/// One server per door.
#[derive(Default)]
struct Servers {
    running: BTreeMap<Door, AbortHandle>,
    tasks: JoinSet<std::io::Result<()>>,
}

impl Servers {
    /// Starts and stops what differs; why an address is not served.
    fn serve(&mut self, wanted: &BTreeSet<Door>, router: &Router) -> Option<String> {
        self.running.retain(|door, task| {
            let keep = wanted.contains(door);
            if !keep {
                task.abort();
            }
            keep
        });
        let mut problem = None;
        for door in wanted {
            if self.running.contains_key(door) {
                continue;
            }
            let binding = Binding::new(SocketAddr::new(door.address, PORT))
                .on_device(&door.interface)
                .before_the_address();
            match binding.tcp() {
                Ok(listener) => {
                    let task = self.tasks.spawn(telemetry::serve(listener, router.clone()));
                    self.running.insert(door.clone(), task);
                }
                Err(error) => problem = Some(format!("metrics: {}", chain(&error))),
            }
        }
        problem
    }

    fn forget_ended(&mut self) {
        self.running.retain(|_, task| !task.is_finished());
    }
}
