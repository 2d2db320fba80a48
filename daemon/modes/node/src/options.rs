//! What the command line decides.

use std::{fmt, net::SocketAddr, path::PathBuf};

use anyhow::Context;
use model::NodeName;

/// Options of `lanlord node`, resolved: flag over environment over default.
#[derive(Clone, Debug)]
pub struct Options {
    /// Settings file; none: the ConfigMap `lanlord` where there is an API, else defaults.
    pub config: Option<PathBuf>,
    /// Where the objects come from.
    pub source: Origin,
    /// This node's name; none: the one in the kubelet's certificate, else the host name.
    pub node: Option<NodeName>,
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
    /// The Kubernetes API.
    Kubernetes(Login),
}

/// Who the daemon is to the API.
#[derive(Clone, Debug)]
pub enum Login {
    /// The ServiceAccount of the pod that this runs in.
    Pod,
    /// The user of a kubeconfig.
    Kubeconfig(PathBuf),
    /// The ServiceAccount whose token the kubelet, by this kubeconfig of its own, may read (design D6).
    Kubelet(PathBuf),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Manifests(folder) => write!(f, "manifests {}", folder.display()),
            Self::Kubernetes(Login::Pod) => f.write_str("Kubernetes API, in cluster"),
            Self::Kubernetes(Login::Kubeconfig(file)) => {
                write!(f, "Kubernetes API by {}", file.display())
            }
            Self::Kubernetes(Login::Kubelet(file)) => {
                write!(f, "Kubernetes API by the kubelet's {}", file.display())
            }
        }
    }
}

/// The name that the host gives itself: the node's name unless told otherwise.
pub(crate) fn host_name() -> anyhow::Result<NodeName> {
    let name =
        std::fs::read_to_string("/proc/sys/kernel/hostname").context("read the host name")?;
    Ok(name.trim().into())
}
