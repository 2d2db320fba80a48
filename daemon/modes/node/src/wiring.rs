//! Builds the parts, connects them, and takes them down again.

use std::{
    future::Future,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, bail};
use cluster::api;
use kernel::{
    capability,
    port::{self, Transport},
};
use segment::Segment;
use telemetry::{Health, notify::Notifier};
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
    sync::watch,
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;
use tracing::info;

use crate::{
    guard::{self, Guard},
    holder::Holder,
    metrics,
    objects::Objects,
    options::{Options, Origin},
    part,
    planner::{self, Authority, Planned, Planner},
    push::{Push, PushState},
    saved::Saved,
    settings::{self, InForce},
    status::{self, Facts},
    writer::Write,
};

/// How long giving up the Lease may take when the daemon stops.
const FAREWELL: Duration = Duration::from_millis(800);
/// How often it is looked whether there is something new to tell.
const TELLING: Duration = Duration::from_secs(5);
/// `EAFNOSUPPORT`: the kernel was started without IPv6.
const NO_IPV6: i32 = 97;

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
    info!(node = %daemon.facts.options.node, "started");
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
    orders: watch::Sender<segment::Orders>,
    views: watch::Sender<Option<Arc<cluster::View>>>,
    planned: watch::Sender<Option<Arc<Planned>>>,
    holder: watch::Sender<bool>,
    push: watch::Sender<PushState>,
    settings: watch::Sender<InForce>,
}

/// Numbers that several parts share.
#[derive(Default)]
struct Counted {
    objects: Arc<api::Counters>,
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
            orders: watch::Sender::new(saved.orders()),
            views: watch::Sender::new(None),
            planned: watch::Sender::new(None),
            holder: watch::Sender::new(false),
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
            planned: channels.planned.subscribe(),
            report: segment.report(),
            holder: channels.holder.subscribe(),
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
        let counters = Counted::default();
        daemon.start_deciding(&channels, &counters, saved);
        daemon.start_following(&channels, &counters);
        daemon.start_telling(admin, &counters);
        Ok(daemon)
    }

    /// From objects to orders: what the daemon exists for.
    fn start_deciding(&mut self, channels: &Channels, counters: &Counted, saved: Saved) {
        let Facts {
            options, settings, ..
        } = self.facts.clone();
        let (given, views, in_force) = (
            options.clone(),
            channels.views.subscribe(),
            channels.settings.clone(),
        );
        self.keep("settings", move || {
            settings::follow(given.clone(), views.clone(), in_force.clone())
        });
        let authority = match &options.source {
            Origin::Manifests(_) => Authority::Files,
            Origin::Kubernetes { .. } => Authority::Status,
        };
        let planner = Planner {
            node: options.node.clone(),
            options: plan_options(&options),
            authority,
            saved,
            views: channels.views.subscribe(),
            orders: channels.orders.clone(),
            planned: channels.planned.clone(),
            counters: Arc::clone(&counters.plans),
        };
        self.keep("planner", move || planner.clone().run());
        let objects = Objects {
            options,
            settings,
            counters: Arc::clone(&counters.objects),
            views: channels.views.clone(),
        };
        self.keep("objects", move || objects.clone().run());
    }

    /// What follows from a plan beside the answers on the wire.
    fn start_following(&mut self, channels: &Channels, counters: &Counted) {
        let Facts {
            options,
            planned,
            report,
            holder,
            settings,
            ..
        } = self.facts.clone();
        let guard = Guard {
            planned: planned.clone(),
            report,
        };
        self.keep("guard", move || guard.clone().run());
        let push = Push {
            planned: planned.clone(),
            holder: holder.clone(),
            settings,
            state: channels.push.clone(),
        };
        self.keep("push", move || push.clone().run());
        if let Origin::Kubernetes { kubeconfig } = &options.source {
            let writer = Write {
                kubeconfig: kubeconfig.clone(),
                counters: Arc::clone(&counters.objects),
                node: options.node.to_string(),
                options: plan_options(&options),
                planned: planned.clone(),
                holder,
            };
            self.keep("writer", move || writer.clone().run());
        }
        let stop = self.stop.clone();
        let part = Holder {
            options,
            planned,
            counters: Arc::clone(&counters.objects),
            holder: channels.holder.clone(),
            stop: stop.clone(),
        };
        self.holder.spawn(async move {
            let too_late = async {
                stop.cancelled().await;
                tokio::time::sleep(FAREWELL).await;
            };
            tokio::select! {
                () = part::keep_until("holder", &stop, || part.clone().run()) => {}
                () = too_late => {}
            }
        });
    }

    /// What the daemon says about itself.
    fn start_telling(&mut self, admin: admin::Listener, counters: &Counted) {
        let facts = self.facts.clone();
        let ready: telemetry::Probe = Arc::new(move || facts.readiness());
        let health = Health {
            alive: Arc::new(|| Ok(())),
            ready,
        };
        let wire = self.segment.counters();
        let registry = metrics::registry(
            &self.facts,
            wire,
            Arc::clone(&counters.objects),
            Arc::clone(&counters.plans),
        );
        let (address, routes) = (
            self.facts.options.metrics,
            telemetry::router(registry, health),
        );
        self.keep("metrics", move || serve_metrics(address, routes.clone()));
        let report = self.segment.report();
        self.parts.spawn(async move {
            segment::log_changes(report).await;
            // The wire thread has ended, which is told elsewhere.
            std::future::pending().await
        });
        let routes = status::routes(self.facts.clone());
        self.parts
            .spawn(async move { admin.serve(routes).await.context("serve the admin socket") });
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

async fn serve_metrics(address: SocketAddr, routes: axum::Router) -> anyhow::Result<()> {
    let listener = match TcpListener::bind(address).await {
        Err(error)
            if error.raw_os_error() == Some(NO_IPV6) && address.ip() == Ipv6Addr::UNSPECIFIED =>
        {
            TcpListener::bind((Ipv4Addr::UNSPECIFIED, address.port())).await
        }
        bound => bound,
    };
    let listener = match listener {
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {
            bail!("serve metrics: {}", port::in_use(Transport::Tcp, address))
        }
        bound => bound.with_context(|| format!("serve metrics on {address}"))?,
    };
    telemetry::serve(listener, routes)
        .await
        .context("serve metrics")
}
