//! `cargo lab`: the main job on this machine, in network namespaces of its own.

use std::{ffi::OsString, path::PathBuf, process::ExitCode};

use anyhow::Result;
use clap::{Parser, Subcommand};
use vm_tests::{
    guest::inside::InGuest,
    lab::{
        DEFAULT_NAME,
        commands::{self, Visit},
        up,
    },
    machine,
    output::complain,
    stand_in::{self, StandIn},
    talos,
};

/// Router, three nodes, a laptop and a small Internet on this machine; then www.example.com.
#[derive(Debug, Parser)]
#[command(name = "cargo lab", bin_name = "cargo lab", version)]
#[command(args_conflicts_with_subcommands = true)]
struct Arguments {
    #[command(flatten)]
    options: up::Options,
    /// Name of the lab, for several at a time.
    #[arg(long, global = true)]
    name: Option<String>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Open a shell on a machine, or run a command there.
    Shell {
        /// laptop, router, talos-1, …
        machine: String,
        /// What to run instead of a shell; `--` before it if it has options like ours.
        #[arg(trailing_var_arg = true)]
        command: Vec<OsString>,
    },
    /// Show machines, addresses, the VIP's owner and names.
    Status,
    /// Cut a node off; its Node becomes NotReady.
    Fail {
        /// talos-2 or talos-3
        node: String,
    },
    /// Connect a node again.
    Heal {
        /// talos-2 or talos-3
        node: String,
    },
    /// End the lab and remove every trace.
    Down,
    /// Hold the namespaces of a machine.
    #[command(hide = true)]
    Hold {
        machine: String,
        #[arg(long)]
        directory: PathBuf,
        #[arg(long)]
        own_users: bool,
    },
    /// Run a program in the namespaces of a holder.
    #[command(hide = true)]
    Inside {
        holder: u32,
        #[arg(last = true)]
        program: Vec<OsString>,
    },
    /// Boot a Talos machine inside a machine.
    #[command(hide = true)]
    Talos(talos::Boot),
    /// Be a part of a guest.
    #[command(hide = true, subcommand)]
    InGuest(InGuest),
    /// Stand for the rest of the world.
    #[command(hide = true, subcommand)]
    StandIn(StandIn),
}

fn main() -> ExitCode {
    // A marked copy of this program plays a lanlord that is ill.
    if let Some(code) = stand_in::version::act() {
        return code;
    }
    match run(Arguments::parse()) {
        Ok(code) => code,
        Err(error) => {
            complain(format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Arguments) -> Result<ExitCode> {
    let name = arguments.name.as_deref();
    match arguments.command {
        None => return up::up(&arguments.options, name.unwrap_or(DEFAULT_NAME)),
        Some(Command::Shell { machine, command }) => {
            commands::shell(&Visit::find(name)?, &machine, &command)?
        }
        Some(Command::Status) => commands::status(&Visit::find(name)?)?,
        Some(Command::Fail { node }) => commands::fail(&Visit::find(name)?, &node)?,
        Some(Command::Heal { node }) => commands::heal(&Visit::find(name)?, &node)?,
        Some(Command::Down) => commands::down(&Visit::find(name)?)?,
        Some(Command::Hold {
            machine,
            directory,
            own_users,
        }) => machine::hold(&machine, &directory, own_users.into())?,
        Some(Command::Inside { holder, program }) => machine::inside(holder, &program)?,
        Some(Command::Talos(boot)) => boot.run()?,
        Some(Command::InGuest(part)) => part.run()?,
        Some(Command::StandIn(stand_in)) => stand_in.run()?,
    }
    Ok(ExitCode::SUCCESS)
}
