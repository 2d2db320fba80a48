//! What the command line decides.

use std::{net::SocketAddr, path::PathBuf};

use anyhow::Context;
use model::NodeName;

/// Options of `lanlord node`, resolved: flag over environment over default.
#[derive(Clone, Debug)]
pub struct Options {
    /// Settings file; none: the ConfigMap `lanlord` where there is an API, else defaults.
    pub config: Option<PathBuf>,
    /// Where the objects come from.
    pub source: Origin,
    /// This node's name.
    pub node: NodeName,
    /// Namespace of our objects.
    pub namespace: String,
    /// `loadBalancerClass` to serve; none: Services without a class.
    pub lb_class: Option<String>,
    /// Announce from nodes that are labelled out of load balancing too.
    pub ignore_exclude_lb: bool,
    /// State folder.
    pub state: PathBuf,
    /// Admin socket.
    pub socket: PathBuf,
    /// Metrics and health.
    pub metrics: SocketAddr,
}

/// Where the cluster's objects come from.
#[derive(Clone, Debug)]
pub enum Origin {
    /// A watched directory of YAML.
    Manifests(PathBuf),
    /// The Kubernetes API, by a kubeconfig or, without one, in-cluster credentials.
    Kubernetes {
        /// The kubeconfig file.
        kubeconfig: Option<PathBuf>,
    },
}

/// The name that the host gives itself: the node's name unless told otherwise.
pub fn host_name() -> anyhow::Result<String> {
    let name =
        std::fs::read_to_string("/proc/sys/kernel/hostname").context("read the host name")?;
    Ok(name.trim().to_string())
}
