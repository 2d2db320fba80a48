//! lanlord: one binary for nodes, the router and the people who run them.

mod cli;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    // `/sbin/init` is the supervisor for the kernel, and a command like any other for everybody else.
    if appliance::is_first_process() {
        return cli::init::run_first();
    }
    // Before there are threads, which inherit it. Who needs something that is missing says so by itself.
    let _ = kernel::capability::raise();
    // One crypto provider in the whole binary; a second install can only be the same one.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let program = std::env::args_os().next().unwrap_or_default();
    let ended = if cli::kubectl::is_meant(program.as_ref()) {
        cli::kubectl::run(cli::kubectl::Arguments::parse())
    } else {
        cli::run(cli::Arguments::parse())
    };
    match ended {
        Ok(code) => code,
        Err(error) => {
            cli::complain(&error);
            cli::exit_code(&error)
        }
    }
}
