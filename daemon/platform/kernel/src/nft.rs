//! The program `nft`: transactions in, listings out.
//!
//! It runs as a program of its own because libnftables is GPL; design section 3. What is sent and how a listing is
//! judged is decided in `logic/firewall`.

use std::{
    env,
    ffi::OsString,
    io,
    path::{Path, PathBuf},
    process::{ExitStatus, Output, Stdio},
    time::Duration,
};

use thiserror::Error;
use tokio::{io::AsyncWriteExt, process::Command, time::timeout};

/// Folders of system programs that the PATH of a service often lacks.
const SYSTEM_FOLDERS: [&str; 2] = ["/usr/sbin", "/sbin"];
/// The kernel commits a table in milliseconds; a `nft` that takes this long hangs.
const DEADLINE: Duration = Duration::from_secs(10);

/// Why `nft` did not do what it was asked.
#[derive(Debug, Error)]
pub enum NftError {
    /// The program is not installed.
    #[error(
        "the program nft is not here, so there is no NAT and no firewall; install the package nftables"
    )]
    Missing,
    /// The program could not be run.
    #[error("run {program}")]
    Run {
        /// Its path.
        program: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// It did not end in time.
    #[error("nft did not {what} within {} s", DEADLINE.as_secs())]
    Deadline {
        /// What it was asked.
        what: &'static str,
    },
    /// It refused, or the kernel did.
    #[error("nft does not {what} ({status}): {text}")]
    Refused {
        /// What it was asked.
        what: &'static str,
        /// How it ended.
        status: ExitStatus,
        /// Its own words.
        text: String,
    },
}

/// The program, found.
#[derive(Clone, Debug)]
pub struct Nft {
    program: PathBuf,
}

impl Nft {
    /// Looks for the program in `PATH` and in the folders of system programs.
    pub fn find() -> Result<Self, NftError> {
        Self::find_in(&env::var_os("PATH").unwrap_or_default())
    }

    fn find_in(path: &OsString) -> Result<Self, NftError> {
        env::split_paths(path)
            .chain(SYSTEM_FOLDERS.map(PathBuf::from))
            .map(|folder| folder.join("nft"))
            .find(|candidate| candidate.is_file())
            .map(|program| Self { program })
            .ok_or(NftError::Missing)
    }

    /// Where the program is.
    pub fn program(&self) -> &Path {
        &self.program
    }

    /// Sends one transaction, as JSON: all of it comes into force, or nothing.
    pub async fn apply(&self, transaction: &str) -> Result<(), NftError> {
        const WHAT: &str = "accept the ruleset";
        let output = self.run(WHAT, &["-j", "-f", "-"], transaction).await?;
        if output.status.success() {
            return Ok(());
        }
        Err(refused(WHAT, &output))
    }

    /// Lets the kernel judge a transaction in nft's own language; nothing of it comes into force.
    pub async fn check(&self, transaction: &str) -> Result<(), NftError> {
        const WHAT: &str = "accept the trial";
        let output = self.run(WHAT, &["--check", "-f", "-"], transaction).await?;
        match output.status.success() {
            true => Ok(()),
            false => Err(refused(WHAT, &output)),
        }
    }

    /// What the program calls itself.
    pub async fn version(&self) -> Result<String, NftError> {
        const WHAT: &str = "tell its version";
        let output = self.run(WHAT, &["--version"], "").await?;
        match output.status.success() {
            true => Ok(String::from_utf8_lossy(&output.stdout).trim().to_string()),
            false => Err(refused(WHAT, &output)),
        }
    }

    /// The JSON listing of a table; none where there is no such table.
    pub async fn list(&self, family: &str, table: &str) -> Result<Option<String>, NftError> {
        const WHAT: &str = "list the table";
        let arguments = ["-j", "list", "table", family, table];
        let output = self.run(WHAT, &arguments, "").await?;
        if output.status.success() {
            return Ok(Some(String::from_utf8_lossy(&output.stdout).into_owned()));
        }
        let error = refused(WHAT, &output);
        if matches!(&error, NftError::Refused { text, .. } if text.contains("No such file")) {
            return Ok(None);
        }
        Err(error)
    }

    async fn run(
        &self,
        what: &'static str,
        arguments: &[&str],
        input: &str,
    ) -> Result<Output, NftError> {
        let failed = |source| NftError::Run {
            program: self.program.clone(),
            source,
        };
        let mut child = Command::new(&self.program)
            .args(arguments)
            // Its words are matched above and shown in English throughout.
            .env("LC_ALL", "C")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(failed)?;
        let stdin = child.stdin.take();
        let exchange = async {
            let write = async {
                if let Some(mut stdin) = stdin {
                    // A program that ends before it has read everything says why on its standard error.
                    let _ = stdin.write_all(input.as_bytes()).await;
                }
            };
            let (output, ()) = tokio::join!(child.wait_with_output(), write);
            output
        };
        match timeout(DEADLINE, exchange).await {
            Ok(output) => output.map_err(failed),
            Err(_) => Err(NftError::Deadline { what }),
        }
    }
}

fn refused(what: &'static str, output: &Output) -> NftError {
    let words = String::from_utf8_lossy(&output.stderr);
    let lines: Vec<_> = words
        .lines()
        .map(str::trim)
        // It underlines the place in its input with carets; the input is ours, and one long line.
        .filter(|line| !line.is_empty() && !line.starts_with(['^', '{']))
        .collect();
    NftError::Refused {
        what,
        status: output.status,
        text: lines.join("; "),
    }
}

#[cfg(test)]
mod tests;
