//! How the container, or the machine, ends.

use std::{io, process::ExitCode};

use kernel::process;

/// What the supervisor works towards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Goal {
    /// The router runs.
    Run,
    /// Everything ends.
    Stop,
    /// Everything ends and begins again.
    Restart,
    /// The router ends, and this process becomes the program that is in place now.
    Renew,
}

/// Ends everything: the first process of a container takes it along, that of a machine must switch it off.
pub(crate) fn stop() -> ExitCode {
    if std::process::id() == 1 && process::is_whole_machine() {
        // Where that is refused, nothing is left to do but to end.
        let _ = process::power_off();
    }
    ExitCode::SUCCESS
}

/// Begins everything again; returns why not.
pub(crate) fn restart() -> io::Error {
    if std::process::id() == 1 {
        process::restart_all()
    } else {
        io::Error::other("this is not the first process")
    }
}
