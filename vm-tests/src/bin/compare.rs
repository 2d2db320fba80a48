//! `cargo compare NAME`: measures, ours beside peers.

use std::{collections::BTreeSet, path::PathBuf, process::ExitCode};

use anyhow::{Context, Result};
use clap::Parser;
use vm_tests::{
    compare::{self, Request},
    lab::{build, user},
    output::complain,
    packages,
};

/// Measures in the lab, and prints a table with goals.
#[derive(Debug, Parser)]
#[command(name = "cargo compare", bin_name = "cargo compare", version)]
struct Arguments {
    /// memory or startup
    comparison: String,
    /// How often each value is taken.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    trials: u32,
    /// Only these cells.
    #[arg(long, value_delimiter = ',', value_name = "CELL")]
    only: Vec<String>,
    /// Write every raw value to this file as JSON.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Use this lanlord instead of building one.
    #[arg(long, value_name = "PATH", env = "LANLORD_BINARY")]
    binary: Option<PathBuf>,
}

fn main() -> ExitCode {
    match run(Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Arguments) -> Result<()> {
    let only: BTreeSet<String> = arguments.only.into_iter().collect();
    let kind = compare::find(&arguments.comparison, &only)?;
    packages::ensure(&packages::LAB)?;
    packages::ensure_dhcp_client()?;
    let lanlord = match arguments.binary {
        Some(path) => build::given_binary(&path)?,
        None => build::release_binary()?,
    };
    let lab_binary = build::lab_binary()?;
    user::become_root(&lanlord)?;
    let request = Request {
        lanlord,
        lab_binary,
        trials: arguments.trials,
        only,
    };
    let comparison = kind.run(&request)?;
    compare::print(&comparison);
    if let Some(file) = arguments.json {
        let text = serde_json::to_string_pretty(&comparison).context("write JSON")?;
        std::fs::write(&file, text + "\n").with_context(|| format!("write {}", file.display()))?;
    }
    Ok(())
}
