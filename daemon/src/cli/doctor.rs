//! `lanlord doctor`.

use std::{path::PathBuf, process::ExitCode};

use clap::{Args, ValueEnum};
use operator::{DoctorOptions, Role};
use telemetry::LogLevel;

use super::{DEFAULT_SOCKET, DEFAULT_STATE, OutputArguments, one_thread};

/// Exit code 0: nothing is wrong; 1: there are problems; 2: usage.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit codes: 0 nothing is wrong, 1 there are problems, 2 usage.\n\
    With --kubeconfig alone only the cluster is looked at; say `node` or `router` to have this host judged as well."
)]
pub(super) struct DoctorArguments {
    /// What this host is to become; without it what runs on it, or both
    #[arg(value_enum, value_name = "ROLE")]
    role: Option<HostRole>,
    /// Look at the cluster too: other announcers, Cilium's pools and policies, kube-proxy, labels of nodes
    #[arg(long, env = "LANLORD_KUBECONFIG", value_name = "FILE")]
    kubeconfig: Option<PathBuf>,
    /// Namespace of lanlord's own objects
    #[arg(
        long,
        env = "LANLORD_NAMESPACE",
        value_name = "NAMESPACE",
        default_value = "metallb-system"
    )]
    namespace: String,
    /// State folder
    #[arg(long, env = "LANLORD_STATE", value_name = "DIR", default_value = DEFAULT_STATE)]
    state: PathBuf,
    /// Admin socket of the daemon
    #[arg(long, env = "LANLORD_SOCKET", value_name = "PATH", default_value = DEFAULT_SOCKET)]
    socket: PathBuf,
    #[command(flatten)]
    output: OutputArguments,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum HostRole {
    /// It announces VIPs
    Node,
    /// It serves DHCP, DNS and NAT
    Router,
}

impl DoctorArguments {
    /// As kubectl does, without --kubeconfig: the file that KUBECONFIG names, else `~/.kube/config`.
    pub(super) fn of_person(mut self) -> Self {
        let named = std::env::var_os("KUBECONFIG").filter(|files| !files.is_empty());
        self.kubeconfig = self.kubeconfig.or_else(|| match named {
            Some(files) => std::env::split_paths(&files).next(),
            None => Some(std::env::home_dir()?.join(".kube/config")),
        });
        self
    }
}

pub(super) fn run(arguments: DoctorArguments) -> anyhow::Result<ExitCode> {
    // What libraries complain of goes to standard error, the answer to standard output.
    telemetry::init(LogLevel::Error);
    let form = arguments.output.form();
    let options = DoctorOptions {
        role: arguments.role.map(|role| match role {
            HostRole::Node => Role::Node,
            HostRole::Router => Role::Router,
        }),
        socket: arguments.socket,
        state: arguments.state,
        router_config: router::DEFAULT_CONFIG.into(),
        kubeconfig: arguments.kubeconfig,
        namespace: arguments.namespace,
    };
    one_thread()?.block_on(operator::doctor(options, form))
}
