//! The DNS task: it owns the names, listens on the router's addresses and follows configuration and leases.
//!
//! Inputs: the settings, the leases of the dhcp task, UPDATEs from the sockets. Outputs: replies, the zone files below
//! `<state>/zones/`, the report. Cancelled at any point it loses only what was not yet answered: an UPDATE is on disk
//! before its reply leaves.

mod counters;
mod listeners;
mod report;
mod translate;

use std::{path::PathBuf, sync::Arc, time::Duration};

use anyhow::Context;
use names::{Keeper, Resolver, Upstream, ZoneFiles};
use tokio::{
    sync::watch,
    time::{Instant, MissedTickBehavior},
};

pub(crate) use counters::Counters;
pub(crate) use report::Report;

use crate::{
    ground::chain,
    settings::{Follow, Settings},
};
use listeners::Listeners;

/// How often leases that ended and addresses that could not be bound are looked at again.
const REVIEW: Duration = Duration::from_secs(15);

/// What the task works with.
pub(crate) struct Inputs {
    pub(crate) settings: Follow,
    pub(crate) state: PathBuf,
    pub(crate) leases: watch::Receiver<Arc<crate::lans::Report>>,
    pub(crate) report: watch::Sender<Arc<Report>>,
    pub(crate) counters: Arc<Counters>,
}

/// Runs until dropped. It fails when the addresses of the first settings cannot be bound; later ones that cannot be are
/// told in the report and tried again.
pub(crate) async fn run(mut inputs: Inputs) -> anyhow::Result<()> {
    let settings = Arc::clone(&inputs.settings.borrow_and_update());
    let mut asked = translate::resolvers(&settings);
    let (mut keeper, damaged) = Keeper::open(
        translate::settings(&settings)?,
        Upstream::new(&asked),
        ZoneFiles::new(inputs.state.join("zones")),
    );
    inputs.counters.attach(keeper.responder());
    let mut task = Task {
        listeners: Listeners::new(Arc::clone(keeper.responder())),
        damaged: damaged
            .into_iter()
            .map(|problem| format!("{:#}", anyhow::Error::new(problem)))
            .collect(),
        report: inputs.report.clone(),
    };
    for problem in &task.damaged {
        tracing::warn!(
            problem,
            "names of a zone are lost until its cluster pushes them again"
        );
    }
    task.listeners.follow(translate::listen(&settings));
    if let Some(problem) = task.listeners.first_problem() {
        return Err(problem).context("listen for DNS");
    }
    task.follow_leases(&mut keeper, &mut inputs.leases);
    task.publish(&keeper, &settings);

    let mut review = tokio::time::interval_at(Instant::now() + REVIEW, REVIEW);
    review.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            batch = keeper.next() => {
                let stored = keeper.problem().is_none();
                keeper.apply(batch).await;
                if keeper.problem().is_none() == stored {
                    continue;
                }
            }
            changed = inputs.settings.changed() => {
                changed.context("follow the settings")?;
                let settings = Arc::clone(&inputs.settings.borrow_and_update());
                task.follow_settings(&mut keeper, &settings, &mut asked);
            }
            changed = inputs.leases.changed() => {
                changed.context("follow the leases")?;
                task.follow_leases(&mut keeper, &mut inputs.leases);
                continue;
            }
            _ = review.tick() => {
                task.follow_leases(&mut keeper, &mut inputs.leases);
                task.listeners.follow(translate::listen(&inputs.settings.borrow()));
            }
            ended = task.listeners.ended() => return Err(ended),
        }
        let settings = Arc::clone(&inputs.settings.borrow());
        task.publish(&keeper, &settings);
    }
}

struct Task {
    listeners: Listeners,
    /// Zone files that could not be used at the start.
    damaged: Vec<String>,
    report: watch::Sender<Arc<Report>>,
}

impl Task {
    fn follow_settings(
        &mut self,
        keeper: &mut Keeper,
        settings: &Settings,
        asked: &mut Vec<Resolver>,
    ) {
        match translate::settings(settings) {
            Ok(new) => keeper.reconfigure(new),
            // The configuration was checked before; the names of before stay in force.
            Err(error) => {
                tracing::error!(
                    error = format!("{error:#}"),
                    "DNS keeps its settings of before"
                );
            }
        }
        let resolvers = translate::resolvers(settings);
        if resolvers != *asked {
            keeper.responder().set_upstream(Upstream::new(&resolvers));
            *asked = resolvers;
        }
        self.listeners.follow(translate::listen(settings));
    }

    fn follow_leases(
        &self,
        keeper: &mut Keeper,
        leases: &mut watch::Receiver<Arc<crate::lans::Report>>,
    ) {
        let report = Arc::clone(&leases.borrow_and_update());
        keeper.set_leases(&translate::leases(&report));
    }

    fn publish(&self, keeper: &Keeper, settings: &Settings) {
        let mut problems = self.listeners.problems();
        problems.extend(self.damaged.iter().cloned());
        let unstored = keeper.problem();
        problems.extend(
            unstored.map(|error| format!("names from clusters are refused: {}", chain(error))),
        );
        self.report.send_replace(Arc::new(Report::new(
            Arc::clone(keeper.responder()),
            translate::upstream_texts(settings),
            problems,
        )));
    }
}

#[cfg(test)]
mod tests;
