//! The command line: sub-commands, flags, and the environment variables behind them.

pub(crate) mod kubectl;
mod manifests;
mod node;
mod router_key;
mod status;
mod talos_patch;

use std::{path::PathBuf, process::ExitCode};

use anyhow::Context;
use clap::{Args, Parser, Subcommand, ValueEnum};
use operator::Output;
use telemetry::LogLevel;

mod doctor;
pub(crate) mod init;
mod upgrade;

/// Exit code for a configuration that cannot be used (EX_CONFIG of sysexits.h).
const EXIT_CONFIG: u8 = 78;
const DEFAULT_STATE: &str = "/var/lib/lanlord";
const DEFAULT_SOCKET: &str = "/run/lanlord/lanlord.sock";

/// Announces VIPs, gives out leases, and puts up names.
#[derive(Debug, Parser)]
#[command(name = "lanlord", version, propagate_version = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Announce VIPs from this node; the lease holder also allocates addresses and pushes names
    Node(node::Arguments),
    /// Serve DHCP, DNS, NAT, firewall and VIP routes
    Router(RouterArguments),
    /// Start the router and look after it, as process 1 of the appliance does
    Init(init::InitArguments),
    /// Put a new version of the router's container in place; one that is not healthy is taken back by itself
    Upgrade(upgrade::UpgradeArguments),
    /// Show a running daemon as it is; with --kubeconfig a whole cluster
    Status(status::StatusArguments),
    /// Dry run: from a directory of Kubernetes objects, who gets which address, owner and name, and what is refused
    Plan(PlanArguments),
    /// Validate configuration files (*.toml) and Kubernetes manifests
    Check(CheckArguments),
    /// Say what this host or a cluster lacks, why that matters, and how to give it
    Doctor(doctor::DoctorArguments),
    /// Print what a cluster needs as YAML for `kubectl apply`: namespace, CRDs, RBAC, ServiceAccount, token, router Secret
    Manifests(manifests::Arguments),
    /// Print the same as a patch for the control planes of a Talos cluster
    TalosPatch(talos_patch::TalosPatchArguments),
}

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
struct RouterArguments {
    #[command(subcommand)]
    command: Option<RouterCommand>,
    /// Configuration; a missing default file means built-in defaults
    #[arg(long, env = "LANLORD_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// Remove every rule, route and address of lanlord from this host, then exit
    #[arg(long)]
    flush: bool,
    #[command(flatten)]
    daemon: DaemonArguments,
}

#[derive(Debug, Subcommand)]
enum RouterCommand {
    /// The key that joins a cluster and this router
    Key {
        #[command(subcommand)]
        command: router_key::KeyCommand,
    },
}

#[derive(Debug, Args)]
struct DaemonArguments {
    /// error, warn, info, debug, trace or off
    #[arg(
        long,
        env = "LANLORD_LOG_LEVEL",
        value_name = "LEVEL",
        default_value = "info"
    )]
    log_level: LogLevel,
    #[command(flatten)]
    places: PlaceArguments,
}

/// Where a daemon keeps what it knows, and where it is asked.
#[derive(Debug, Args)]
struct PlaceArguments {
    /// State folder
    #[arg(
        long,
        env = "LANLORD_STATE",
        value_name = "DIR",
        default_value = DEFAULT_STATE
    )]
    state: PathBuf,
    /// Admin socket
    #[arg(
        long,
        env = "LANLORD_SOCKET",
        value_name = "PATH",
        default_value = DEFAULT_SOCKET
    )]
    socket: PathBuf,
}

#[derive(Debug, Args)]
struct PlanArguments {
    /// Directory of *.yaml, *.yml and *.json files
    #[arg(value_name = "DIR")]
    manifests: PathBuf,
    /// loadBalancerClass to serve; without it Services that name no class
    #[arg(long, env = "LANLORD_LB_CLASS", value_name = "NAME")]
    lb_class: Option<String>,
    /// Count nodes labelled node.kubernetes.io/exclude-from-external-load-balancers as announcers too
    #[arg(long, env = "LANLORD_IGNORE_EXCLUDE_LB")]
    ignore_exclude_lb: bool,
    #[command(flatten)]
    output: OutputArguments,
}

