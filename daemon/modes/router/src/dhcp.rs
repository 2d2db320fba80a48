//! DHCP on one LAN: the task around `logic/dhcp`.
//!
//! ```text
//!   AF_PACKET: port 67 ---> Server ---> Ledger (journal, one sync a batch) ---> AF_PACKET: replies
//!              ARP    ---> Prober, Guard             |
//!              port 68, RA --> Guard                 '--> Observer --> DNS names, `status`
//! ```
//!
//! The router spawns one task for each LAN: [`channel`] makes both ends, [`run`] gets the [`Publisher`], and status,
//! metrics and DNS get clones of the [`Observer`]. When a reload takes the LAN away, the router cancels the token.

use std::{path::PathBuf, sync::Arc};

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::settings::Follow;

mod counters;
mod ledger;
mod observer;
mod prober;
mod scope;
mod standing;
mod table;
mod task;
#[cfg(test)]
mod tests;
mod wire;

pub(crate) use counters::Counters;
pub(crate) use observer::Observer;
pub(crate) use standing::Standing;
pub(crate) use table::LeaseTable;

/// What the task needs to know.
#[derive(Clone, Debug)]
pub(crate) struct Inputs {
    /// Interface of the LAN; it may come later, go, and come again.
    pub(crate) interface: String,
    /// The configuration in force. Leases stay over every change of it.
    pub(crate) settings: Follow,
    /// Directory of the journals, `<state>/leases`.
    pub(crate) directory: PathBuf,
}

/// The task's end of [`channel`].
#[derive(Debug)]
pub(crate) struct Publisher {
    leases: watch::Sender<LeaseTable>,
    standing: watch::Sender<Standing>,
    counters: Arc<Counters>,
}

/// Both ends for one LAN.
pub(crate) fn channel() -> (Publisher, Observer) {
    let (leases, leases_seen) = watch::channel(LeaseTable::default());
    let (standing, standing_seen) = watch::channel(Standing::default());
    let counters = Arc::new(Counters::default());
    let publisher = Publisher {
        leases,
        standing,
        counters: Arc::clone(&counters),
    };
    let observer = Observer {
        leases: leases_seen,
        standing: standing_seen,
        counters,
    };
    (publisher, observer)
}

/// Serves the LAN until stopped.
///
/// In: frames of the LAN, the configuration, changes of the interface. Out: replies, the journal, the [`Observer`]'s
/// values. Stopped by the token within one batch; if it is dropped instead, replies whose records are on disk may be
/// lost, which clients repeat. It fails when the journal cannot be opened, port 67 is taken or a socket is refused.
pub(crate) async fn run(
    inputs: Inputs,
    publisher: Publisher,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    task::run(inputs, publisher, stop).await
}
