//! The program that all images carry: built here in release mode, or given by hand.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use crate::{architecture::Architecture, elf::Elf, source::Source};

/// Builds `lanlord` in release mode; cargo's own lines go to stderr.
pub(crate) fn release(source: &Source, architecture: Architecture) -> Result<Vec<u8>> {
    #[derive(Deserialize)]
    struct Artifact {
        executable: Option<PathBuf>,
    }
    architecture.require()?;
    let output = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["build", "--release", "--package", "lanlord", "--bin"])
        .args(["lanlord", "--target", architecture.target()])
        .arg("--message-format=json-render-diagnostics")
        .current_dir(source.root())
        .stderr(Stdio::inherit())
        .output()
        .context("run cargo build")?;
    ensure!(
        output.status.success(),
        "cargo build --release --package lanlord --target {}: {}",
        architecture.target(),
        output.status
    );
    let text = String::from_utf8_lossy(&output.stdout);
    let file = text
        .lines()
        .filter_map(|line| serde_json::from_str::<Artifact>(line).ok())
        .find_map(|artifact| artifact.executable)
        .context("cargo named no executable")?;
    given(&file, architecture)
}

/// Reads a program that was built before; it loses its symbols.
pub(crate) fn given(file: &Path, architecture: Architecture) -> Result<Vec<u8>> {
    let octets = fs::read(file).with_context(|| format!("read {}", file.display()))?;
    let elf = Elf::read(&octets).with_context(|| format!("judge {}", file.display()))?;
    ensure!(
        elf.architecture == Some(architecture),
        "{} is not a program for {architecture}",
        file.display()
    );
    ensure!(
        elf.interpreter.is_none() && elf.needed.is_empty(),
        "{} is not static: it needs {}",
        file.display(),
        [elf.interpreter.into_iter().collect(), elf.needed]
            .concat()
            .join(", ")
    );
    if elf.has_symbols {
        return stripped(file);
    }
    Ok(octets)
}

fn stripped(file: &Path) -> Result<Vec<u8>> {
    let output =
        tempfile::NamedTempFile::new().context("create a file for the stripped program")?;
    let status = Command::new("strip")
        .arg("--strip-all")
        .arg("-o")
        .arg(output.path())
        .arg(file)
        .status()
        .context("run strip (package binutils)")?;
    ensure!(status.success(), "strip {}: {status}", file.display());
    fs::read(output.path()).context("read the stripped program")
}

/// The processor that a program is for.
pub fn architecture_of(file: &Path) -> Result<Architecture> {
    let octets = fs::read(file).with_context(|| format!("read {}", file.display()))?;
    let elf = Elf::read(&octets).with_context(|| format!("judge {}", file.display()))?;
    elf.architecture.with_context(|| {
        format!(
            "{} is for a processor that we do not build for",
            file.display()
        )
    })
}
