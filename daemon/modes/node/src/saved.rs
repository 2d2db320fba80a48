//! What outlives the daemon: the addresses it chose, the VIPs it owned, the node's name and the token.
//!
//! All are hints. The cluster's objects win as soon as they are known; a file that does not parse counts as absent.

use std::{
    io,
    path::{Path, PathBuf},
};

use anyhow::Context;
use cluster::api::Token;
use ipam::Holdings;
use model::{NodeName, ServiceKey, Vip};
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

    /// The name that the kubelet's certificate gave this node.
    pub(crate) fn node_name(&self) -> Option<NodeName> {
        let name = self.read::<String>("node-name")?;
        (!name.is_empty()).then(|| name.as_str().into())
    }

    /// Remembers it.
    pub(crate) fn keep_node_name(&self, name: &NodeName) -> anyhow::Result<()> {
        self.write("node-name", &name.as_str())
    }

    /// The token of our ServiceAccount: with it a start works while the Secret cannot be read.
    pub(crate) fn token(&self) -> Option<Token> {
        Token::new(&self.read::<String>("token")?)
    }

    /// Remembers it, for the owner of the folder alone.
    pub(crate) fn keep_token(&self, token: &Token) -> anyhow::Result<()> {
        let text = serde_json::to_vec(token.secret()).context("encode the token")?;
        self.replace("token", &text, store::atomic_write_private)
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

    fn write<T: Serialize>(&self, name: &str, value: &T) -> anyhow::Result<()> {
        let text = serde_json::to_vec(value).context("encode saved state")?;
        self.replace(name, &text, store::atomic_write)
    }

    /// Compares with the file, not with memory: what could not be written once is written the next time.
    fn replace(
        &self,
        name: &str,
        text: &[u8],
        write: fn(&Path, &[u8]) -> Result<(), store::WriteError>,
    ) -> anyhow::Result<()> {
        let path = self.folder.join(name);
        if std::fs::read(&path).is_ok_and(|held| held == text) {
            return Ok(());
        }
        Ok(write(&path, text)?)
    }
}
