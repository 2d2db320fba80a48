//! `lanlord init`, and the same as `/sbin/init` of a container.

use std::process::ExitCode;

use clap::{Args, Parser};

use super::{DEFAULT_SOCKET, DEFAULT_STATE, PlaceArguments};

#[derive(Debug, Args)]
pub(super) struct InitArguments {
    #[command(flatten)]
    places: PlaceArguments,
}

/// The environment alone.
#[derive(Debug, Parser)]
struct Environment {
    #[command(flatten)]
    arguments: InitArguments,
}

pub(super) fn run(arguments: InitArguments) -> ExitCode {
    let PlaceArguments { state, socket } = arguments.places;
    appliance::init(&appliance::Options { state, socket })
}

/// The first process of a container: it has no arguments, and may not end because the environment makes no sense.
pub(crate) fn run_first() -> ExitCode {
    let environment = Environment::try_parse_from(["init"]);
    run(environment.map_or_else(
        |_| InitArguments {
            places: PlaceArguments {
                state: DEFAULT_STATE.into(),
                socket: DEFAULT_SOCKET.into(),
            },
        },
        |environment| environment.arguments,
    ))
}
