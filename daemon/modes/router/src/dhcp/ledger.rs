//! Journal and published table, in step: what others see is on disk, or kept for a disk that cannot be written now.
//!
//! ```text
//!   commit: journal, then table        while the disk can be written
//!   keep:   table only                 while it cannot; `restore` writes the whole table as soon as it can again
//! ```

use std::{
    collections::BTreeMap,
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
    path: PathBuf,
    /// None while a blocking task has it, and while it cannot be opened.
    journal: Option<Journal<Binding>>,
    table: watch::Sender<LeaseTable>,
}

impl Ledger {
    /// Reads the journal and publishes its bindings. The second value says why nothing can be written; what can be read is
    /// published all the same. Errors: another process uses it.
    pub(super) async fn open(
        path: PathBuf,
        table: watch::Sender<LeaseTable>,
        now: SystemTime,
    ) -> anyhow::Result<(Self, Option<JournalError>)> {
        let mut ledger = Self {
            path,
            journal: None,
            table,
        };
        let (records, problem) = match open(ledger.path.clone()).await? {
            Ok(opened) => (ledger.take_over(opened), None),
            Err(error @ JournalError::InUse { .. }) => return Err(error.into()),
            Err(error) => (ledger.read().await?, Some(error)),
        };
        ledger.table.send_replace(LeaseTable::new(records, now));
        Ok((ledger, problem))
    }

    /// What is known of every address.
    pub(super) fn bindings(&self) -> Vec<Binding> {
        self.table.borrow().bindings().cloned().collect()
    }

    /// What is known of an address; on disk, unless bindings were only kept since.
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
            self.keep(bindings, now);
        }
        Ok(outcome)
    }

    /// Publishes bindings that are not on disk; [`Ledger::restore`] brings them there.
    pub(super) fn keep(&self, bindings: Vec<Binding>, now: SystemTime) {
        self.table.send_if_modified(|table| {
            let mut changes = false;
            for binding in bindings {
                changes |= table.put(binding, now);
            }
            changes
        });
    }

    /// Writes everything that is known to a new file, opening the journal if it could not be opened before. On success
    /// nothing is kept in memory only. The bindings are those that only the disk knew until now, in either case.
    pub(super) async fn restore(
        &mut self,
        now: SystemTime,
    ) -> anyhow::Result<(Vec<Binding>, Result<(), JournalError>)> {
        let mut learned = Vec::new();
        let mut journal = match self.journal.take() {
            Some(journal) => journal,
            None => match open_once(self.path.clone()).await? {
                Ok(opened) => {
                    learned = self.unknown(opened.records);
                    opened.journal
                }
                Err(error) => return Ok((learned, Err(error))),
            },
        };
        self.keep(learned.clone(), now);
        let live = self.bindings();
        let (journal, outcome) = spawn_blocking(move || {
            let outcome = journal.compact(&live);
            (journal, outcome)
        })
        .await
        .context("store leases")?;
        self.journal = Some(journal);
        Ok((learned, outcome))
    }

    /// Takes names of expired leases away.
    pub(super) fn expire(&self, now: SystemTime) {
        self.table.send_if_modified(|table| table.expire(now));
    }

    /// The last word on disk about each address of which nothing is known.
    fn unknown(&self, records: Vec<Binding>) -> Vec<Binding> {
        let table = self.table.borrow();
        let last: BTreeMap<_, _> = records
            .into_iter()
            .map(|binding| (binding.address, binding))
            .collect();
        last.into_values()
            .filter(|binding| table.get(binding.address).is_none())
            .collect()
    }

    fn take_over(&mut self, opened: Opened<Binding>) -> Vec<Binding> {
        let path = self.path.display();
        if opened.torn > 0 {
            // What a power loss leaves; nobody was told of it.
            info!(%path, octets = opened.torn, "cut an unfinished record off the leases");
        }
        if opened.damaged > 0 {
            warn!(%path, lines = opened.damaged, "left damaged records out of the leases");
        }
        self.journal = Some(opened.journal);
        opened.records
    }

    /// What can be read of a journal that cannot be opened. Nothing, if it cannot be read either: leases are short then.
    async fn read(&self) -> anyhow::Result<Vec<Binding>> {
        let path = self.path.clone();
        let read = spawn_blocking(move || Journal::read(&path)).await;
        let records = read.context("read the leases")?;
        Ok(records.unwrap_or_else(|error| {
            warn!(error = &error as &dyn Error, "earlier leases are not known");
            Vec::new()
        }))
    }
}

/// Waits a little for another task or process that is about to end: a LAN that went and came back, a restart.
async fn open(path: PathBuf) -> anyhow::Result<Result<Opened<Binding>, JournalError>> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match open_once(path.clone()).await? {
            Err(JournalError::InUse { .. }) if Instant::now() < deadline => {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            opened => return Ok(opened),
        }
    }
}

async fn open_once(path: PathBuf) -> anyhow::Result<Result<Opened<Binding>, JournalError>> {
    let opened = spawn_blocking(move || Journal::open(&path)).await;
    opened.context("read the leases")
}
