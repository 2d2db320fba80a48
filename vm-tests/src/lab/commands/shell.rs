//! `cargo lab shell MACHINE [-- COMMAND…]`.

use std::{ffi::OsString, os::unix::process::CommandExt};

use anyhow::{Context, Result};

use super::Visit;

/// Becomes a shell, or a command, on a machine; returns only on failure.
pub fn shell(lab: &Visit, machine: &str, command: &[OsString]) -> Result<()> {
    let target = lab.machine(machine)?;
    let mut process = match command.split_first() {
        Some((program, args)) => {
            let mut process = target.command(program);
            process.args(args);
            process
        }
        None => {
            let mut process = target.command("bash");
            process
                .args(["--norc", "-i"])
                .env("PS1", format!("{machine}# "));
            process
        }
    };
    Err(process.exec()).with_context(|| format!("run a shell on {machine}"))
}
