//! DHCP on every LAN: one task each, started and stopped as the configuration says.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc, time::SystemTime};

use admin::types::DhcpStatus;
use anyhow::{Context, anyhow};
use config::router::Lan;
use telemetry::Family;
use tokio::{
    sync::{mpsc, watch},
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;

use crate::{
    dhcp::{self, Counters, Observer},
    settings::{Follow, Settings},
};

/// What DHCP looks like on every LAN; it shows the present moment whenever it is asked.
#[derive(Clone, Debug, Default)]
pub(crate) struct Report {
    lans: Vec<(String, Lan, Observer)>,
}

impl Report {
    /// One entry a LAN, for `lanlord status`.
    pub(crate) fn status(&self, now: SystemTime) -> Vec<DhcpStatus> {
        let lans = self.lans.iter();
        lans.map(|(interface, lan, observer)| observer.status(interface, lan, now))
            .collect()
    }

    /// What is wrong, one line each.
    pub(crate) fn problems(&self) -> Vec<String> {
        let lans = self.lans.iter();
        lans.flat_map(|(interface, _, observer)| observer.standing.borrow().problems(interface))
            .collect()
    }

    /// Numbers, labelled with the interface of each LAN.
    pub(crate) fn families(&self) -> Vec<Family> {
        let lans = self.lans.iter();
        Counters::families(
            lans.map(|(interface, _, observer)| (interface.as_str(), &*observer.counters)),
        )
    }
}

/// Serves the LANs of the settings until it is dropped; an error of one task is its end.
///
/// In: settings. Out: the report, sent anew when a LAN comes or goes and when leases or the guard's verdict change.
pub(crate) async fn run(
    mut settings: Follow,
    state: PathBuf,
    report: watch::Sender<Arc<Report>>,
) -> anyhow::Result<()> {
    // One place is enough: a change that is waiting to be looked at covers those that follow.
    let (changed, mut changes) = mpsc::channel(1);
    let mut lans = Lans {
        settings: settings.clone(),
        directory: state.join("leases"),
        running: BTreeMap::new(),
        tasks: JoinSet::new(),
        changed,
    };
    loop {
        let current = settings.borrow_and_update().clone();
        lans.follow(&current);
        report.send_replace(Arc::new(lans.report(&current)));
        tokio::select! {
            changed = settings.changed() => changed.context("follow the settings")?,
            _ = changes.recv() => {}
            Some(ended) = lans.tasks.join_next() => {
                let (interface, result) = ended.context("a DHCP task died")?;
                result.with_context(|| format!("serve {interface}"))?;
                // One that was told to stop has ended; any other must not.
                if lans.running.contains_key(&interface) {
                    return Err(anyhow!("DHCP on {interface} ended by itself"));
                }
            }
        }
    }
}

struct Lans {
    settings: Follow,
    directory: PathBuf,
    running: BTreeMap<String, (CancellationToken, Observer)>,
    tasks: JoinSet<(String, anyhow::Result<()>)>,
    changed: mpsc::Sender<()>,
}

impl Lans {
    /// Starts the LANs that are new and stops those that are gone.
    fn follow(&mut self, settings: &Settings) {
        let wanted = &settings.interfaces.lans;
        self.running.retain(|interface, (stop, _)| {
            let keep = wanted.contains(interface);
            if !keep {
                stop.cancel();
            }
            keep
        });
        for interface in wanted {
            if !self.running.contains_key(interface) {
                self.start(interface);
            }
        }
    }

    fn start(&mut self, interface: &str) {
        let (publisher, observer) = dhcp::channel();
        let stop = CancellationToken::new();
        let inputs = dhcp::Inputs {
            interface: interface.to_string(),
            settings: self.settings.clone(),
            directory: self.directory.clone(),
        };
        let serve = dhcp::run(inputs, publisher, stop.clone());
        let watch = tell_changes(observer.clone(), self.changed.clone());
        let name = interface.to_string();
        self.tasks.spawn(async move {
            let result = tokio::select! {
                result = serve => result,
                () = watch => Err(anyhow!("its lease table is gone")),
            };
            (name, result)
        });
        self.running.insert(interface.to_string(), (stop, observer));
    }

    fn report(&self, settings: &Settings) -> Report {
        let observed = |(interface, lan): (&str, &Lan)| {
            let (_, observer) = self.running.get(interface)?;
            Some((interface.to_string(), lan.clone(), observer.clone()))
        };
        Report {
            lans: settings.lans().filter_map(observed).collect(),
        }
    }
}

/// Tells of each change of leases or verdict, until the task is gone.
async fn tell_changes(mut observer: Observer, changed: mpsc::Sender<()>) {
    loop {
        let seen = tokio::select! {
            seen = observer.leases.changed() => seen,
            seen = observer.standing.changed() => seen,
        };
        if seen.is_err() {
            return;
        }
        // Full: a change is waiting already.
        let _ = changed.try_send(());
    }
}
