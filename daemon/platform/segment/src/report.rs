//! What the thread tells the rest of the daemon.

use std::collections::{BTreeMap, BTreeSet};

use model::{Mac, Vip};
use tokio::sync::watch;
use tracing::{debug, info, warn};

/// What is announced where, and what is not and why.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// VIPs that are answered for, with the names of their interfaces.
    pub announcing: BTreeMap<Vip, BTreeSet<String>>,
    /// VIPs that were ordered and are not answered for, with the reason.
    pub silent: BTreeMap<Vip, String>,
    /// VIPs that somebody else claims too, with who it is.
    pub conflicts: BTreeMap<Vip, Mac>,
    /// What keeps the thread from being as punctual as it could be, if anything.
    pub punctuality: Option<String>,
    /// Why the interfaces could not be listed, while that is so.
    pub problem: Option<String>,
}

/// Logs each change of the report once; ends when the thread does. Cancelling loses nothing but lines.
pub async fn log_changes(mut report: watch::Receiver<Report>) {
    let mut before = Report::default();
    loop {
        let now = report.borrow_and_update().clone();
        log_difference(&before, &now);
        before = now;
        if report.changed().await.is_err() {
            return;
        }
    }
}

fn log_difference(before: &Report, now: &Report) {
    for (vip, interfaces) in new_or_changed(&before.announcing, &now.announcing) {
        info!(%vip, interface = %join(interfaces), "announcing");
    }
    for (vip, interfaces) in &before.announcing {
        if !now.announcing.contains_key(vip) {
            info!(%vip, interface = %join(interfaces), "no longer announcing");
        }
    }
    for (vip, reason) in new_or_changed(&before.silent, &now.silent) {
        warn!(%vip, reason, "owned but not announced");
    }
    for (vip, mac) in new_or_changed(&before.conflicts, &now.conflicts) {
        warn!(%vip, %mac, "another host claims this VIP");
    }
    if let Some(problem) = now
        .problem
        .as_ref()
        .filter(|_| before.problem != now.problem)
    {
        warn!(error = problem, "interfaces cannot be listed");
    }
    if let Some(complaint) = now
        .punctuality
        .as_ref()
        .filter(|_| before.punctuality != now.punctuality)
    {
        debug!(
            reason = complaint,
            "wire thread runs with ordinary priority or memory"
        );
    }
}

fn new_or_changed<'a, V: PartialEq>(
    before: &'a BTreeMap<Vip, V>,
    now: &'a BTreeMap<Vip, V>,
) -> impl Iterator<Item = (&'a Vip, &'a V)> {
    now.iter()
        .filter(|(vip, value)| before.get(vip) != Some(value))
}

fn join(names: &BTreeSet<String>) -> String {
    names
        .iter()
        .map(String::as_str)
        .collect::<Vec<_>>()
        .join(",")
}
