//! A folder whose files other programs replace: it tells when something in it changed and was quiet since.

use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
    time::Duration,
};

use futures::StreamExt;
use inotify::{EventStream, Inotify, WatchMask};
use tokio::time::{Instant, sleep_until};

/// An editor or `pct push` writes in several steps; a file counts when nothing happened for this long.
const QUIET: Duration = Duration::from_millis(50);

/// The watch on a folder, as far as there is such a folder.
pub(crate) struct FolderWatch {
    folder: PathBuf,
    events: Option<EventStream<[u8; 1024]>>,
    /// When the folder will have been quiet for long enough; none: nothing changed.
    pub(crate) quiet_at: Option<Instant>,
}

impl std::fmt::Debug for FolderWatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("FolderWatch").field(&self.folder).finish()
    }
}

impl FolderWatch {
    /// Watches from now on.
    pub(crate) fn new(folder: &Path) -> Self {
        let mut watch = Self {
            folder: folder.to_path_buf(),
            events: None,
            quiet_at: None,
        };
        watch.ensure();
        watch
    }

    /// Waits until something in the folder changed and was quiet since. Cancelling loses nothing.
    pub(crate) async fn changed(&mut self) {
        let Some(events) = &mut self.events else {
            return std::future::pending().await;
        };
        loop {
            let quiet = async {
                match self.quiet_at {
                    Some(at) => sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                next = events.next() => {
                    let Some(Ok(event)) = next else {
                        self.events = None;
                        return;
                    };
                    if event.name.as_deref().is_some_and(is_draft) {
                        continue;
                    }
                    self.quiet_at = Some(Instant::now() + QUIET);
                }
                () = quiet => {
                    self.quiet_at = None;
                    return;
                }
            }
        }
    }

    /// Watches the folder if that is not so yet: one that is not there is looked for again at the next call.
    pub(crate) fn ensure(&mut self) {
        if self.events.is_some() {
            return;
        }
        let watch = || {
            let inotify = Inotify::init()?;
            inotify.watches().add(
                &self.folder,
                WatchMask::CLOSE_WRITE
                    | WatchMask::MOVED_TO
                    | WatchMask::MOVED_FROM
                    | WatchMask::DELETE
                    | WatchMask::DELETE_SELF,
            )?;
            inotify.into_event_stream([0; 1024])
        };
        match watch() {
            Ok(events) => self.events = Some(events),
            Err(error) => {
                tracing::debug!(folder = %self.folder.display(), %error, "folder not watched; SIGHUP still works");
            }
        }
    }
}

/// A file that `store` is about to move into place. Told of those, a router on a full disk would try, fail and be told
/// of its own failure without end.
fn is_draft(name: &OsStr) -> bool {
    let name = name.as_encoded_bytes();
    name.starts_with(b".") && name.ends_with(b".new")
}
