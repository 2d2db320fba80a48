//! A directory of Kubernetes YAML as the source of intent.
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
#[error("{operation} manifests {}", path.display())]
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

/// Reads once: a directory, or a single file whatever its name.
///
/// Errors: the path cannot be read, or the directory holds no manifest at all, which is nobody's intention here.
pub fn load(path: &Path, settings: &Settings) -> Result<View, DirectoryError> {
    let (folder, file) = match (path.is_file(), path.parent(), path.file_name()) {
        (true, Some(folder), Some(name)) => (folder, name.to_str()),
        _ => (path, None),
    };
    let mut directory = Directory::new(folder, settings.clone());
    match file {
        Some(name) => directory.read(name),
        None => directory.scan()?,
    }
    if directory.is_empty() {
        let error = io::Error::other("holds no *.yaml, *.yml or *.json file");
        return Err(DirectoryError::new("read", path, error));
    }
    Ok(directory.view())
}

#[cfg(test)]
mod tests;
