//! The router's one decision loop: configuration, interfaces and uplink lease in, settings and kernel state out.

use std::{collections::BTreeSet, path::PathBuf, sync::Arc, time::Duration};

use anyhow::Context;
use config::router::{RouterConfig, UplinkAddress};
use ipnet::IpNet;
use kernel::Events;
use telemetry::notify::Notifier;
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::watch,
    time::{Interval, MissedTickBehavior, interval},
};

use crate::{
    file::ConfigFile,
    folder::FolderWatch,
    ground::{Ground, Standing},
    keys,
    settings::Settings,
    uplink::Leasing,
};

/// How often the kernel is compared with the settings although nothing was heard: a hand may have changed the table.
const RECHECK: Duration = Duration::from_secs(30);
/// How soon it is tried again when something is not as configured.
const RETRY: Duration = Duration::from_secs(2);

/// What `status` and `readyz` are told.
#[derive(Clone, Debug)]
pub(crate) struct Overview {
    /// How the kernel stands.
    pub(crate) standing: Standing,
    /// The file in force.
    pub(crate) file: Option<PathBuf>,
    /// Why a newer content of the file is not in force.
    pub(crate) error: Option<String>,
    /// Contents taken and refused since the start.
    pub(crate) reloads: Reloads,
}

/// Counts since the start.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Reloads {
    pub(crate) taken: u64,
    pub(crate) refused: u64,
}

/// Why the loop wakes up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Event {
    Stop(&'static str),
    /// SIGHUP, or the file changed.
    Reload,
    /// An interface, address or route changed.
    Kernel,
    /// The uplink's lease changed.
    Lease,
    /// A cluster's key may be another one.
    Keys,
    Recheck,
    /// The one that started the router wants to hear that this loop turns.
    Beat,
}

/// The loop and what it owns.
#[derive(Debug)]
pub(crate) struct Control {
    pub(crate) state: PathBuf,
    pub(crate) file: ConfigFile,
    pub(crate) keys: FolderWatch,
    pub(crate) ground: Ground,
    pub(crate) settings: watch::Sender<Arc<Settings>>,
    pub(crate) overview: watch::Sender<Overview>,
    pub(crate) lease: watch::Receiver<Leasing>,
    pub(crate) reloads: Reloads,
    pub(crate) notifier: Notifier,
}

impl Control {
    /// Runs until a signal says stop. Firewall, addresses and routes stay as they are, for the next start.
    pub(crate) async fn run(mut self, mut events: Events) -> anyhow::Result<()> {
        let mut signals = Signals::new().context("listen for signals")?;
        let mut recheck = interval(RECHECK);
        recheck.set_missed_tick_behavior(MissedTickBehavior::Delay);
        recheck.reset();
        let mut beat = self.notifier.watchdog_interval().map(interval);
        self.tell();
        self.notifier.ready();
        loop {
            let event = tokio::select! {
                event = signals.next() => event,
                () = self.file.changed() => Event::Reload,
                () = self.keys.changed() => Event::Keys,
                changed = events.changed() => {
                    changed.context("follow the interfaces")?;
                    Event::Kernel
                }
                changed = self.lease.changed() => {
                    changed.context("follow the uplink's lease")?;
                    Event::Lease
                }
                _ = recheck.tick() => Event::Recheck,
                () = tick(&mut beat) => Event::Beat,
            };
            let config = match event {
                Event::Stop(signal) => {
                    tracing::info!(signal, "stopping; firewall and NAT stay in force");
                    self.notifier.stopping();
                    return Ok(());
                }
                // The file is looked at now and then too: its folder may not have been there to be watched.
                Event::Reload | Event::Recheck => self.reload(),
                Event::Kernel | Event::Lease | Event::Keys => None,
                Event::Beat => {
                    self.notifier.alive();
                    continue;
                }
            };
            self.settle(config).await;
            // The first `[[cluster]]` makes the folder.
            self.keys.ensure();
            if !self.overview.borrow().standing.is_whole() {
                recheck.reset_after(RETRY);
            }
        }
    }

    fn reload(&mut self) -> Option<RouterConfig> {
        let refused_before = self.file.error().map(str::to_string);
        let config = self.file.reread();
        if config.is_some() {
            self.reloads.taken += 1;
        } else if self
            .file
            .error()
            .is_some_and(|error| refused_before.as_deref() != Some(error))
        {
            self.reloads.refused += 1;
        }
        config
    }

    /// Takes over a new configuration, if there is one and it fits this machine, and makes the kernel fit.
    async fn settle(&mut self, config: Option<RouterConfig>) {
        let before = self.settings.borrow().clone();
        let is_new = config.is_some();
        let config = config.unwrap_or_else(|| before.config.clone());
        // Copied in a statement of its own: what is borrowed from a watch is locked until the end of the statement.
        let lease = *self.lease.borrow_and_update();
        let settings = match resolve(config, &self.ground, &self.state, lease).await {
            Ok(mut settings) => {
                settings.remember_keys(&before.keys);
                Arc::new(settings)
            }
            Err(error) => {
                let error = format!("{error:#}");
                if is_new {
                    self.reloads.refused += 1;
                    self.file.refuse(error);
                } else {
                    tracing::warn!(error, "not taken over, what was in force stays");
                }
                before
            }
        };
        let standing = stand(&mut self.ground, &settings).await;
        tell_changes(&self.overview.borrow().standing, &standing);
        tell_new_keys(&self.settings.borrow(), &settings);
        self.settings.send_if_modified(|current| {
            let differs = *current != settings;
            *current = settings;
            differs
        });
        if is_new {
            tracing::info!("configuration taken over");
        }
        self.overview.send_replace(Overview {
            standing,
            file: self.file.path().map(PathBuf::from),
            error: self.file.error().map(str::to_string),
            reloads: self.reloads,
        });
        self.tell();
    }

