//! `lanlord node`: its flags, and how they become the daemon's options.

use std::{net::SocketAddr, path::PathBuf, process::ExitCode};

use clap::Args;
use node::{Login, Origin};

use super::{DaemonArguments, PlaceArguments, one_thread};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Settings file; without it the ConfigMap `lanlord` (key node.toml), else defaults
    #[arg(long, env = "LANLORD_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// Take the cluster's objects from YAML files in DIR instead of the Kubernetes API
    #[arg(
        long,
        env = "LANLORD_MANIFESTS",
        value_name = "DIR",
        conflicts_with_all = ["kubeconfig", "kubelet_kubeconfig"]
    )]
    manifests: Option<PathBuf>,
    /// Credentials for the Kubernetes API; without it the in-cluster token
    #[arg(long, env = "LANLORD_KUBECONFIG", value_name = "FILE")]
    kubeconfig: Option<PathBuf>,
    /// The kubelet's own credentials: by them only the Secret `lanlord-token` is read, and its token is used for all
    /// else. The file and what it names may come later and may change
    #[arg(
        long,
        env = "LANLORD_KUBELET_KUBECONFIG",
        value_name = "FILE",
        conflicts_with = "kubeconfig"
    )]
    kubelet_kubeconfig: Option<PathBuf>,
    /// Name of this node; without it the one in the kubelet's certificate, else the host name
    #[arg(long, env = "LANLORD_NODE_NAME", value_name = "NAME")]
    node_name: Option<String>,
    /// Namespace of lanlord's own objects
    #[arg(
        long,
        env = "LANLORD_NAMESPACE",
        value_name = "NAMESPACE",
        default_value = "metallb-system"
    )]
    namespace: String,
    /// loadBalancerClass to serve; without it Services that name no class
    #[arg(long, env = "LANLORD_LB_CLASS", value_name = "NAME")]
    lb_class: Option<String>,
    /// Announce also from nodes labelled node.kubernetes.io/exclude-from-external-load-balancers
    #[arg(long, env = "LANLORD_IGNORE_EXCLUDE_LB")]
    ignore_exclude_lb: bool,
    /// Where metrics and health are served
    #[arg(
        long,
        env = "LANLORD_METRICS",
        value_name = "ADDRESS",
        default_value = "[::]:7472"
    )]
    metrics: SocketAddr,
    #[command(flatten)]
    daemon: DaemonArguments,
}

impl Arguments {
    /// Runs the daemon to its end.
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let Self {
            config,
            manifests,
            kubeconfig,
            kubelet_kubeconfig,
            node_name,
            namespace,
            lb_class,
            ignore_exclude_lb,
            metrics,
            daemon:
                DaemonArguments {
                    log_level,
                    places: PlaceArguments { state, socket },
                },
        } = self;
        telemetry::init(log_level);
        let source = match (manifests, kubelet_kubeconfig, kubeconfig) {
            (Some(folder), _, _) => Origin::Manifests(folder),
            (None, Some(file), _) => Origin::Kubernetes(Login::Kubelet(file)),
            (None, None, Some(file)) => Origin::Kubernetes(Login::Kubeconfig(file)),
            (None, None, None) => Origin::Kubernetes(Login::Pod),
        };
        let options = node::Options {
            config,
            source,
            node: node_name.as_deref().map(Into::into),
            namespace,
            lb_class,
            ignore_exclude_lb,
            state,
            socket,
            metrics,
        };
        one_thread()?.block_on(node::run(options))?;
        Ok(ExitCode::SUCCESS)
    }
}
