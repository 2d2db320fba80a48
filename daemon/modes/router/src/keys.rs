//! The shared key of each cluster: `<state>/keys/<cluster>.key`, 32 random octets as base64.

use std::{
    collections::BTreeMap,
    fs::{self, File, OpenOptions},
    io::{ErrorKind, Read, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use anyhow::{Context, bail, ensure};
use base64::{Engine, engine::general_purpose::STANDARD};

/// Octets of a key.
const LENGTH: usize = 32;

/// A key.
pub(crate) type Key = [u8; LENGTH];

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

/// The cluster's key as base64, as it goes into the Secret `lanlord-router`. Errors: no such key; unreadable.
pub fn key_show(state: &Path, cluster: &str) -> anyhow::Result<String> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '-';
    ensure!(
        !cluster.is_empty() && cluster.chars().all(is_name),
        "`{cluster}` is no name of a [[cluster]]"
    );
    match read(&path(state, cluster))? {
        Some(key) => Ok(STANDARD.encode(key)),
        None => bail!(
            "no key of cluster `{cluster}` in {}; the router makes it at its first start with a [[cluster]] of that name",
            state.join("keys").display()
        ),
    }
}

fn path(state: &Path, cluster: &str) -> PathBuf {
    state.join("keys").join(format!("{cluster}.key"))
}

fn ensure_one(state: &Path, cluster: &str) -> anyhow::Result<Key> {
    let path = path(state, cluster);
    if let Some(key) = read(&path)? {
        return Ok(key);
    }
    let key = random().context("read 32 octets from /dev/urandom")?;
    write(&path, &key).with_context(|| format!("write the key {}", path.display()))?;
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
    let octets = STANDARD.decode(text.trim()).ok();
    match octets.and_then(|octets| Key::try_from(octets).ok()) {
        Some(key) => Ok(Some(key)),
        None => bail!(
            "{} holds no key; it must be 32 octets as base64: restore it, or remove it to get a new one and give that \
             to the cluster",
            path.display()
        ),
    }
}

fn random() -> std::io::Result<Key> {
    let mut key = [0; LENGTH];
    File::open("/dev/urandom")?.read_exact(&mut key)?;
    Ok(key)
}

/// Whole or not at all, and never readable for others: a key that was half written would lock the cluster out.
fn write(path: &Path, key: &Key) -> std::io::Result<()> {
    let folder = path.parent().unwrap_or_else(|| Path::new("."));
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)?;
    let draft = path.with_extension("key.new");
    match fs::remove_file(&draft) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&draft)?;
    writeln!(file, "{}", STANDARD.encode(key))?;
    file.sync_all()?;
    fs::rename(&draft, path)?;
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests;
