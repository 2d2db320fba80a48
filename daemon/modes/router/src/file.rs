//! The configuration file while the router runs: what it holds now, and when it changes.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use config::{ConfigError, router::RouterConfig};

use crate::folder::FolderWatch;

/// The file, its last good content, and what is wrong with the present one.
#[derive(Debug)]
pub(crate) struct ConfigFile {
    path: PathBuf,
    /// Text that was looked at last, good or bad; none: there was no file.
    seen: Option<String>,
    /// Why the present content is not in force.
    error: Option<String>,
    /// On the folder, not the file: editors replace files.
    watch: FolderWatch,
}

impl ConfigFile {
    /// Reads the file for the first time. `may_be_missing`: the default path, where no file means defaults.
    pub(crate) fn open(
        path: &Path,
        may_be_missing: bool,
    ) -> Result<(Self, RouterConfig), ConfigError> {
        let folder = match path.parent() {
            Some(folder) if folder != Path::new("") => folder,
            _ => Path::new("."),
        };
        let mut file = Self {
            path: path.to_path_buf(),
            seen: None,
            error: None,
            // Watched before it is read, or a change in between is missed.
            watch: FolderWatch::new(folder),
        };
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
        self.watch.changed().await;
    }

    /// Reads the file again: the new configuration, if the content is another one and good. A file that is gone, empty
    /// or wrong leaves the last good configuration in force, and [`ConfigFile::error`] says so.
    pub(crate) fn reread(&mut self) -> Option<RouterConfig> {
        self.watch.ensure();
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
}

#[cfg(test)]
mod tests;
