//! What the router tells about itself: `lanlord status`, metrics, readiness.

use std::{sync::Arc, time::SystemTime};

use admin::types::{ConfigStatus, InterfaceStatus, RouterStatus, Status as Answer};
use axum::{Json, Router, extract::State, routing::get};
use kernel::Netlink;
use telemetry::{Family, Kind, Registry};
use tokio::sync::watch;

use crate::{
    control::Overview,
    dns, lans,
    settings::{Follow, Settings},
};

/// Where the tasks leave their reports.
#[derive(Clone, Debug)]
pub(crate) struct Status {
    pub(crate) settings: Follow,
    pub(crate) overview: watch::Receiver<Overview>,
    pub(crate) leases: watch::Receiver<Arc<lans::Report>>,
    pub(crate) names: watch::Receiver<Arc<dns::Report>>,
    /// Why metrics and health are not served on some LAN.
    pub(crate) http_problem: watch::Sender<Option<String>>,
    pub(crate) netlink: Netlink,
}

/// What the admin socket answers.
pub(crate) fn admin(status: Status) -> Router {
    Router::new()
        .route(
            "/v1/status",
            get(|State(status): State<Status>| async move {
                Json(Answer::Router(status.router().await))
            }),
        )
        .with_state(status)
}

impl Status {
    /// Everything, as it is now.
    async fn router(&self) -> RouterStatus {
        let settings = self.settings.borrow().clone();
        let overview = self.overview.borrow().clone();
        let (leases, names) = (self.leases.borrow().clone(), self.names.borrow().clone());
        RouterStatus {
            version: env!("CARGO_PKG_VERSION").to_string(),
            hostname: settings.config.hostname.clone(),
            domain: settings.config.domain.clone(),
            config: ConfigStatus {
                file: overview.file.map(|path| path.display().to_string()),
                error: overview.error,
            },
            interfaces: self.interfaces(&settings).await,
            dhcp: leases.status(SystemTime::now()),
            dns: names.status(),
            firewall: overview.standing.firewall,
            pools: settings
                .pools()
                .into_iter()
                .map(|(pool, interface)| format!("{pool} on {interface}"))
                .collect(),
            hints: hints(&settings),
            problems: self.problems(),
        }
    }

    /// What is wrong, one line each.
    fn problems(&self) -> Vec<String> {
        let mut problems = self.overview.borrow().standing.problems.clone();
        problems.extend(self.http_problem.borrow().clone());
        problems.extend(self.leases.borrow().problems());
        problems.extend(self.names.borrow().problems());
        problems
    }

    async fn interfaces(&self, settings: &Settings) -> Vec<InterfaceStatus> {
        let netlink = self.netlink.clone();
        // A task of its own: a listing that is broken off, as when the asker hangs up, keeps the next one from starting.
        let links = tokio::spawn(async move { netlink.links().await }).await;
        let links = links.ok().and_then(Result::ok).unwrap_or_default();
        let lans = settings.interfaces.lans.iter().map(|name| (name, "lan"));
        let uplink = settings
            .interfaces
            .uplink
            .iter()
            .map(|name| (name, "uplink"));
        lans.chain(uplink)
            .map(|(name, role)| {
                let link = links.iter().find(|link| link.name == *name);
                InterfaceStatus {
                    name: name.clone(),
                    role: role.to_string(),
                    addresses: link.map_or_else(Vec::new, |link| {
                        link.addresses.iter().map(ToString::to_string).collect()
                    }),
                    up: link.is_some_and(kernel::Link::is_operational),
                }
            })
            .collect()
    }

    /// Whether the router does all that it is there for.
    pub(crate) fn ready(&self) -> Result<(), String> {
        let overview = self.overview.borrow();
        overview.standing.firewall.clone()?;
        match overview.standing.problems.first() {
            Some(problem) => Err(problem.clone()),
            None => Ok(()),
        }
    }
}

/// What to type elsewhere.
fn hints(settings: &Settings) -> Vec<String> {
    let mut hints = Vec::new();
    let trusted = settings
        .config
        .uplink
        .as_ref()
        .map(|up| up.trusted.as_slice());
    let trusted = trusted.unwrap_or_default();
    if let Some(address) = settings.uplink_address.filter(|_| !trusted.is_empty()) {
        for (pool, _) in settings.pools() {
            hints.push(format!(
                "on the home router, or on a host of {}: ip route add {pool} via {}",
                list(trusted),
                address.addr()
            ));
        }
        hints.push(format!(
            "names for them: use {} as resolver",
            address.addr()
        ));
    }
    let clusters = settings.config.clusters.iter();
    for cluster in clusters.filter(|cluster| settings.keys.contains_key(&cluster.name)) {
        hints.push(format!(
            "key for cluster {0}: lanlord router key show --cluster {0}",
            cluster.name
        ));
    }
    hints
}

fn list(prefixes: &[ipnet::Ipv4Net]) -> String {
    let texts: Vec<String> = prefixes.iter().map(ToString::to_string).collect();
    texts.join(", ")
}

/// All numbers of the router.
pub(crate) fn metrics(status: &Status, dns: &Arc<dns::Counters>) -> Registry {
    let mut registry = Registry::default();
    let whole = status.clone();
    registry.register(move || own(&whole.overview.borrow(), whole.problems().len()));
    let leases = status.leases.clone();
    registry.register(move || leases.borrow().families());
    let counters = Arc::clone(dns);
    registry.register(move || counters.families());
    registry
}

fn own(overview: &Overview, problems: usize) -> Vec<Family> {
    let standing = &overview.standing;
    vec![
        Family::gauge(
            "lanlord_router_firewall_in_force",
            "Whether firewall and NAT are in force",
            u64::from(standing.firewall.is_ok()),
        ),
        Family::counter(
            "lanlord_router_firewall_changes",
            "Times that another ruleset was brought into force",
            standing.firewall_changes,
        ),
        Family::gauge(
            "lanlord_router_problems",
            "Things that `lanlord status` calls problems",
            u64::try_from(problems).unwrap_or(u64::MAX),
        ),
        Family::gauge(
            "lanlord_router_config_current",
            "Whether the present content of the configuration file is in force",
            u64::from(overview.error.is_none()),
        ),
        Family::by_label(
            "lanlord_router_config_reloads",
            "Changed contents of the configuration file",
            Kind::Counter,
            "result",
            [
                ("taken".to_string(), overview.reloads.taken),
                ("refused".to_string(), overview.reloads.refused),
            ],
        ),
    ]
}
