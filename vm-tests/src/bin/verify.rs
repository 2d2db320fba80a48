//! `cargo verify`: every check; CI calls exactly this.

use std::process::ExitCode;

use clap::Parser;
use vm_tests::{
    output::{complain, say},
    verify,
};

/// Installs what the tests need, then runs every check.
#[derive(Debug, Parser)]
#[command(name = "cargo verify", bin_name = "cargo verify", version)]
struct Arguments {
    /// Only these checks.
    #[arg(long, value_delimiter = ',', value_name = "CHECK")]
    only: Vec<String>,
    /// Go on after a failure.
    #[arg(long)]
    keep_going: bool,
    /// Print the names of the checks.
    #[arg(long)]
    list: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match verify::select(&arguments.only) {
        Ok(checks) if arguments.list => {
            for check in checks {
                say(format!("{:12} {}", check.name, check.about));
            }
            ExitCode::SUCCESS
        }
        Ok(checks) => verify::run(&checks, arguments.keep_going),
        Err(error) => {
            complain(format!("error: {error:#}"));
            ExitCode::from(2)
        }
    }
}
