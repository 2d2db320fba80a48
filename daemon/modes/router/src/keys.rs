//! The shared key of each cluster: `<state>/keys/<cluster>.key`, 32 random octets as base64.
//!
//! The router makes a key at its first start with a `[[cluster]]`, and takes up another content of the file while it
//! runs ([`folder`]). The key is never logged, and no argument of a command holds it.

mod import;

use std::{
    collections::BTreeMap,
    fmt,
    fs::{self, File},
    io::{ErrorKind, Read},
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail, ensure};
use base64::{Engine, engine::general_purpose::STANDARD};

pub use import::{Before, Imported, key_import, read_key};

/// Octets of a key.
const LENGTH: usize = 32;

/// A key.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Key([u8; LENGTH]);

impl Key {
    /// A key of known octets.
    #[cfg(test)]
    pub(crate) const fn of(octets: [u8; LENGTH]) -> Self {
        Self(octets)
    }

    /// As it goes into the Secret.
    pub const fn octets(self) -> [u8; LENGTH] {
        self.0
    }

    /// 32 octets in base64, white space around them allowed.
    fn parse(text: &str) -> Option<Self> {
        let octets = STANDARD.decode(text.trim()).ok()?;
        octets.try_into().ok().map(Self)
    }

    fn random() -> std::io::Result<Self> {
        let mut key = [0; LENGTH];
        File::open("/dev/urandom")?.read_exact(&mut key)?;
        Ok(Self(key))
    }

    fn to_base64(self) -> String {
        STANDARD.encode(self.0)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key")
    }
}

/// Where the keys are.
pub(crate) fn folder(state: &Path) -> PathBuf {
    state.join("keys")
}

/// The keys of clusters.
#[derive(Debug, Default)]
pub(crate) struct Keys {
    /// By cluster.
    pub(crate) found: BTreeMap<String, Key>,
    /// Why a cluster has none, one line each. It is served nothing until it has: a key that is not on disk would be
    /// another one after a restart.
    pub(crate) missing: Vec<String>,
}

/// The key of every cluster; those that have none get one, if it can be stored.
pub(crate) fn ensure_all<'a>(state: &Path, clusters: impl IntoIterator<Item = &'a str>) -> Keys {
    let mut keys = Keys::default();
    for cluster in clusters {
        match ensure_one(state, cluster) {
            Ok(key) => {
                keys.found.insert(cluster.to_string(), key);
            }
            Err(error) => keys
                .missing
                .push(format!("no key for cluster {cluster}: {error:#}")),
        }
    }
    keys
}

/// The cluster's key, if the router has made one. Errors: no name of a cluster; unreadable.
pub fn key_of(state: &Path, cluster: &str) -> anyhow::Result<Option<Key>> {
    read(&path(state, cluster)?)
}

/// The cluster's key as base64, as it goes into the Secret `lanlord-router`. Errors: no such key; unreadable.
pub fn key_show(state: &Path, cluster: &str) -> anyhow::Result<String> {
    match key_of(state, cluster)? {
        Some(key) => Ok(key.to_base64()),
        None => bail!(
            "no key of cluster `{cluster}` in {}; the router makes it at its first start with a [[cluster]] of that name",
            folder(state).display()
        ),
    }
}

fn path(state: &Path, cluster: &str) -> anyhow::Result<PathBuf> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '-';
    ensure!(
        !cluster.is_empty() && cluster.chars().all(is_name),
        "`{cluster}` is no name of a [[cluster]]"
    );
    Ok(folder(state).join(format!("{cluster}.key")))
}

fn ensure_one(state: &Path, cluster: &str) -> anyhow::Result<Key> {
    let path = path(state, cluster)?;
    if let Some(key) = read(&path)? {
        return Ok(key);
    }
    let key = Key::random().context("read 32 octets from /dev/urandom")?;
    write(&path, key)?;
    tracing::info!(cluster, path = %path.display(), "made the key that joins cluster and router");
    Ok(key)
}

fn read(path: &Path) -> anyhow::Result<Option<Key>> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => {
            return Err(error).with_context(|| format!("read the key {}", path.display()));
        }
    };
    match Key::parse(&text) {
        Some(key) => Ok(Some(key)),
        None => bail!(
            "{} holds no key; it must be 32 octets as base64: restore it, or remove it to get a new one and give that \
             to the cluster",
            path.display()
        ),
    }
}

/// Whole or not at all, and never readable for others: a key that was half written would lock the cluster out.
fn write(path: &Path, key: Key) -> anyhow::Result<()> {
    let folder = path.parent().unwrap_or_else(|| Path::new("."));
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .with_context(|| format!("create {}", folder.display()))?;
    store::atomic_write_private(path, format!("{}\n", key.to_base64()).as_bytes())
        .context("keep the key")
}

#[cfg(test)]
mod tests;
