//! The processors we build for, and what each is called elsewhere.

use std::{fmt, path::PathBuf, process::Command};

use anyhow::{Context, Result, bail};
use clap::ValueEnum;

/// A processor; the name is that of OCI and of Debian.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Architecture {
    /// x86-64
    Amd64,
    /// 64-bit ARM
    Arm64,
}

impl Architecture {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Amd64, Self::Arm64];

    /// Name in OCI platforms and Debian packages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Amd64 => "amd64",
            Self::Arm64 => "arm64",
        }
    }

    /// Rust's target.
    pub const fn target(self) -> &'static str {
        match self {
            Self::Amd64 => "x86_64-unknown-linux-gnu",
            Self::Arm64 => "aarch64-unknown-linux-gnu",
        }
    }

    /// Debian's name of the folder with libraries.
    pub const fn triplet(self) -> &'static str {
        match self {
            Self::Amd64 => "x86_64-linux-gnu",
            Self::Arm64 => "aarch64-linux-gnu",
        }
    }

    /// Those whose Rust target is installed.
    pub fn installed() -> Result<Vec<Self>> {
        let libraries = libraries()?;
        Ok(Self::ALL
            .into_iter()
            .filter(|architecture| libraries.join(architecture.target()).join("lib").is_dir())
            .collect())
    }

    /// Fails with the cure if the Rust target is not installed.
    pub fn require(self) -> Result<()> {
        if !Self::installed()?.contains(&self) {
            bail!(
                "cannot build for {self}: the Rust target is not installed; `rustup target add {}` installs it",
                self.target()
            );
        }
        Ok(())
    }
}

impl fmt::Display for Architecture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

fn libraries() -> Result<PathBuf> {
    let output = Command::new("rustc")
        .args(["--print", "sysroot"])
        .output()
        .context("run rustc --print sysroot")?;
    let sysroot = String::from_utf8_lossy(&output.stdout);
    Ok(PathBuf::from(sysroot.trim()).join("lib/rustlib"))
}
