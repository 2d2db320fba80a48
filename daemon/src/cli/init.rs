//! `lanlord init`, and the same as `/sbin/init` of a container.

use std::{path::PathBuf, process::ExitCode};

use clap::{Args, Parser};

use super::{DEFAULT_SOCKET, DEFAULT_STATE};

#[derive(Debug, Args)]
pub(super) struct InitArguments {
    /// State folder of the router
    #[arg(
        long,
        env = "LANLORD_STATE",
        value_name = "DIR",
        default_value = DEFAULT_STATE
    )]
    state: PathBuf,
    /// Admin socket of the router
    #[arg(
        long,
        env = "LANLORD_SOCKET",
        value_name = "PATH",
        default_value = DEFAULT_SOCKET
    )]
    socket: PathBuf,
}

/// The environment alone.
#[derive(Debug, Parser)]
struct Environment {
    #[command(flatten)]
    arguments: InitArguments,
}

pub(super) fn run(arguments: InitArguments) -> ExitCode {
    let InitArguments { state, socket } = arguments;
    appliance::init(&appliance::Options { state, socket })
}

/// The first process of a container: it has no arguments, and may not end because the environment makes no sense.
pub(crate) fn run_first() -> ExitCode {
    let environment = Environment::try_parse_from(["init"]);
    run(environment.map_or_else(
        |_| InitArguments {
            state: DEFAULT_STATE.into(),
            socket: DEFAULT_SOCKET.into(),
        },
        |environment| environment.arguments,
    ))
}
