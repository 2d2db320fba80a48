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
    let arguments = cli::Arguments::parse();
    // One crypto provider in the whole binary; a second install can only be the same one.
    let _ = rustls::crypto::ring::default_provider().install_default();
    match cli::run(arguments) {
        Ok(code) => code,
        Err(error) => {
            cli::complain(&error);
            cli::exit_code(&error)
        }
    }
}
