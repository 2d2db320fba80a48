//! The lab's objects: a copy of `vm-tests/scenarios/www/manifests`, changed as the API server's content would change.

use std::{
    net::Ipv4Addr,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};

use super::build;

/// A directory that the node daemons watch.
#[derive(Clone, Debug)]
pub struct Manifests {
    directory: PathBuf,
}

impl Manifests {
    /// Copies the scenario's objects.
    pub fn copy(to: &Path) -> Result<Self> {
        let from = build::workspace().join("vm-tests/scenarios/www/manifests");
        std::fs::create_dir_all(to)?;
        for entry in std::fs::read_dir(&from).with_context(|| format!("list {}", from.display()))? {
            let file = entry?.path();
            let name = file.file_name().context("a file of a listing has a name")?;
            std::fs::copy(&file, to.join(name))
                .with_context(|| format!("copy {}", file.display()))?;
        }
        Ok(Self::at(to))
    }

    /// The objects of a lab that is up.
    pub fn at(directory: &Path) -> Self {
        Self {
            directory: directory.to_owned(),
        }
    }

    /// Where they are.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// One of the files.
    pub fn file(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// A file's content.
    pub fn read(&self, name: &str) -> Result<String> {
        let file = self.file(name);
        std::fs::read_to_string(&file).with_context(|| format!("read {}", file.display()))
    }

    /// Replaces a file in one move, as careful writers do. The draft is hidden, so it is no manifest.
    pub fn write(&self, name: &str, text: &str) -> Result<()> {
        let draft = self.directory.join(format!(".{name}.draft"));
        std::fs::write(&draft, text).with_context(|| format!("write {}", draft.display()))?;
        let file = self.file(name);
        std::fs::rename(&draft, &file).with_context(|| format!("replace {}", file.display()))
    }

    /// The Secret that carries the router's address and key, as the router's patch would bring it into the cluster.
    pub fn write_router_secret(&self, address: &str, key: &str) -> Result<()> {
        let key = key.trim();
        self.write(
            "lanlord-router.yaml",
            &format!(
                "apiVersion: v1\nkind: Secret\nmetadata:\n  name: lanlord-router\n  namespace: metallb-system\n\
                 stringData:\n  address: {address}\n  key: {key}\n"
            ),
        )
    }

    /// Marks a Node Ready or not, and its endpoints with it, as the API server's controllers do.
    pub fn mark_ready(&self, node: &str, ready: bool) -> Result<()> {
        let (from, to) = if ready {
            ("False", "True")
        } else {
            ("True", "False")
        };
        self.replace(
            &format!("node-{node}.yaml"),
            &format!("- type: Ready\n      status: \"{from}\""),
            &format!("- type: Ready\n      status: \"{to}\""),
        )?;
        let endpoints = format!("endpoints-{node}.yaml");
        if self.file(&endpoints).exists() {
            let (from, to) = (!ready, ready);
            self.replace(
                &endpoints,
                &format!("ready: {from}"),
                &format!("ready: {to}"),
            )?;
            self.replace(
                &endpoints,
                &format!("serving: {from}"),
                &format!("serving: {to}"),
            )?;
        }
        Ok(())
    }

    /// Addresses of the endpoints that are ready, by the nodes of their files.
    pub fn ready_endpoints(&self) -> Result<Vec<Ipv4Addr>> {
        let mut found = Vec::new();
        for entry in std::fs::read_dir(&self.directory)? {
            let name = entry?.file_name().to_string_lossy().into_owned();
            if !name.starts_with("endpoints-") {
                continue;
            }
            let text = self.read(&name)?;
            if text.contains("ready: true") {
                found.extend(text.lines().filter_map(address_line));
            }
        }
        found.sort_unstable();
        Ok(found)
    }

    /// Replaces a text that must be there, unless the new one is there already.
    pub fn replace(&self, name: &str, from: &str, to: &str) -> Result<()> {
        let text = self.read(name)?;
        if text.contains(to) && !text.contains(from) {
            return Ok(());
        }
        ensure!(text.contains(from), "{name} has no {from:?}");
        self.write(name, &text.replace(from, to))
    }
}

fn address_line(line: &str) -> Option<Ipv4Addr> {
    line.trim().strip_prefix("- ")?.parse().ok()
}

#[cfg(test)]
mod tests;
