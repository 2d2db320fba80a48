//! A disk that cannot be written: full, read-only, gone. The LAN is served from memory until it can.

use std::time::{Duration, Instant, SystemTime};

use store::JournalError;
use tracing::{info, warn};

use super::Task;

/// How often the disk is tried again. Trying writes a file of all leases, a few kilobytes.
const RETRY: Duration = Duration::from_secs(5);

/// What is wrong with the disk, if anything.
#[derive(Debug, Default)]
pub(super) struct Disk(Option<Fault>);

#[derive(Debug)]
struct Fault {
    why: String,
    retry: Instant,
}

impl Disk {
    /// Why leases cannot be stored.
    pub(super) fn problem(&self) -> Option<String> {
        self.0.as_ref().map(|fault| fault.why.clone())
    }

    /// When it is tried again.
    pub(super) fn retry(&self) -> Option<Instant> {
        self.0.as_ref().map(|fault| fault.retry)
    }
}

impl Task {
    /// Goes on from memory.
    pub(super) fn lose_disk(&mut self, error: JournalError) {
        let why = format!("{:#}", anyhow::Error::new(error));
        if self.disk.0.is_none() {
            let interface = &self.inputs.interface;
            warn!(%interface, error = why, "leases cannot be stored: they are short from now on");
        }
        let retry = Instant::now() + RETRY;
        self.disk.0 = Some(Fault { why, retry });
        self.set_volatile(true);
    }

    /// Tries the disk again when it is time. Afterwards everything is stored, or nothing changed.
    pub(super) async fn try_disk(&mut self) -> anyhow::Result<()> {
        if self.disk.retry().is_none_or(|at| Instant::now() < at) {
            return Ok(());
        }
        let (learned, stored) = self.ledger.restore(SystemTime::now()).await?;
        for binding in learned {
            self.server.revert(binding.address, Some(binding));
        }
        match stored {
            Ok(()) => self.regain_disk(),
            Err(error) => self.lose_disk(error),
        }
        Ok(())
    }

    fn regain_disk(&mut self) {
        self.disk.0 = None;
        self.set_volatile(false);
        let interface = &self.inputs.interface;
        info!(%interface, "leases can be stored again, and those of meanwhile are");
    }

    fn set_volatile(&mut self, is_volatile: bool) {
        self.server.set_volatile(is_volatile);
        let gauge = &self.publisher.counters.volatile;
        gauge.store(u64::from(is_volatile), std::sync::atomic::Ordering::Relaxed);
    }
}