    /// One line for those who watch over this process.
    fn tell(&self) {
        let overview = self.overview.borrow();
        let standing = &overview.standing;
        let wrong = standing.firewall.as_ref().err();
        let wrong = wrong.or_else(|| standing.problems.first());
        let places = self.settings.borrow().places();
        match wrong {
            None => self
                .notifier
                .status(true, &format!("{places}; firewall and NAT in force")),
            Some(problem) => self
                .notifier
                .status(false, &format!("{places}; not as configured: {problem}")),
        }
    }
}

/// Never, where nobody listens.
async fn tick(beat: &mut Option<Interval>) {
    match beat {
        Some(beat) => {
            beat.tick().await;
        }
        None => std::future::pending().await,
    }
}

/// Makes the kernel fit, and tells what is missing beside it.
pub(crate) async fn stand(ground: &mut Ground, settings: &Settings) -> Standing {
    let mut standing = ground.apply(settings).await;
    standing
        .problems
        .extend(settings.missing_keys.iter().cloned());
    standing
}

/// A problem is logged once, when it comes up.
pub(crate) fn tell_changes(before: &Standing, now: &Standing) {
    for problem in &now.problems {
        if !before.problems.contains(problem) {
            tracing::warn!(problem, "not as configured");
        }
    }
    if let Err(error) = &now.firewall
        && before.firewall.as_ref() != Err(error)
    {
        tracing::error!(
            error,
            "no firewall and no NAT: nothing from the uplink is forwarded"
        );
    }
}

fn tell_new_keys(before: &Settings, now: &Settings) {
    for (cluster, key) in &now.keys {
        if before.keys.get(cluster).is_some_and(|held| held != key) {
            tracing::info!(
                cluster,
                "another key is in force; what is signed with the one before is refused"
            );
        }
    }
}

/// Finds out what the configuration leaves to this machine: interfaces, the uplink's address, keys.
pub(crate) async fn resolve(
    config: RouterConfig,
    ground: &Ground,
    state: &std::path::Path,
    lease: Leasing,
) -> anyhow::Result<Settings> {
    let links = ground.links().await.context("list the interfaces")?;
    let present: BTreeSet<String> = links.keys().cloned().collect();
    let interfaces = config.interfaces(&present)?;
    let clusters = config.clusters.iter().map(|cluster| cluster.name.as_str());
    let keys = keys::ensure_all(state, clusters);
    let uplink = match config.uplink.as_ref().map(|up| (up.address, lease)) {
        _ if interfaces.uplink.is_none() => (None, None),
        None | Some((UplinkAddress::Dhcp, Leasing::Lost)) => (None, None),
        Some((UplinkAddress::Static { address, gateway }, _)) => (Some(address), gateway),
        Some((UplinkAddress::Dhcp, Leasing::Held(lease))) => (Some(lease.address), lease.gateway),
        // What the container's host or an earlier run put there.
        Some((UplinkAddress::Dhcp, Leasing::Pending)) => {
            (present_address(&links, interfaces.uplink.as_deref()), None)
        }
    };
    let is_leased = config
        .uplink
        .as_ref()
        .is_some_and(|up| up.address == UplinkAddress::Dhcp);
    Ok(Settings {
        uplink_address: uplink.0,
        uplink_gateway: uplink.1,
        uplink_pending: is_leased && lease == Leasing::Pending,
        config,
        interfaces,
        keys: keys.found,
        missing_keys: keys.missing,
    })
}

fn present_address(
    links: &std::collections::BTreeMap<String, kernel::Link>,
    uplink: Option<&str>,
) -> Option<ipnet::Ipv4Net> {
    let link = links.get(uplink?)?;
    link.addresses.iter().find_map(|address| match address {
        IpNet::V4(v4) if !v4.addr().is_link_local() => Some(*v4),
        IpNet::V4(_) | IpNet::V6(_) => None,
    })
}

/// The signals of a container's life: SIGPWR is what LXC sends to stop one.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
    power: Signal,
    hangup: Signal,
}

/// SIGPWR, whose number tokio does not name.
const POWER: i32 = 30;

impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            power: signal(SignalKind::from_raw(POWER))?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    async fn next(&mut self) -> Event {
        tokio::select! {
            _ = self.terminate.recv() => Event::Stop("SIGTERM"),
            _ = self.interrupt.recv() => Event::Stop("SIGINT"),
            _ = self.power.recv() => Event::Stop("SIGPWR"),
            _ = self.hangup.recv() => Event::Reload,
        }
    }
}
