//! What outlives the daemon: the addresses it chose and the VIPs it owned.
//!
//! Both are hints. The cluster's objects win as soon as they are known; a file that does not parse counts as absent.

use std::{
    io,
    path::{Path, PathBuf},
};

use anyhow::Context;
use ipam::Holdings;
use model::{ServiceKey, Vip};
use segment::Orders;
use serde::{Serialize, de::DeserializeOwned};

/// The state folder of a node.
#[derive(Clone, Debug)]
pub(crate) struct Saved {
    folder: PathBuf,
}

impl Saved {
    /// Opens the folder and makes it if it is missing.
    pub(crate) fn open(folder: &Path) -> anyhow::Result<Self> {
        std::fs::create_dir_all(folder)
            .with_context(|| format!("create state folder {}", folder.display()))?;
        Ok(Self {
            folder: folder.to_path_buf(),
        })
    }

    /// The VIPs this node owned when it last ran.
    pub(crate) fn orders(&self) -> Orders {
        self.read::<Orders>("vips").unwrap_or_default()
    }

    /// Remembers the VIPs this node owns.
    pub(crate) fn keep_orders(&self, orders: &Orders) -> anyhow::Result<()> {
        self.write("vips", orders)
    }

    /// The addresses that Services hold in `--manifests` mode, where no status remembers them.
    pub(crate) fn holdings(&self) -> Holdings {
        self.read::<Vec<(ServiceKey, Vec<Vip>)>>("addresses")
            .map(|pairs| pairs.into_iter().collect())
            .unwrap_or_default()
    }

    /// Remembers them.
    pub(crate) fn keep_holdings(&self, holdings: &Holdings) -> anyhow::Result<()> {
        self.write("addresses", &holdings.iter().collect::<Vec<_>>())
    }

    fn read<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        let path = self.folder.join(name);
        let text = match std::fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
            Err(error) => {
                tracing::warn!(path = %path.display(), %error, "cannot read saved state, starting without it");
                return None;
            }
        };
        match serde_json::from_slice(&text) {
            Ok(value) => Some(value),
            Err(error) => {
                tracing::warn!(path = %path.display(), %error, "saved state is damaged, starting without it");
                None
            }
        }
    }

    /// Compares with the file, not with memory: what could not be written once is written the next time.
    fn write<T: Serialize>(&self, name: &str, value: &T) -> anyhow::Result<()> {
        let path = self.folder.join(name);
        let text = serde_json::to_vec(value).context("encode saved state")?;
        if std::fs::read(&path).is_ok_and(|held| held == text) {
            return Ok(());
        }
        Ok(store::atomic_write(&path, &text)?)
    }
}
