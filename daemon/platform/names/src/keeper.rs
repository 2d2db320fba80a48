//! The one owner of what the zones hold: every change passes here, in order, and is on disk before it is answered.

use std::{collections::BTreeSet, error::Error, sync::Arc};

use dns::{Authority, LeaseName, Settings, Update};
use hickory_proto::rr::Name;
use model::Reason;
use tokio::sync::{mpsc, oneshot};
use tracing::{error, info, warn};

use crate::{
    responder::{MAX_QUEUED_UPDATES, QueuedUpdate, Responder, unix_seconds},
    upstream::Upstream,
    zone_files::{ZoneFileError, ZoneFiles},
};

/// Applies changes to what a [`Responder`] answers from.
#[derive(Debug)]
pub struct Keeper {
    responder: Arc<Responder>,
    queue: mpsc::Receiver<QueuedUpdate>,
    files: ZoneFiles,
    problem: Option<ZoneFileError>,
}

/// UPDATEs that came in together; they share one write to disk.
#[derive(Debug)]
pub struct Batch(Vec<QueuedUpdate>);

impl Keeper {
    /// Reads the stored names and makes the responder that answers with them. Files that cannot be used are returned: the
    /// clusters put their names there again within a minute.
    pub fn open(
        settings: Settings,
        upstream: Upstream,
        files: ZoneFiles,
    ) -> (Self, Vec<ZoneFileError>) {
        let (saved, problems) = files.load();
        let authority = Authority::new(settings, &saved, unix_seconds());
        let (sender, queue) = mpsc::channel(MAX_QUEUED_UPDATES);
        let responder = Arc::new(Responder::new(authority, upstream, sender));
        let keeper = Self {
            responder,
            queue,
            files,
            problem: None,
        };
        (keeper, problems)
    }

    /// Who answers; give it to the sockets.
    pub const fn responder(&self) -> &Arc<Responder> {
        &self.responder
    }

    /// Why the last UPDATE could not be stored; names stay as they were, and its sender tries again.
    pub const fn problem(&self) -> Option<&ZoneFileError> {
        self.problem.as_ref()
    }

    /// Waits for UPDATEs. Dropping the future loses nothing.
    pub async fn next(&mut self) -> Batch {
        let mut batch = Vec::new();
        self.queue.recv_many(&mut batch, MAX_QUEUED_UPDATES).await;
        Batch(batch)
    }

    /// Applies UPDATEs one after the other, stores the zones they changed, and only then answers (RFC 2136, 3.5).
    pub async fn apply(&mut self, batch: Batch) {
        let now = unix_seconds();
        let before = self.responder.authority();
        let mut authority = (*before).clone();
        let mut zones = BTreeSet::new();
        let mut replies = Vec::new();
        for QueuedUpdate { update, reply } in batch.0 {
            let updated = authority.update(&update, now);
            let changes = updated.authority.is_some();
            if let Some(next) = updated.authority {
                authority = next;
            }
            zones.extend(updated.zones);
            match &updated.refused {
                None => self.responder.counters().update_accepted(),
                Some(refusal) => {
                    self.responder.counters().update_refused(refusal.code());
                    let key = update.key().map(Name::to_ascii).unwrap_or_default();
                    info!(key, reason = refusal.text(), "DNS update refused");
                }
            }
            replies.push((update, updated.reply, reply, changes));
        }
        let stored = self.store(&authority, zones).await;
        let is_stored = stored.is_ok();
        match stored {
            Ok(any) => {
                if any && self.problem.take().is_some() {
                    info!("names can be stored again");
                }
                self.responder.set_authority(authority);
            }
            Err(error) => {
                // Told once: the clusters try again and again.
                if self.problem.is_none() {
                    let error = &error as &dyn Error;
                    error!(error, "DNS update lost: the zone could not be stored");
                }
                self.problem = Some(error);
            }
        }
        answer(replies, is_stored, now);
    }

    /// Follows a new configuration; names of clusters and leases stay.
    pub fn reconfigure(&mut self, settings: Settings) {
        let authority = self.responder.authority();
        self.responder
            .set_authority(authority.reconfigured(settings, unix_seconds()));
    }

    /// Replaces the names of leases and reservations.
    pub fn set_leases(&mut self, leases: &[LeaseName]) {
        let authority = self.responder.authority();
        self.responder.set_authority(authority.with_leases(leases));
    }

    /// Whether anything was to be stored.
    async fn store(
        &self,
        authority: &Authority,
        zones: BTreeSet<Name>,
    ) -> Result<bool, ZoneFileError> {
        if zones.is_empty() {
            return Ok(false);
        }
        let saved: Vec<_> = zones
            .into_iter()
            .filter_map(|zone| authority.saved_zone(&zone).map(|saved| (zone, saved)))
            // The reverse zones that are always there change along with others and hold nothing of their own.
            .filter(|(zone, saved)| !saved.is_empty() || authority.is_own(zone))
            .collect();
        let files = self.files.clone();
        let written = tokio::task::spawn_blocking(move || {
            saved
                .iter()
                .try_for_each(|(zone, saved)| files.save(zone, saved))
        });
        match written.await {
            Ok(result) => result.map(|()| true),
            // The runtime is going down; nobody waits for the reply.
            Err(_) => Ok(false),
        }
    }
}

type Pending = (Box<Update>, Vec<u8>, oneshot::Sender<Vec<u8>>, bool);

fn answer(replies: Vec<Pending>, stored: bool, now: u64) {
    for (update, reply, sender, changes) in replies {
        let reply = match stored || !changes {
            true => reply,
            false => update.not_stored(now),
        };
        if sender.send(reply).is_err() {
            warn!("a DNS update was applied, but its sender is gone");
        }
    }
}
