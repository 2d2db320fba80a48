//! Builds the parts, connects them, and takes them down again.

mod deciding;
mod following;
mod telling;

use std::{future::Future, sync::Arc, time::Duration};

use anyhow::Context;
use cluster::api;
use kernel::{capability, orphan};
use segment::Segment;
use telemetry::notify::Notifier;
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::watch,
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;
use tracing::info;

use crate::{
    access::Access,
    guard,
    options::Options,
    part,
    planner::{self, Planned},
    push::PushState,
    saved::Saved,
    settings::InForce,
    status::Facts,
};

/// How long giving up the Lease may take when the daemon stops.
const FAREWELL: Duration = Duration::from_millis(800);
/// How often it is looked whether there is something new to tell.
const TELLING: Duration = Duration::from_secs(5);

/// Runs a node daemon until SIGTERM or SIGINT.
pub async fn run(options: Options) -> anyhow::Result<()> {
    let (mut terminate, mut interrupt) = (
        signal(SignalKind::terminate())?,
        signal(SignalKind::interrupt())?,
    );
    capability::require(&[
        capability::Capability::NetRaw,
        capability::Capability::NetAdmin,
    ])?;
    let admin = admin::Listener::bind(&options.socket)?;
    let mut daemon = Daemon::start(options, admin)?;
    info!(node = %daemon.facts.node(), "started");
    let notifier = Notifier::from_env();
    let ended = tokio::select! {
        never = tell(&notifier, &daemon.facts) => never,
        _ = terminate.recv() => Ok(()),
        _ = interrupt.recv() => Ok(()),
        failure = daemon.segment.failed() => Err(anyhow::Error::new(failure).context("the wire thread ended")),
        ended = daemon.parts.join_next() => Err(part_ended(ended)),
    };
    info!("stopping");
    notifier.stopping();
    daemon.stop().await.and(ended)
}

/// Tells the one that started the daemon how it is, and that this loop turns. Never ends.
async fn tell(notifier: &Notifier, facts: &Facts) -> anyhow::Result<()> {
    notifier.ready();
    let mut beat = tokio::time::interval(notifier.watchdog_interval().unwrap_or(TELLING));
    let mut told = None;
    loop {
        beat.tick().await;
        notifier.alive();
        let readiness = facts.readiness();
        if told.as_ref() != Some(&readiness) {
            let text = readiness
                .as_ref()
                .err()
                .map_or("announcing", String::as_str);
            notifier.status(readiness.is_ok(), text);
            told = Some(readiness);
        }
    }
}

/// All parts of a running node.
struct Daemon {
    segment: Segment,
    parts: JoinSet<anyhow::Result<()>>,
    /// Ends by itself when told to stop, unlike the other parts.
    holder: JoinSet<()>,
    facts: Facts,
    stop: CancellationToken,
}

/// The channels between the parts: the sending ends.
struct Channels {
    access: watch::Sender<Access>,
    orders: watch::Sender<segment::Orders>,
    views: watch::Sender<Option<Arc<cluster::View>>>,
    planned: watch::Sender<Option<Arc<Planned>>>,
    holder: watch::Sender<bool>,
    outdated: watch::Sender<api::Outdated>,
    push: watch::Sender<PushState>,
    settings: watch::Sender<InForce>,
}

/// What several parts write and the status reads.
#[derive(Default)]
struct Counted {
    api: Arc<api::Counters>,
    plans: Arc<planner::Counters>,
}

fn plan_options(options: &Options) -> plan::Options {
    plan::Options {
        ignore_exclude_lb: options.ignore_exclude_lb,
    }
}

impl Daemon {
    /// The wire thread first: it answers from saved state while everything else is still looking around.
    fn start(options: Options, admin: admin::Listener) -> anyhow::Result<Self> {
        let saved = Saved::open(&options.state)?;
        let channels = Channels {
            access: watch::Sender::new(Access::at_start(&options, &saved)?),
            orders: watch::Sender::new(saved.orders()),
            views: watch::Sender::new(None),
            planned: watch::Sender::new(None),
            holder: watch::Sender::new(false),
            outdated: watch::Sender::default(),
            push: watch::Sender::new(PushState::default()),
            settings: watch::Sender::new(InForce::at_start(&options)?),
        };
        let wire = segment::Settings {
            interfaces: channels.settings.borrow().config.l2.interfaces.clone(),
        };
        let segment =
            segment::start(wire, channels.orders.subscribe()).context("start the wire thread")?;
        let facts = Facts {
            options,
            access: channels.access.subscribe(),
            troubles: Arc::default(),
            planned: channels.planned.subscribe(),
            report: segment.report(),
            holder: channels.holder.subscribe(),
            outdated: channels.outdated.subscribe(),
            push: channels.push.subscribe(),
            settings: channels.settings.subscribe(),
        };
        let (parts, holder, stop) = (JoinSet::new(), JoinSet::new(), CancellationToken::new());
        let mut daemon = Self {
            segment,
            parts,
            holder,
            facts,
            stop,
        };
        let counted = Counted::default();
        daemon.start_deciding(&channels, &counted, saved);
        daemon.start_following(&channels, &counted);
        daemon.start_telling(admin, &counted);
        if orphan::are_ours() {
            daemon.keep("orphans", async || Ok(orphan::reap().await?));
        }
        Ok(daemon)
    }

    fn keep<S, F>(&mut self, name: &'static str, start: S)
    where
        S: Fn() -> F + Send + 'static,
        F: Future<Output = anyhow::Result<()>> + Send + 'static,
    {
        self.parts.spawn(async move {
            part::keep(name, start).await;
            Ok(())
        });
    }

    /// Gives up the Lease, stops answering, and leaves no rule, route or socket behind.
    async fn stop(mut self) -> anyhow::Result<()> {
        self.stop.cancel();
        self.holder.join_next().await;
        self.parts.shutdown().await;
        let wire = self.segment.stop().await;
        guard::flush().await?;
        wire.context("stop the wire thread")
    }
}

fn part_ended(ended: Option<Result<anyhow::Result<()>, tokio::task::JoinError>>) -> anyhow::Error {
    match ended {
        Some(Ok(Err(error))) => error,
        Some(Err(panic)) => anyhow::Error::new(panic).context("a part panicked"),
        Some(Ok(Ok(()))) | None => anyhow::anyhow!("a part ended that never should"),
    }
}
