//! Where the files of the Talos machine are: below `talos/` in its directory, the same path inside and outside.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::MACHINE;
use crate::{lab::build::workspace, machine::Site};

/// The folder.
#[derive(Clone, Debug)]
pub(super) struct Files {
    directory: PathBuf,
}

impl Files {
    pub(super) fn of(site: &Site) -> Self {
        Self {
            directory: site.machine_directory(MACHINE).join("talos"),
        }
    }

    pub(super) fn at(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// A new folder in it.
    pub(super) fn folder(&self, name: &str) -> Result<PathBuf> {
        let folder = self.at(name);
        std::fs::create_dir_all(&folder).with_context(|| format!("create {}", folder.display()))?;
        Ok(folder)
    }

    /// The keys of the cluster, as `talosctl gen secrets` makes them.
    pub(super) fn secrets(&self) -> PathBuf {
        self.at("secrets.yaml")
    }

    /// The worker's machine configuration.
    pub(super) fn worker(&self) -> PathBuf {
        self.at(WORKER)
    }

    /// The credentials of talosctl.
    pub(super) fn talosconfig(&self) -> PathBuf {
        self.at("talosconfig")
    }

    /// The upper layer of the root: the extension's part.
    pub(super) fn layer(&self) -> PathBuf {
        self.at(LAYER)
    }

    /// What the imager wrote beside the layer.
    pub(super) fn extensions(&self) -> PathBuf {
        self.at(EXTENSIONS)
    }

    /// The folder itself, for the program that boots.
    pub(super) fn directory(&self) -> &Path {
        &self.directory
    }
}

pub(super) const BASE: &str = "base";
pub(super) const LAYER: &str = "layer";
pub(super) const EXTENSIONS: &str = "extensions.yaml";
pub(super) const WORKER: &str = "worker.yaml";

/// A file of the scenario.
pub(super) fn scenario(name: &str) -> PathBuf {
    workspace().join("vm-tests/scenarios/talos").join(name)
}

/// A path as an argument.
pub(super) fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}
