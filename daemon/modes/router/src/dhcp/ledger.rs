//! Journal and published table, in step: what others see is on disk.

use std::{
    error::Error,
    net::Ipv4Addr,
    path::PathBuf,
    time::{Duration, Instant, SystemTime},
};

use ::dhcp::Binding;
use anyhow::Context;
use store::{Journal, JournalError, Opened};
use tokio::{sync::watch, task::spawn_blocking};
use tracing::{info, warn};

use super::LeaseTable;

/// How long the journal may still belong to somebody who is stopping.
const PATIENCE: Duration = Duration::from_secs(2);

/// Owns the journal of one LAN.
#[derive(Debug)]
pub(super) struct Ledger {
    /// None only while a blocking task has it.
    journal: Option<Journal<Binding>>,
    table: watch::Sender<LeaseTable>,
}

impl Ledger {
    /// Reads the journal and publishes its bindings.
    pub(super) async fn open(
        path: PathBuf,
        table: watch::Sender<LeaseTable>,
        now: SystemTime,
    ) -> anyhow::Result<Self> {
        let opened = open(path).await?;
        let path = opened.journal.path();
        if opened.torn > 0 {
            // What a power loss leaves; nobody was told of it.
            info!(path = %path.display(), octets = opened.torn, "cut an unfinished record off the leases");
        }
        if opened.damaged > 0 {
            warn!(path = %path.display(), lines = opened.damaged, "left damaged records out of the leases");
        }
        table.send_replace(LeaseTable::new(opened.records, now));
        Ok(Self {
            journal: Some(opened.journal),
            table,
        })
    }

    /// The bindings that are on disk.
    pub(super) fn bindings(&self) -> Vec<Binding> {
        self.table.borrow().bindings().cloned().collect()
    }

    /// What the disk says of an address.
    pub(super) fn kept(&self, address: Ipv4Addr) -> Option<Binding> {
        self.table.borrow().get(address).cloned()
    }

    /// Stores the bindings with one sync and publishes them. When it fails nothing is stored or published.
    pub(super) async fn commit(
        &mut self,
        bindings: Vec<Binding>,
        now: SystemTime,
    ) -> anyhow::Result<Result<(), JournalError>> {
        let mut journal = self
            .journal
            .take()
            .context("the journal was lost with the task that wrote it")?;
        let live = {
            let table = self.table.borrow();
            let live = || table.bindings().cloned().collect::<Vec<_>>();
            journal
                .wants_compaction(table.bindings().count())
                .then(live)
        };
        let (journal, bindings, outcome) = spawn_blocking(move || {
            if let Some(live) = live
                && let Err(error) = journal.compact(&live)
            {
                warn!(error = &error as &dyn Error, "leases keep their old file");
            }
            let outcome = journal.commit(&bindings);
            (journal, bindings, outcome)
        })
        .await
        .context("store leases")?;
        self.journal = Some(journal);
        if outcome.is_ok() {
            self.table.send_if_modified(|table| {
                let mut changes = false;
                for binding in bindings {
                    changes |= table.put(binding, now);
                }
                changes
            });
        }
        Ok(outcome)
    }

    /// Takes names of expired leases away.
    pub(super) fn expire(&self, now: SystemTime) {
        self.table.send_if_modified(|table| table.expire(now));
    }
}

/// Waits a little for another task or process that is about to end: a LAN that went and came back, a restart.
async fn open(path: PathBuf) -> anyhow::Result<Opened<Binding>> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let path = path.clone();
        let opened = spawn_blocking(move || Journal::open(&path)).await;
        match opened.context("read the leases")? {
            Err(JournalError::InUse { .. }) if Instant::now() < deadline => {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            opened => return Ok(opened?),
        }
    }
}
