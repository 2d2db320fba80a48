//! `kubectl lanlord …`: the commands that are about a cluster, under the name that kubectl looks for.

use std::{path::Path, process::ExitCode};

use clap::{Parser, Subcommand};

use super::{CheckArguments, PlanArguments, doctor, manifests, status, talos_patch};

/// The name that makes this program a plugin of kubectl.
const NAME: &str = "kubectl-lanlord";

/// Whether the program was called by that name.
pub(crate) fn is_meant(program: &Path) -> bool {
    program.file_name().is_some_and(|name| name == NAME)
}

/// What announces VIPs, gives out addresses and puts up names in this cluster.
#[derive(Debug, Parser)]
#[command(name = NAME, bin_name = "kubectl lanlord", version, propagate_version = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show the cluster as it is: nodes, pools, VIPs and their owners, names, and what is refused
    Status(status::KubectlStatusArguments),
    /// Dry run: from a directory of Kubernetes objects, who gets which address, owner and name, and what is refused
    Plan(PlanArguments),
    /// Validate configuration files (*.toml) and Kubernetes manifests
    Check(CheckArguments),
    /// Look for what the cluster lacks, and for what is in the way
    Doctor(doctor::DoctorArguments),
    /// Print what a cluster needs as YAML for `kubectl apply`: namespace, CRDs, RBAC, ServiceAccount, token, router Secret
    Manifests(manifests::Arguments),
    /// Print the same as a patch for the control planes of a Talos cluster
    TalosPatch(talos_patch::TalosPatchArguments),
}

/// Runs the chosen command to its end.
pub(crate) fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    match arguments.command {
        Command::Status(arguments) => arguments.run(),
        Command::Plan(arguments) => arguments.run(),
        Command::Check(arguments) => arguments.run(),
        Command::Doctor(arguments) => doctor::run(arguments.of_person()),
        Command::Manifests(arguments) => manifests::run(arguments),
        Command::TalosPatch(arguments) => talos_patch::talos_patch(arguments),
    }
}
