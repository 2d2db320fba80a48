//! `lanlord upgrade`.

use std::{path::PathBuf, process::ExitCode};

use clap::{ArgGroup, Args};

use super::PlaceArguments;

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("to").required(true))]
pub(super) struct UpgradeArguments {
    /// The new version: a plain lanlord binary for this machine (`pct push ID lanlord /tmp/lanlord`)
    #[arg(value_name = "FILE", group = "to")]
    file: Option<PathBuf>,
    /// Go back to the version before
    #[arg(long, group = "to")]
    back: bool,
    #[command(flatten)]
    places: PlaceArguments,
}

pub(super) fn run(arguments: UpgradeArguments) -> anyhow::Result<ExitCode> {
    let UpgradeArguments {
        file,
        back: _,
        places: PlaceArguments { state, socket },
    } = arguments;
    let options = appliance::Options { state, socket };
    // A reader that went away does not stop an upgrade.
    let mut say = |line: &str| {
        let _ = operator::show(&line);
    };
    match file {
        Some(file) => appliance::upgrade(&options, &file, &mut say)?,
        None => appliance::back(&options, &mut say)?,
    }
    Ok(ExitCode::SUCCESS)
}
