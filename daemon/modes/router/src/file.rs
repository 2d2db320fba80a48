//! The configuration file while the router runs: what it holds now, and when it changes.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use config::{ConfigError, router::RouterConfig};
use futures::StreamExt;
use inotify::{EventStream, Inotify, WatchMask};
use tokio::time::{Instant, sleep_until};

#[cfg(test)]
mod tests;

/// An editor or `pct push` writes in several steps; the file counts when nothing happened for this long.
const QUIET: Duration = Duration::from_millis(50);

/// The file, its last good content, and what is wrong with the present one.
#[derive(Debug)]
pub(crate) struct ConfigFile {
    path: PathBuf,
    /// Text that was looked at last, good or bad; none: there was no file.
    seen: Option<String>,
    /// Why the present content is not in force.
    error: Option<String>,
    watch: Option<Watch>,
    /// When the folder will have been quiet for long enough; none: nothing changed.
    quiet_at: Option<Instant>,
}

struct Watch(EventStream<[u8; 1024]>);

impl std::fmt::Debug for Watch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Watch")
    }
}

impl ConfigFile {
    /// Reads the file for the first time. `may_be_missing`: the default path, where no file means defaults.
    pub(crate) fn open(
        path: &Path,
        may_be_missing: bool,
    ) -> Result<(Self, RouterConfig), ConfigError> {
        let mut file = Self {
            path: path.to_path_buf(),
            seen: None,
            error: None,
            watch: None,
            quiet_at: None,
        };
        // Watched before it is read, or a change in between is missed.
        file.ensure_watch();
        file.seen = match fs::read_to_string(path) {
            Ok(text) => Some(text),
            Err(error) if error.kind() == io::ErrorKind::NotFound && may_be_missing => None,
            Err(source) => {
                let path = path.to_path_buf();
                return Err(ConfigError::Read { path, source });
            }
        };
        let text = file.seen.as_deref().unwrap_or_default();
        let config = config::router::parse(text, &path.display().to_string())?;
        Ok((file, config))
    }

    /// The file's path, if there is a file.
    pub(crate) fn path(&self) -> Option<&Path> {
        self.seen.as_ref().map(|_| self.path.as_path())
    }

    /// Why the present content is not in force.
    pub(crate) fn error(&self) -> Option<&str> {
        self.error.as_deref()
    }

    /// Waits until something in the file's folder changed and was quiet since. Cancelling loses nothing.
    pub(crate) async fn changed(&mut self) {
        let Some(Watch(events)) = &mut self.watch else {
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
                    if !matches!(next, Some(Ok(_))) {
                        self.watch = None;
                        return;
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

    /// Reads the file again: the new configuration, if the content is another one and good. A file that is gone, empty
    /// or wrong leaves the last good configuration in force, and [`ConfigFile::error`] says so.
    pub(crate) fn reread(&mut self) -> Option<RouterConfig> {
        self.ensure_watch();
        let text = match fs::read_to_string(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound && self.seen.is_none() => {
                return None;
            }
            Err(error) => {
                self.refuse(format!("read {}: {error}", self.path.display()));
                return None;
            }
        };
        if text.trim().is_empty() && self.seen.is_some() {
            self.refuse(format!(
                "{} is empty; remove it and restart for the defaults",
                self.path.display()
            ));
            return None;
        }
        if self.error.is_none() && self.seen.as_ref() == Some(&text) {
            return None;
        }
        let parsed = config::router::parse(&text, &self.path.display().to_string());
        self.seen = Some(text);
        match parsed {
            Ok(config) => {
                self.error = None;
                Some(config)
            }
            Err(error) => {
                self.refuse(error.to_string());
                None
            }
        }
    }

    /// Notes why a content that could be read is not in force after all.
    pub(crate) fn refuse(&mut self, error: String) {
        if self.error.as_ref() != Some(&error) {
            tracing::warn!(%error, "configuration refused; the last good one stays in force");
            self.error = Some(error);
        }
    }

    /// Watches the folder, not the file: editors replace files. A folder that is not there is looked for again later.
    fn ensure_watch(&mut self) {
        if self.watch.is_some() {
            return;
        }
        let folder = match self.path.parent() {
            Some(folder) if folder != Path::new("") => folder,
            _ => Path::new("."),
        };
        let watch = || {
            let inotify = Inotify::init()?;
            inotify.watches().add(
                folder,
                WatchMask::CLOSE_WRITE
                    | WatchMask::MOVED_TO
                    | WatchMask::MOVED_FROM
                    | WatchMask::DELETE
                    | WatchMask::DELETE_SELF,
            )?;
            inotify.into_event_stream([0; 1024])
        };
        match watch() {
            Ok(events) => self.watch = Some(Watch(events)),
            Err(error) => {
                tracing::debug!(folder = %folder.display(), %error, "folder not watched; SIGHUP still works");
            }
        }
    }
}
