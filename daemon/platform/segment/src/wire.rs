//! The thread's loop: orders, link events, frames and timers in one place that waits.

use std::{
    collections::{BTreeMap, BTreeSet},
    future::poll_fn,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use kernel::{Events, Link, Netlink, NetlinkError, realtime::Punctuality};
use model::{Mac, Vip};
use neighbor::{ConflictLog, Interface, Interfaces, choose};
use tokio::sync::{oneshot, watch};

use crate::{
    Counters, Failure, Orders, Report, Settings,
    port::{Port, Turn},
};

/// From an event to the listing that follows it: events come in series, and a node starts pods by the dozen.
const SCAN_PAUSE: Duration = Duration::from_millis(20);
/// After a listing failed or a socket broke.
const RETRY_PAUSE: Duration = Duration::from_millis(200);
/// Without a deadline the timer is set this far.
const IDLE: Duration = Duration::from_secs(3600);

type Scan = Pin<Box<dyn Future<Output = Result<Interfaces, NetlinkError>>>>;

/// State of the thread. Inputs: orders, link events, ARP frames, the clock. Outputs: ARP frames, the report, counters.
pub(crate) struct Wire {
    settings: Settings,
    orders: watch::Receiver<Orders>,
    report: watch::Sender<Report>,
    counters: Arc<Counters>,
    netlink: Netlink,
    events: Events,
    /// None until the first listing, which nothing can be said before.
    interfaces: Option<Interfaces>,
    ports: BTreeMap<u32, Port>,
    conflicts: ConflictLog,
    /// A listing that is under way; frames are answered meanwhile.
    scan: Option<Scan>,
    /// When to list next.
    scan_at: Option<Instant>,
    /// When to apply the same orders again, since a socket could not be opened.
    apply_at: Option<Instant>,
    punctuality: Option<String>,
    problem: Option<String>,
}

enum Event {
    Stop,
    Orders,
    NobodyGivesOrders,
    Links(std::io::Result<kernel::Changes>),
    Scanned(Result<Interfaces, NetlinkError>),
    Timer,
    Frames(Turn),
}

impl Wire {
    /// Subscribes to link events; the first listing comes with the loop.
    pub(crate) fn open(
        settings: Settings,
        orders: watch::Receiver<Orders>,
        report: watch::Sender<Report>,
        counters: Arc<Counters>,
    ) -> Result<Self, NetlinkError> {
        Ok(Self {
            settings,
            orders,
            report,
            counters,
            events: Events::subscribe()?,
            netlink: Netlink::connect()?,
            interfaces: None,
            ports: BTreeMap::new(),
            conflicts: ConflictLog::default(),
            scan: None,
            scan_at: Some(now()),
            apply_at: None,
            punctuality: None,
            problem: None,
        })
    }

    /// Remembers what keeps the thread from being punctual, for the report.
    pub(crate) fn punctual(mut self, punctuality: &Punctuality) -> Self {
        self.punctuality = punctuality.complaint();
        self
    }

    /// Runs until told to stop, or until link events are lost.
    pub(crate) async fn run(mut self, mut stop: oneshot::Receiver<()>) -> Result<(), Failure> {
        let mut ordered = true;
        loop {
            self.on_timer(now());
            let event = self.next(&mut stop, ordered).await;
            match event {
                Event::Stop => return Ok(()),
                Event::Orders => self.apply(now()),
                // The planner is gone or being restarted: what was ordered last stays announced.
                Event::NobodyGivesOrders => ordered = false,
                Event::Links(Ok(_changes)) => self.scan_soon(SCAN_PAUSE),
                Event::Links(Err(error)) => return Err(Failure::Events(error.to_string())),
                Event::Scanned(result) => self.scanned(result, now()),
                Event::Timer => {}
                Event::Frames(turn) => self.on_turn(turn, now()),
            }
        }
    }

    /// The one place that waits. Biased: orders before frames, so that a flood cannot keep a VIP from moving.
    async fn next(&mut self, stop: &mut oneshot::Receiver<()>, ordered: bool) -> Event {
        let deadline = self.deadline();
        let Self {
            orders,
            events,
            scan,
            ports,
            counters,
            ..
        } = self;
        tokio::select! {
            biased;
            _ = stop => Event::Stop,
            changed = orders.changed(), if ordered => {
                if changed.is_ok() { Event::Orders } else { Event::NobodyGivesOrders }
            }
            changes = events.changed() => Event::Links(changes),
            result = poll_fn(|context| poll_scan(scan, context)) => Event::Scanned(result),
            () = tokio::time::sleep_until(deadline.into()) => Event::Timer,
            turn = poll_fn(|context| poll_ports(ports, counters, context)) => Event::Frames(turn),
        }
    }

    fn deadline(&self) -> Instant {
        self.ports
            .values()
            .filter_map(Port::deadline)
            .chain(self.scan_at.filter(|_| self.scan.is_none()))
            .chain(self.apply_at)
            .chain(self.conflicts.deadline())
            .min()
            .unwrap_or_else(|| now() + IDLE)
    }

    fn on_timer(&mut self, now: Instant) {
        for port in self.ports.values_mut() {
            port.announce(&self.counters, now);
        }
        if self.scan.is_none() && self.scan_at.is_some_and(|at| at <= now) {
            self.scan_at = None;
            self.counters.scans.add_one();
            self.scan = Some(Box::pin(scan(
                self.netlink.clone(),
                self.settings.interfaces.clone(),
            )));
        }
        if self.apply_at.is_some_and(|at| at <= now) {
            self.apply(now);
        }
        if self.conflicts.deadline().is_some_and(|at| at <= now) {
            self.forget_conflicts(now);
        }
    }

    fn scan_soon(&mut self, pause: Duration) {
        let at = now() + pause;
        self.scan_at = Some(self.scan_at.map_or(at, |planned| planned.min(at)));
    }

    fn scanned(&mut self, result: Result<Interfaces, NetlinkError>, now: Instant) {
        match result {
            // Most events are about routes and interfaces that we do not use.
            Ok(interfaces)
                if self.interfaces.as_ref() == Some(&interfaces) && self.problem.is_none() =>
            {
                return;
            }
            Ok(interfaces) => {
                self.interfaces = Some(interfaces);
                self.problem = None;
            }
            Err(error) => {
                self.counters.scan_failed.add_one();
                self.interfaces.get_or_insert_default();
                self.problem = Some(error.to_string());
                self.scan_soon(RETRY_PAUSE);
            }
        }
        self.apply(now);
    }

    fn on_turn(&mut self, turn: Turn, now: Instant) {
        for index in turn.broken {
            // The interface went down or away; the listing tells which, and opens the socket anew if it is back.
            self.counters.socket_failed.add_one();
            self.ports.remove(&index);
            self.scan_soon(SCAN_PAUSE);
            self.apply_at = Some(now + 2 * SCAN_PAUSE);
        }
        let mut news = false;
        for conflict in turn.conflicts {
            news |= self.conflicts.note(conflict, now);
        }
        if news {
            self.publish_conflicts();
        }
    }

    fn forget_conflicts(&mut self, now: Instant) {
        let orders = self.orders.borrow();
        let forgotten = self
            .conflicts
            .expire(|vip| orders.vips.contains_key(&vip), now);
        drop(orders);
        if forgotten {
            self.publish_conflicts();
        }
    }

    fn publish_conflicts(&self) {
        let conflicts: BTreeMap<Vip, Mac> = self.conflicts.sightings().collect();
        self.report.send_if_modified(|report| {
            let changed = report.conflicts != conflicts;
            report.conflicts = conflicts;
            changed
        });
    }

    /// Makes ports, answers and report follow the orders and the interfaces.
    fn apply(&mut self, now: Instant) {
        let orders = self.orders.borrow_and_update().clone();
        self.apply_at = None;
        let Some(interfaces) = &self.interfaces else {
            return;
        };
        let mut report = Report {
            punctuality: self.punctuality.clone(),
            problem: self.problem.clone(),
            ..Report::default()
        };
        let mut wanted: BTreeMap<u32, BTreeSet<Vip>> = BTreeMap::new();
        for (vip, placement) in &orders.vips {
            match choose(*vip, &placement.interfaces, interfaces) {
                Ok(indices) => indices.into_iter().for_each(|index| {
                    wanted.entry(index).or_default().insert(*vip);
                }),
                Err(silence) => {
                    report.silent.insert(*vip, silence.to_string());
                }
            }
        }
        self.ports.retain(|index, _| wanted.contains_key(index));
        for (index, vips) in &wanted {
            self.open_or_update(*index, vips, &mut report, now);
        }
        self.conflicts
            .expire(|vip| orders.vips.contains_key(&vip), now);
        report.conflicts = self.conflicts.sightings().collect();
        self.report.send_if_modified(|before| {
            let changed = *before != report;
            *before = report;
            changed
        });
    }

    fn open_or_update(
        &mut self,
        index: u32,
        vips: &BTreeSet<Vip>,
        report: &mut Report,
        now: Instant,
    ) {
        let listed = self
            .interfaces
            .as_ref()
            .map(|interfaces| interfaces.all.as_slice());
        let all = listed.unwrap_or_default();
        let own_macs: BTreeSet<Mac> = all.iter().filter_map(|interface| interface.mac).collect();
        let found = all.iter().find(|interface| interface.index == index);
        let Some((interface, mac)) = found.and_then(|interface| Some((interface, interface.mac?)))
        else {
            return;
        };
        if let Some(port) = self.ports.get_mut(&index) {
            port.take_macs(mac, own_macs, now);
        } else {
            match Port::open(index, mac, own_macs) {
                Ok(port) => {
                    self.ports.insert(index, port);
                }
                Err(error) => {
                    let reason = format!("{error} ({}): {}", interface.name, error.source);
                    report
                        .silent
                        .extend(vips.iter().map(|vip| (*vip, reason.clone())));
                    self.apply_at = Some(now + RETRY_PAUSE);
                }
            }
        }
        if let Some(port) = self.ports.get_mut(&index) {
            port.own(vips, &self.counters, now);
            for vip in vips {
                let names = report.announcing.entry(*vip).or_default();
                names.insert(interface.name.clone());
            }
        }
    }
}

fn poll_scan(
    scan: &mut Option<Scan>,
    context: &mut Context<'_>,
) -> Poll<Result<Interfaces, NetlinkError>> {
    let Some(running) = scan else {
        return Poll::Pending;
    };
    let result = std::task::ready!(running.as_mut().poll(context));
    *scan = None;
    Poll::Ready(result)
}

/// Gives every port its turn, so that a flood on one does not silence another.
fn poll_ports(
    ports: &mut BTreeMap<u32, Port>,
    counters: &Counters,
    context: &mut Context<'_>,
) -> Poll<Turn> {
    let mut turn = Turn::default();
    let mut any = false;
    for port in ports.values_mut() {
        any |= port.poll(context, counters, &mut turn);
    }
    if any {
        Poll::Ready(turn)
    } else {
        Poll::Pending
    }
}

async fn scan(netlink: Netlink, allowed: Vec<String>) -> Result<Interfaces, NetlinkError> {
    let all = netlink.links().await?.into_iter().map(interface).collect();
    let default_route = netlink.default_route().await?.map(|route| route.index);
    Ok(Interfaces {
        all,
        default_route,
        allowed,
    })
}

fn interface(link: Link) -> Interface {
    Interface {
        index: link.index,
        operational: link.is_operational(),
        asks_by_arp: link.broadcast && !link.no_arp && !link.loopback,
        name: link.name,
        mac: link.mac,
        master: link.master,
        addresses: link.addresses,
    }
}

/// Tokio's clock, so that the loop's timers and the schedules agree.
fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}
