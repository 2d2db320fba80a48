//! `lanlord check FILE…`: what is wrong with configuration files and manifests, and what to write instead.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use config::ConfigError;
use serde::Serialize;

use crate::print::{self, Output};

/// Something is wrong.
const EXIT_INVALID: u8 = 1;
/// Nothing could be read.
const EXIT_UNREADABLE: u8 = 3;

/// The verdict on all files.
#[derive(Debug, Default, Serialize)]
struct Verdict {
    /// Files and folders that were read.
    checked: Vec<PathBuf>,
    /// One line per fault, with its place.
    faults: Vec<String>,
    /// What could not be read at all.
    unreadable: Vec<String>,
}

/// Checks each file: `node.toml` as settings of a node, other `*.toml` as a router's, all else as manifests.
pub fn check(files: &[PathBuf], output: Output) -> anyhow::Result<ExitCode> {
    let mut verdict = Verdict::default();
    for file in files {
        if file
            .extension()
            .is_some_and(|extension| extension == "toml")
        {
            verdict.check_configuration(file);
        } else {
            verdict.check_manifests(file);
        }
    }
    print::answer(&verdict, output, Verdict::text)?;
    Ok(verdict.exit_code())
}

impl Verdict {
    fn check_configuration(&mut self, file: &Path) {
        if !file.exists() {
            return self
                .unreadable
                .push(format!("{}: no such file", file.display()));
        }
        let read = if file.file_name().is_some_and(|name| name == "node.toml") {
            config::node::load(file).map(drop)
        } else {
            config::router::load(file).map(drop)
        };
        match read {
            Ok(()) => self.checked.push(file.to_path_buf()),
            Err(error @ ConfigError::Read { .. }) => self
                .unreadable
                .push(format!("{:#}", anyhow::Error::from(error))),
            Err(ConfigError::Invalid(faults)) => {
                self.checked.push(file.to_path_buf());
                self.faults.extend(faults.iter().map(ToString::to_string));
            }
        }
    }

    fn check_manifests(&mut self, path: &Path) {
        match cluster::manifests::load(path, &cluster::Settings::default()) {
            Ok(view) => {
                self.checked.push(path.to_path_buf());
                self.faults
                    .extend(view.problems.iter().map(ToString::to_string));
                self.faults
                    .extend(view.snapshot.refused.iter().map(ToString::to_string));
            }
            Err(error) => self
                .unreadable
                .push(format!("{:#}", anyhow::Error::from(error))),
        }
    }

    fn text(&self) -> String {
        let mut lines = self.unreadable.clone();
        lines.extend(self.faults.iter().cloned());
        if lines.is_empty() {
            lines.push(format!("ok: {} checked", self.checked.len()));
        }
        lines.join("\n") + "\n"
    }

    fn exit_code(&self) -> ExitCode {
        if self.checked.is_empty() {
            ExitCode::from(EXIT_UNREADABLE)
        } else if self.faults.is_empty() && self.unreadable.is_empty() {
            ExitCode::SUCCESS
        } else {
            ExitCode::from(EXIT_INVALID)
        }
    }
}
