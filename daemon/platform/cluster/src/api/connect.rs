//! How to reach the API.

use std::{
    net::IpAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use kube::{
    Client, Config,
    config::{InClusterError, KubeConfigOptions, Kubeconfig, KubeconfigError},
};
use thiserror::Error;
use tracing::warn;

/// A server that does not even take the connection within this time is tried again: KubePrism answers at once.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Why there is no client.
#[derive(Debug, Error)]
pub enum ConnectError {
    /// The file cannot be read, or is no kubeconfig.
    #[error("read kubeconfig {}", path.display())]
    Kubeconfig {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: Box<KubeconfigError>,
    },
    /// No kubeconfig was given, and this is no pod.
    #[error("find the API without a kubeconfig: this is no pod with a service account")]
    InCluster(#[source] Box<InClusterError>),
    /// The configuration is unusable, for example for its certificates.
    #[error("set up the client for {server}")]
    Client {
        /// The server of the configuration.
        server: String,
        /// What is wrong with it.
        #[source]
        source: Box<kube::Error>,
    },
}

/// A client for the server of the kubeconfig, or for that of the pod that this runs in. It does not connect yet.
pub async fn connect(kubeconfig: Option<&Path>) -> Result<Client, ConnectError> {
    let mut config = match kubeconfig {
        Some(path) => from_file(path)
            .await
            .map_err(|source| ConnectError::Kubeconfig {
                path: path.to_path_buf(),
                source: Box::new(source),
            })?,
        None => Config::incluster().map_err(|error| ConnectError::InCluster(Box::new(error)))?,
    };
    config.connect_timeout = Some(CONNECT_TIMEOUT);
    let server = config.cluster_url.to_string();
    let host = config.cluster_url.host().unwrap_or_default();
    if host.trim_matches(['[', ']']).parse::<IpAddr>().is_err() {
        // A static glibc has no name service beyond files and DNS (design 3).
        warn!(%server, "the API server is given by name; an address is safer for a static binary");
    }
    Client::try_from(config).map_err(|source| ConnectError::Client {
        server,
        source: Box::new(source),
    })
}

async fn from_file(path: &Path) -> Result<Config, KubeconfigError> {
    let file = Kubeconfig::read_from(path)?;
    Config::from_custom_kubeconfig(file, &KubeConfigOptions::default()).await
}

#[cfg(test)]
mod tests;
