//! `lanlord router`: DHCP, DNS, NAT and firewall, and routes to VIP pools, composed.
//!
//! ```text
//!   router.toml, SIGHUP --.                    .--> Ground: interfaces, addresses, routes, sysctls, nft
//!   interface events -----+--> Control --------+
//!   uplink's DHCP lease --'       |            '--> Overview ----> admin socket, /readyz
//!                                 v
//!                              Settings (watch) --> dhcp --Report--> dns
//!                                               --> uplink           http: /metrics /healthz /readyz
//! ```
//!
//! Every box is a task of one [`JoinSet`]; one that ends early ends the process. SIGTERM leaves kernel state in force, so
//! that a restart neither opens the uplink nor cuts connections; `--flush` removes it.

mod control;
mod dhcp;
mod dns;
mod file;
mod filter;
mod folder;
mod ground;
mod http;
mod joining;
mod keys;
mod lans;
mod settings;
mod status;
mod uplink;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context, anyhow, bail};
use kernel::{
    Events, Netlink,
    capability::{self, Capability},
    feature,
};
use telemetry::notify::Notifier;
use tokio::{sync::watch, task::JoinSet};

pub use joining::address_for;
pub use keys::{Before, Imported, Key, key_import, key_of, key_show, read_key};

use crate::{
    control::{Control, Overview, Reloads},
    file::ConfigFile,
    folder::FolderWatch,
    ground::Ground,
    settings::Settings,
    status::Status,
    uplink::Leasing,
};

/// Where the configuration is unless told otherwise.
pub const DEFAULT_CONFIG: &str = "/etc/lanlord/router.toml";

/// What the command line says.
#[derive(Clone, Debug)]
pub struct Options {
    /// Configuration file; none: `/etc/lanlord/router.toml`, which need not be there.
    pub config: Option<PathBuf>,
    /// Folder of leases, names and keys.
    pub state: PathBuf,
    /// Admin socket.
    pub socket: PathBuf,
    /// Remove every trace from the kernel and end.
    pub flush: bool,
}

/// Runs the router until SIGTERM, SIGINT or SIGPWR. A [`config::ConfigError`] is at the root of the error where the
/// configuration is wrong.
pub async fn run(options: Options) -> anyhow::Result<()> {
    if options.flush {
        return flush(&options.socket).await;
    }
    let default = Path::new(DEFAULT_CONFIG);
    let path = options.config.as_deref().unwrap_or(default);
    let (file, config) = ConfigFile::open(path, options.config.is_none())?;
    let needed = [
        Capability::NetAdmin,
        Capability::NetRaw,
        Capability::NetBindService,
    ];
    capability::require(&needed)?;
    feature::require_packet_sockets()?;
    // Taken first: a second router must not touch the kernel before it finds out.
    let admin = admin::Listener::bind(&options.socket)?;
    // Followed before anything is listed, or a change in between is missed.
    let events = Events::subscribe()?;
    let mut ground = Ground::new(Netlink::connect()?);
    let settings = control::resolve(config, &ground, &options.state, Leasing::Pending).await?;
    let standing = control::stand(&mut ground, &settings).await;
    control::tell_changes(&ground::Standing::default(), &standing);
    let overview = Overview {
        standing,
        file: file.path().map(PathBuf::from),
        error: None,
        reloads: Reloads::default(),
    };
    Parts::new(settings, overview, ground.netlink().clone())
        .run(&options, file, ground, events, admin)
        .await
}

/// Channels and counters between the tasks.
struct Parts {
    settings: watch::Sender<Arc<Settings>>,
    overview: watch::Sender<Overview>,
    leases: watch::Sender<Arc<lans::Report>>,
    names: watch::Sender<Arc<dns::Report>>,
    dns: Arc<dns::Counters>,
    uplink: watch::Sender<Leasing>,
    netlink: Netlink,
}

impl Parts {
    fn new(settings: Settings, overview: Overview, netlink: Netlink) -> Self {
        Self {
            settings: watch::Sender::new(Arc::new(settings)),
            overview: watch::Sender::new(overview),
            leases: watch::Sender::default(),
            names: watch::Sender::default(),
            dns: Arc::default(),
            uplink: watch::Sender::default(),
            netlink,
        }
    }

    async fn run(
        self,
        options: &Options,
        file: ConfigFile,
        ground: Ground,
        events: Events,
        admin: admin::Listener,
    ) -> anyhow::Result<()> {
        let status = Status {
            settings: self.settings.subscribe(),
            overview: self.overview.subscribe(),
            leases: self.leases.subscribe(),
            names: self.names.subscribe(),
            http_problem: watch::Sender::default(),
            netlink: self.netlink.clone(),
        };
        let control = Control {
            state: options.state.clone(),
            file,
            keys: FolderWatch::new(&keys::folder(&options.state)),
            ground,
            settings: self.settings.clone(),
            overview: self.overview.clone(),
            lease: self.uplink.subscribe(),
            reloads: Reloads::default(),
            notifier: Notifier::from_env(),
        };
        let mut tasks: JoinSet<(&str, anyhow::Result<()>)> = JoinSet::new();
        let follow = || self.settings.subscribe();
        tasks.spawn(named(
            "dhcp",
            lans::run(follow(), options.state.clone(), self.leases.clone()),
        ));
        tasks.spawn(named(
            "dns",
            dns::run(dns::Inputs {
                settings: follow(),
                state: options.state.clone(),
                leases: self.leases.subscribe(),
                report: self.names.clone(),
                counters: Arc::clone(&self.dns),
            }),
        ));
        tasks.spawn(named(
            "uplink",
            uplink::run(self.netlink.clone(), follow(), self.uplink.clone()),
        ));
        let registry = status::metrics(&status, &self.dns);
        tasks.spawn(named("http", http::run(follow(), registry, status.clone())));
        let admin = admin.serve(status::admin(status));
        tasks.spawn(named("admin", async {
            admin.await.context("serve the admin socket")
        }));
        let stopped = tokio::select! {
            stopped = control.run(events) => stopped.context("control"),
            ended = tasks.join_next() => Err(early_end(ended)),
        };
        // Leases are on disk before they are acknowledged, names before they are confirmed: nothing is lost here.
        tasks.shutdown().await;
        stopped
    }
}

async fn named(
    part: &'static str,
    task: impl Future<Output = anyhow::Result<()>>,
) -> (&'static str, anyhow::Result<()>) {
    (part, task.await)
}

/// No task may end while the router runs.
fn early_end(
    ended: Option<Result<(&'static str, anyhow::Result<()>), tokio::task::JoinError>>,
) -> anyhow::Error {
    match ended {
        Some(Ok((part, Err(error)))) => error.context(part),
        Some(Ok((part, Ok(())))) => anyhow!("{part} ended by itself"),
        Some(Err(error)) => anyhow::Error::new(error).context("a part of the router died"),
        None => anyhow!("no part of the router was started"),
    }
}

async fn flush(socket: &Path) -> anyhow::Result<()> {
    if std::os::unix::net::UnixStream::connect(socket).is_ok() {
        bail!(
            "a router answers on {}; stop it before --flush",
            socket.display()
        );
    }
    Ground::new(Netlink::connect()?).flush().await?;
    tracing::info!("table, routes and addresses removed; kernel settings stay");
    Ok(())
}
