//! The release binary: built from the workspace, or given by hand.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

/// The workspace this lab was built from.
pub fn workspace() -> PathBuf {
    let crate_directory = Path::new(env!("CARGO_MANIFEST_DIR"));
    crate_directory
        .parent()
        .unwrap_or(crate_directory)
        .to_owned()
}

/// A binary given by hand. Machines find it by its name, so it must be called `lanlord`.
pub fn given_binary(path: &Path) -> Result<PathBuf> {
    let path = path
        .canonicalize()
        .with_context(|| format!("find {}", path.display()))?;
    ensure!(
        path.file_name().is_some_and(|name| name == "lanlord"),
        "{}: name the program `lanlord`, or the machines of the lab do not find it",
        path.display()
    );
    Ok(path)
}

/// Builds `lanlord` in release mode; cargo's own lines go to stderr.
pub fn release_binary() -> Result<PathBuf> {
    #[derive(Deserialize)]
    struct Artifact {
        executable: Option<PathBuf>,
    }
    let output = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args([
            "build",
            "--release",
            "--package",
            "lanlord",
            "--bin",
            "lanlord",
        ])
        .arg("--message-format=json-render-diagnostics")
        .current_dir(workspace())
        .stderr(Stdio::inherit())
        .output()
        .context("run cargo build")?;
    ensure!(
        output.status.success(),
        "cargo build --release --package lanlord: {}",
        output.status
    );
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines()
        .filter_map(|line| serde_json::from_str::<Artifact>(line).ok())
        .find_map(|artifact| artifact.executable)
        .context("cargo named no executable")
}

/// The lab binary beside this program: cargo builds the programs of a package together only when asked.
pub fn lab_binary() -> Result<PathBuf> {
    let own = std::env::current_exe().context("find this program")?;
    let lab = own.with_file_name("lab");
    let status = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["build", "--quiet", "--package", "vm-tests", "--bin", "lab"])
        .current_dir(workspace())
        .status()
        .context("run cargo build")?;
    ensure!(
        status.success() && lab.exists(),
        "build {}: {status}",
        lab.display()
    );
    Ok(lab)
}
