//! A directory of Kubernetes YAML as the source of intent (design D12).
//!
//! [`load`] reads it once; [`watch`] follows it by inotify and publishes a [`crate::View`] per change. `*.yaml`,
//! `*.yml` and `*.json` count, several documents per file and `List` kinds included; hidden and backup files and kinds
//! that lanlord does not read are ignored. A file that does not parse or became empty keeps its last good content, and
//! only unlinking it withdraws what it said (design 5).

mod directory;
mod document;
mod objects;
mod watch;

use std::{io, path::Path, path::PathBuf};

use thiserror::Error;

use crate::{Settings, View};
use directory::Directory;

pub use watch::watch;

/// The directory cannot be read or watched.
#[derive(Debug, Error)]
#[error("{operation} manifests directory {}", path.display())]
pub struct DirectoryError {
    operation: &'static str,
    path: PathBuf,
    source: io::Error,
}

impl DirectoryError {
    fn new(operation: &'static str, path: &Path, source: io::Error) -> Self {
        Self {
            operation,
            path: path.to_path_buf(),
            source,
        }
    }
}

/// Reads the directory once.
pub fn load(path: &Path, settings: &Settings) -> Result<View, DirectoryError> {
    let mut directory = Directory::new(path, settings.clone());
    directory.scan()?;
    Ok(directory.view())
}

#[cfg(test)]
mod tests;
