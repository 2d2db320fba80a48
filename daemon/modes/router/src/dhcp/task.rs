//! The loop: one place that waits, one owner of everything.

use std::{
    collections::{BTreeSet, VecDeque},
    error::Error,
    hash::{BuildHasher, Hasher, RandomState},
    net::Ipv4Addr,
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use ::dhcp::{Arrival, Guard, Other, Server, Verdict};
use anyhow::Context;
use kernel::{Events, Link, Netlink};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::{
    Inputs, Publisher, Standing,
    ledger::Ledger,
    prober::Prober,
    scope::scope,
    wire::{Heard, Wire},
};
use crate::settings::Settings;

use self::disk::Disk;

mod answers;
mod checks;
mod disk;

/// How often a LAN with another server or router is asked again.
const RECHECK: Duration = Duration::from_secs(60);
/// How often names of expired leases are looked for.
const EXPIRY: Duration = Duration::from_secs(30);
/// MTU to assume until there is an interface.
const USUAL_MTU: u32 = 1500;

/// DHCP on one LAN.
struct Task {
    inputs: Inputs,
    publisher: Publisher,
    netlink: Netlink,
    settings: Arc<Settings>,
    server: Server,
    ledger: Ledger,
    guard: Guard,
    prober: Prober,
    wire: Option<Wire>,
    mtu: u32,
    /// Marks our own questions; random, so that two routers on one LAN do not share it.
    xid: u32,
    /// Requests that came while the LAN was looked at: clients repeat theirs only after seconds.
    early: VecDeque<Heard>,
    disk: Disk,
}

/// Serves one LAN until stopped; the token is looked at between batches.
pub(super) async fn run(
    inputs: Inputs,
    publisher: Publisher,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let mut events = Events::subscribe().context("watch interfaces for DHCP")?;
    let mut expiry = tokio::time::interval(EXPIRY);
    expiry.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut task = Task::start(inputs, publisher).await?;
    task.look_at_link().await?;
    loop {
        task.tick().await?;
        task.publish();
        let wake = task.deadline();
        let mut settings = task.inputs.settings.clone();
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            changed = settings.changed() => match changed {
                Ok(()) => {
                    let _ = task.inputs.settings.borrow_and_update();
                    task.reconfigure();
                }
                // The router is going down.
                Err(_) => return Ok(()),
            },
            changes = events.changed() => {
                let changes = changes.context("watch interfaces for DHCP")?;
                if changes.links {
                    task.look_at_link().await?;
                }
            }
            heard = task.hear() => task.handle(heard?).await?,
            () = sleep_until(wake) => {}
            _ = expiry.tick() => task.ledger.expire(SystemTime::now()),
        }
    }
}

async fn sleep_until(wake: Option<Instant>) {
    match wake {
        Some(wake) => tokio::time::sleep_until(wake.into()).await,
        None => std::future::pending().await,
    }
}

impl Task {
    async fn start(mut inputs: Inputs, publisher: Publisher) -> anyhow::Result<Self> {
        let netlink = Netlink::connect().context("list interfaces for DHCP")?;
        let settings = Arc::clone(&inputs.settings.borrow_and_update());
        let lan = lan_of(&settings, &inputs.interface)
            .with_context(|| format!("no LAN is on interface {}", inputs.interface))?;
        let file = format!("{}.journal", inputs.interface);
        let table = publisher.leases.clone();
        let now = SystemTime::now();
        let (ledger, problem) = Ledger::open(inputs.directory.join(file), table, now).await?;
        let scope = scope(&settings, lan, USUAL_MTU, false);
        let mut server = Server::new(scope, ledger.bindings());
        server.started(now);
        let mut task = Self {
            netlink,
            server,
            guard: Guard::new(lan.dhcp.authoritative, RECHECK, Instant::now()),
            settings: Arc::clone(&settings),
            prober: Prober::default(),
            wire: None,
            mtu: USUAL_MTU,
            xid: random(),
            early: VecDeque::new(),
            disk: Disk::default(),
            inputs,
            publisher,
            ledger,
        };
        if let Some(error) = problem {
            task.lose_disk(error);
        }
        Ok(task)
    }

    /// Opens the sockets when the interface can pass packets, and closes them when it cannot. Each time the LAN is
    /// checked anew: the cable may lead elsewhere now.
    async fn look_at_link(&mut self) -> anyhow::Result<()> {
        let interface = &self.inputs.interface;
        let found = self
            .netlink
            .link(interface)
            .await
            .context("list interfaces for DHCP")?;
        let usable = found.as_ref().filter(|link| link.is_operational());
        let Some((link, mac)) = usable.and_then(|link| Some((link, link.mac?))) else {
            if self.wire.take().is_some() {
                warn!(%interface, "interface is down: DHCP waits for it");
            }
            return Ok(());
        };
        self.mtu = link.mtu;
        if self.wire.as_ref().is_some_and(|wire| wire.is_on(link)) {
            return Ok(());
        }
        self.open_wire(link, mac).await
    }

    /// Opens the sockets anew and looks at the LAN. An interface that is gone by then is waited for.
    async fn open_wire(&mut self, link: &Link, mac: model::Mac) -> anyhow::Result<()> {
        self.wire = None;
        match open(link, mac) {
            Ok(wire) => self.wire = Some(wire),
            // It went since it was listed; the event of its return is still to come.
            Err(_) if !self.is_present(link.index).await? => return Ok(()),
            Err(error) => {
                warn!(
                    error = AsRef::<dyn Error>::as_ref(&error),
                    "DHCP cannot start"
                );
                return Err(error);
            }
        }
        self.guard = Guard::new(self.is_authoritative(), RECHECK, Instant::now());
        self.refresh_scope();
        Ok(())
    }

