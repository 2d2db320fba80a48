//! Following a directory by inotify.

use std::{
    collections::BTreeMap, fs, io, os::unix::fs::MetadataExt, path::Path, sync::Arc, time::Duration,
};

use futures::StreamExt;
use inotify::{EventMask, EventOwned, EventStream, Inotify, WatchMask};
use tokio::{
    sync::watch::Sender,
    time::{Instant, sleep, sleep_until},
};
use tracing::{info, warn};

use super::{
    DirectoryError,
    directory::{Directory, is_manifest},
};
use crate::{Settings, View};

/// How long a file must have been left alone before it counts. Editors and `kubectl` write in several steps.
const QUIET: Duration = Duration::from_millis(50);

/// How often a directory that is gone is looked for.
const LOOK_AGAIN: Duration = Duration::from_millis(250);

/// Follows the directory and publishes a view for each change; runs until it is cancelled, which loses nothing.
///
/// A directory that is missing at the start is an error; one that vanishes later withdraws nothing and is waited for.
pub async fn watch(
    path: &Path,
    settings: Settings,
    sender: Sender<Option<Arc<View>>>,
) -> Result<(), DirectoryError> {
    let mut directory = Directory::new(path, settings);
    let mut events = open(path).map_err(|error| DirectoryError::new("watch", path, error))?;
    loop {
        directory.scan()?;
        publish(&mut directory, &sender);
        follow(&mut events, &mut directory, &sender).await?;
        warn!(directory = %path.display(), "manifests directory is gone, its last content stays in force");
        directory.lost("is gone; the last content of its files stays in force");
        publish(&mut directory, &sender);
        events = reopen(path).await;
        info!(directory = %path.display(), "manifests directory is back");
    }
}

type Events = EventStream<Vec<u8>>;

fn open(path: &Path) -> io::Result<Events> {
    let inotify = Inotify::init()?;
    inotify.watches().add(
        path,
        WatchMask::CLOSE_WRITE
            | WatchMask::CREATE
            | WatchMask::DELETE
            | WatchMask::DELETE_SELF
            | WatchMask::MODIFY
            | WatchMask::MOVE
            | WatchMask::MOVE_SELF
            | WatchMask::ONLYDIR,
    )?;
    inotify.into_event_stream(vec![0; 16 * 1024])
}

async fn reopen(path: &Path) -> Events {
    loop {
        match open(path) {
            Ok(events) => return events,
            Err(_) => sleep(LOOK_AGAIN).await,
        }
    }
}

/// Publishes the view if it differs from the last one.
fn publish(directory: &mut Directory, sender: &Sender<Option<Arc<View>>>) {
    let view = directory.view();
    sender.send_if_modified(|last| {
        if last.as_deref() == Some(&view) {
            return false;
        }
        for problem in &view.problems {
            let known = last.as_ref().is_some_and(|last| last.problems.contains(problem));
            if !known {
                warn!(file = %problem.file.display(), line = problem.line, problem = %problem.text, "manifest not usable");
            }
        }
        *last = Some(Arc::new(view));
        true
    });
}

/// Returns when the directory is gone.
async fn follow(
    events: &mut Events,
    directory: &mut Directory,
    sender: &Sender<Option<Arc<View>>>,
) -> Result<(), DirectoryError> {
    let mut waiting = Waiting::default();
    loop {
        let due = waiting.next_due();
        tokio::select! {
            event = events.next() => {
                let failed = |error| DirectoryError::new("watch", directory.path(), error);
                let event = event
                    .unwrap_or_else(|| Err(io::Error::from(io::ErrorKind::UnexpectedEof)))
                    .map_err(failed)?;
                if waiting.note(&event, directory.path(), Instant::now()) == Seen::DirectoryGone {
                    return Ok(());
                }
            }
            () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => {
                match waiting.take_due(Instant::now()) {
                    // It went away in the meantime; that is the next event.
                    Work::Everything if directory.scan().is_err() => {}
                    Work::Everything => publish(directory, sender),
                    Work::Files(files) if files.is_empty() => {}
                    Work::Files(files) => {
                        for (name, happened) in files {
                            act(directory, &name, happened);
                        }
                        publish(directory, sender);
                    }
                }
            }
        }
    }
}