#[derive(Debug, Args)]
struct CheckArguments {
    /// Configuration files (*.toml), manifest files, or directories of manifests
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    #[command(flatten)]
    output: OutputArguments,
}

impl PlanArguments {
    fn run(self) -> anyhow::Result<ExitCode> {
        let Self {
            manifests,
            lb_class,
            ignore_exclude_lb,
            output,
        } = self;
        operator::plan(&manifests, lb_class, ignore_exclude_lb, output.form())
    }
}

impl CheckArguments {
    fn run(self) -> anyhow::Result<ExitCode> {
        operator::check(&self.files, self.output.form())
    }
}

#[derive(Debug, Args)]
struct OutputArguments {
    /// Form of the answer
    #[arg(long, value_enum, default_value = "text")]
    output: OutputForm,
    /// Short for --output json
    #[arg(long, conflicts_with = "output")]
    json: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum OutputForm {
    Text,
    Json,
}

impl OutputArguments {
    fn form(&self) -> Output {
        match (self.json, self.output) {
            (true, _) | (false, OutputForm::Json) => Output::Json,
            (false, OutputForm::Text) => Output::Text,
        }
    }
}

/// Runs the chosen command to its end.
pub(crate) fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    match arguments.command {
        Command::Node(arguments) => arguments.run(),
        Command::Router(arguments) => run_router(arguments),
        Command::Init(arguments) => Ok(init::run(arguments)),
        Command::Upgrade(arguments) => upgrade::run(arguments),
        Command::Status(arguments) => arguments.run(),
        Command::Plan(arguments) => arguments.run(),
        Command::Check(arguments) => arguments.run(),
        Command::Doctor(arguments) => doctor::run(arguments),
        Command::Manifests(arguments) => manifests::run(arguments),
        Command::TalosPatch(arguments) => talos_patch::talos_patch(arguments),
    }
}

fn run_router(arguments: RouterArguments) -> anyhow::Result<ExitCode> {
    let RouterArguments {
        command,
        config,
        flush,
        daemon:
            DaemonArguments {
                log_level,
                places: PlaceArguments { state, socket },
            },
    } = arguments;
    if let Some(RouterCommand::Key { command }) = command {
        return router_key::run(command);
    }
    telemetry::init(log_level);
    let options = router::Options {
        config,
        state,
        socket,
        flush,
    };
    many_threads()?.block_on(router::run(options))?;
    Ok(ExitCode::SUCCESS)
}

/// A node decides little and waits much; its wire path has a thread of its own.
fn one_thread() -> anyhow::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("start the runtime")
}

/// A router answers DNS on every core.
fn many_threads() -> anyhow::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("start the runtime")
}

/// Prints an error once, with its causes.
#[expect(
    clippy::print_stderr,
    reason = "the one place where the command speaks to its user about failure"
)]
pub(crate) fn complain(error: &anyhow::Error) {
    eprintln!("lanlord: {error:#}");
}

/// Tells what a person should know beside the answer on standard output.
#[expect(
    clippy::print_stderr,
    reason = "standard output is for the answer alone"
)]
fn note(text: &str) {
    eprintln!("lanlord: note: {text}");
}

/// 78 for a wrong configuration, else 1; usage errors (2) are clap's own.
pub(crate) fn exit_code(error: &anyhow::Error) -> ExitCode {
    if error
        .chain()
        .any(<dyn std::error::Error>::is::<config::ConfigError>)
    {
        return ExitCode::from(EXIT_CONFIG);
    }
    ExitCode::FAILURE
}

#[cfg(test)]
mod tests;