    /// Whether the interface is still the one with this index.
    async fn is_present(&self, index: u32) -> anyhow::Result<bool> {
        let found = self.netlink.link(&self.inputs.interface).await;
        let found = found.context("list interfaces for DHCP")?;
        Ok(found.is_some_and(|link| link.index == index))
    }

    /// Follows the configuration. Leases stay.
    fn reconfigure(&mut self) {
        self.settings = Arc::clone(&self.inputs.settings.borrow());
        let before = self.server.scope().server;
        self.guard.set_authoritative(self.is_authoritative());
        self.refresh_scope();
        if self.server.scope().server != before {
            self.guard = Guard::new(self.is_authoritative(), RECHECK, Instant::now());
        }
    }

    /// Gives the server what configuration, interface and guard say by now. A LAN that is gone keeps its last scope
    /// until the router stops this task.
    fn refresh_scope(&mut self) {
        let alone = self.guard.is_alone();
        if let Some(lan) = lan_of(&self.settings, &self.inputs.interface) {
            let scope = scope(&self.settings, lan, self.mtu, alone);
            if scope != *self.server.scope() {
                self.server.reconfigure(scope);
            }
        }
    }

    fn is_authoritative(&self) -> bool {
        lan_of(&self.settings, &self.inputs.interface).is_some_and(|lan| lan.dhcp.authoritative)
    }

    async fn hear(&self) -> anyhow::Result<Heard> {
        match &self.wire {
            Some(wire) => wire
                .hear()
                .await
                .with_context(|| format!("receive DHCP on {}", self.inputs.interface)),
            None => std::future::pending().await,
        }
    }

    async fn handle(&mut self, heard: Heard) -> anyhow::Result<()> {
        match heard {
            Heard::Request { .. } | Heard::Unreadable => self.answer(heard).await,
            Heard::Reply {
                source_mac,
                source,
                payload,
            } => {
                self.notice_server(source_mac, source, &payload);
                Ok(())
            }
            Heard::Arp(arp) => self.notice_arp(arp).await,
            Heard::Router(advertisement) => {
                self.notice_router(advertisement);
                Ok(())
            }
            Heard::Nothing => Ok(()),
        }
    }

    /// When the guard or a probe goes on, or the disk is tried again.
    fn deadline(&self) -> Option<Instant> {
        let on_wire = self.wire.as_ref();
        let probes = on_wire.and_then(|_| self.prober.deadline());
        let guard = on_wire.and_then(|_| self.guard.deadline());
        [guard, probes, self.disk.retry()]
            .into_iter()
            .flatten()
            .min()
    }

    async fn tick(&mut self) -> anyhow::Result<()> {
        self.try_disk().await?;
        if self.wire.is_none() {
            return Ok(());
        }
        let now = Instant::now();
        let instructions = self.guard.tick(now);
        self.ask(&instructions);
        self.refresh_scope();
        self.answer_early().await?;
        self.go_on_probing(now).await
    }

    fn publish(&self) {
        let interface = &self.inputs.interface;
        let standing = Standing {
            verdict: self.wire.as_ref().map(|_| self.guard.verdict()),
            others: self.guard.others().clone(),
            disk: self.disk.problem(),
        };
        self.publisher.standing.send_if_modified(|published| {
            let changed = *published != standing;
            if published.verdict != standing.verdict || published.others != standing.others {
                tell(interface, &standing);
            }
            *published = standing;
            changed
        });
    }
}

fn tell(interface: &str, standing: &Standing) {
    match standing.verdict {
        Some(Verdict::Serving) if standing.others.is_empty() => {
            info!(interface, "serving DHCP");
        }
        Some(Verdict::Serving) => {
            warn!(interface, others = %list(&standing.others), "serving DHCP, but not alone");
        }
        Some(Verdict::Off) => warn!(interface, "DHCP is {standing}"),
        Some(Verdict::Checking) => info!(interface, "looking for other DHCP servers and routers"),
        None => info!(interface, "DHCP waits for the interface"),
    }
}

fn list(others: &BTreeSet<Other>) -> String {
    let texts: Vec<_> = others.iter().map(ToString::to_string).collect();
    texts.join(", ")
}

fn open(link: &Link, mac: model::Mac) -> anyhow::Result<Wire> {
    Wire::open(link, mac).with_context(|| format!("serve DHCP on interface {}", link.name))
}

fn lan_of<'a>(settings: &'a Settings, interface: &str) -> Option<&'a config::router::Lan> {
    settings
        .lans()
        .find(|(name, _)| *name == interface)
        .map(|(_, lan)| lan)
}

/// Whether a datagram to port 67 is meant for this server, and not only passes through the router to another one.
fn is_addressed(server: &Server, arrival: &Arrival) -> bool {
    let scope = server.scope();
    let to = arrival.destination;
    to == scope.server || to == Ipv4Addr::BROADCAST || to == scope.prefix.broadcast()
}

fn random() -> u32 {
    let [a, b, c, d, ..] = RandomState::new().build_hasher().finish().to_ne_bytes();
    u32::from_ne_bytes([a, b, c, d])
}

#[cfg(test)]
mod tests;
