//! `lanlord status` of the daemon on this host, and of a whole cluster.

use std::{path::PathBuf, process::ExitCode};

use clap::Args;
use operator::ClusterAccess;

use super::{DEFAULT_SOCKET, OutputArguments, one_thread};

/// Where the cluster is, as with kubectl.
#[derive(Debug, Args)]
struct ClusterArguments {
    /// Context in the kubeconfig; without it the current one
    #[arg(long, value_name = "NAME")]
    context: Option<String>,
    /// Namespace of lanlord's own objects
    #[arg(
        long,
        short,
        value_name = "NAMESPACE",
        default_value = "metallb-system"
    )]
    namespace: String,
    #[command(flatten)]
    output: OutputArguments,
}

impl ClusterArguments {
    fn run(self, kubeconfig: Option<PathBuf>) -> anyhow::Result<ExitCode> {
        let Self {
            context,
            namespace,
            output,
        } = self;
        let access = ClusterAccess {
            kubeconfig,
            context,
            namespace,
        };
        one_thread()?.block_on(operator::cluster_status(access, output.form()))
    }
}

#[derive(Debug, Args)]
pub(super) struct StatusArguments {
    /// Admin socket of the daemon
    #[arg(long, env = "LANLORD_SOCKET", value_name = "PATH", default_value = DEFAULT_SOCKET)]
    socket: PathBuf,
    /// Show the cluster of this kubeconfig instead of the daemon on this host
    #[arg(long, value_name = "FILE")]
    kubeconfig: Option<PathBuf>,
    #[command(flatten)]
    cluster: ClusterArguments,
}

impl StatusArguments {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let Self {
            socket,
            kubeconfig,
            cluster,
        } = self;
        if kubeconfig.is_some() {
            return cluster.run(kubeconfig);
        }
        one_thread()?.block_on(operator::status(&socket, cluster.output.form()))
    }
}

/// The status that `kubectl lanlord` shows.
#[derive(Debug, Args)]
pub(super) struct KubectlStatusArguments {
    /// Kubeconfig; without it KUBECONFIG, else ~/.kube/config
    #[arg(long, value_name = "FILE")]
    kubeconfig: Option<PathBuf>,
    #[command(flatten)]
    cluster: ClusterArguments,
}

impl KubectlStatusArguments {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        self.cluster.run(self.kubeconfig)
    }
}