fn act(directory: &mut Directory, name: &str, happened: Happened) {
    match happened {
        Happened::Written => directory.read(name),
        Happened::Unlinked => directory.unlinked(name),
        Happened::MovedAway { .. } => directory.moved_away(name),
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Seen {
    File,
    DirectoryGone,
}

/// What happened to a file that is now left alone for [`QUIET`].
#[derive(Clone, Debug, PartialEq, Eq)]
enum Happened {
    /// It was closed after writing, or moved here.
    Written,
    Unlinked,
    MovedAway {
        cookie: u32,
    },
}

enum Work {
    Everything,
    Files(Vec<(String, Happened)>),
}

/// Files and when they count.
#[derive(Default)]
struct Waiting {
    files: BTreeMap<String, (Instant, Happened)>,
    /// Manifests that were renamed to another manifest's name: new name to old one.
    renamed: BTreeMap<String, String>,
    /// Events were lost, or many files changed at once: all are to be read.
    everything: Option<Instant>,
}

impl Waiting {
    fn next_due(&self) -> Option<Instant> {
        let files = self.files.values().map(|(due, _)| *due);
        files.chain(self.everything).min()
    }

    fn take_due(&mut self, now: Instant) -> Work {
        if self.everything.is_some_and(|due| due <= now) {
            *self = Self::default();
            return Work::Everything;
        }
        let due: Vec<String> = self
            .files
            .iter()
            .filter(|(_, (due, _))| *due <= now)
            .map(|(name, _)| name.clone())
            .collect();
        let mut work = Vec::new();
        for name in due {
            // Its content went to the new name, whatever became of that since.
            if let Some(old) = self.renamed.remove(&name) {
                work.push((old, Happened::Unlinked));
            }
            if let Some((_, happened)) = self.files.remove(&name) {
                work.push((name, happened));
            }
        }
        Work::Files(work)
    }

    fn note(&mut self, event: &EventOwned, directory: &Path, now: Instant) -> Seen {
        let mask = event.mask;
        let due = now + QUIET;
        if mask.intersects(
            EventMask::DELETE_SELF | EventMask::MOVE_SELF | EventMask::UNMOUNT | EventMask::IGNORED,
        ) {
            return Seen::DirectoryGone;
        }
        if mask.contains(EventMask::Q_OVERFLOW) {
            self.everything = Some(due);
            return Seen::File;
        }
        let Some(name) = event.name.as_deref().and_then(|name| name.to_str()) else {
            return Seen::File;
        };
        if name == "..data" {
            // A mounted ConfigMap: its files are links through `..data`, which the kubelet moves at once.
            self.everything = Some(due);
        } else if is_manifest(name) {
            self.note_manifest(name, event, directory, due);
        }
        Seen::File
    }

    fn note_manifest(&mut self, name: &str, event: &EventOwned, directory: &Path, due: Instant) {
        let mask = event.mask;
        let happened = if mask.contains(EventMask::MOVED_TO) {
            if let Some(old) = self.moved_from(event.cookie) {
                self.renamed.insert(name.to_string(), old);
            }
            Happened::Written
        } else if mask.contains(EventMask::CLOSE_WRITE)
            || mask.contains(EventMask::CREATE) && is_linked(&directory.join(name))
        {
            Happened::Written
        } else if mask.contains(EventMask::DELETE) {
            Happened::Unlinked
        } else if mask.contains(EventMask::MOVED_FROM) {
            Happened::MovedAway {
                cookie: event.cookie,
            }
        } else {
            // Somebody writes: closing the file is an event of its own.
            self.files.remove(name);
            return;
        };
        self.files.insert(name.to_string(), (due, happened));
    }

    /// The manifest that the move with this cookie took away, which is then no longer waited for.
    fn moved_from(&mut self, cookie: u32) -> Option<String> {
        let name = self
            .files
            .iter()
            .find(|(_, (_, happened))| *happened == Happened::MovedAway { cookie })
            .map(|(name, _)| name.clone())?;
        self.files.remove(&name);
        Some(name)
    }
}

/// Whether a file that has just appeared is a link: then it is complete, and nobody will close it.
fn is_linked(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_symlink() || metadata.nlink() > 1)
}

#[cfg(test)]
mod tests;
