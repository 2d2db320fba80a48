//! A background process on a machine, and its log.

use std::{
    fs::OpenOptions,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use nix::{
    sys::signal::{Signal, kill as send, killpg},
    unistd::Pid,
};

use crate::wait;

/// A process that is killed when the value is dropped.
#[derive(Debug)]
pub struct Process {
    /// `<machine>-<part>`.
    pub part: String,
    /// Its stdout and stderr.
    pub log: PathBuf,
    child: Child,
    command: Command,
}

impl Process {
    /// Starts `command` in a process group of its own.
    pub fn start(part: &str, logs: &Path, mut command: Command) -> Result<Self> {
        std::fs::create_dir_all(logs).with_context(|| format!("create {}", logs.display()))?;
        let log = logs.join(format!("{part}.log"));
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&log)
            .with_context(|| format!("open {}", log.display()))?;
        command
            .stdin(Stdio::null())
            .stdout(file.try_clone().context("share the log")?)
            .stderr(file)
            .process_group(0);
        let child = command.spawn().with_context(|| format!("start {part}"))?;
        Ok(Self {
            part: part.to_owned(),
            log,
            child,
            command,
        })
    }

    /// Process id; `inside` becomes the program, so it is the program's own.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Its exit status, once it ended.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// Whether it ended, for those who may not reap it.
    pub fn is_over(&self) -> bool {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()));
        stat.map_or(true, |text| {
            text.rsplit(") ")
                .next()
                .is_some_and(|rest| rest.starts_with('Z'))
        })
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) -> Result<()> {
        send(pid(self.child.id()), signal)
            .with_context(|| format!("send {signal} to {}", self.part))
    }

    /// Waits for the end.
    pub fn wait(&mut self, within: Duration) -> Result<ExitStatus> {
        let Some(status) = wait::until(within, || self.ended()) else {
            bail!("{} still runs after {} s", self.part, within.as_secs_f32());
        };
        Ok(status)
    }

    /// SIGTERM, then waits for the end; how long that took.
    pub fn terminate(&mut self, within: Duration) -> Result<(ExitStatus, Duration)> {
        let begin = Instant::now();
        self.signal(Signal::SIGTERM)?;
        let status = self.wait(within)?;
        Ok((status, begin.elapsed()))
    }

    /// SIGKILL to the whole process group, then waits for the end.
    pub fn kill(&mut self) {
        if self.ended().is_none() {
            // Gone in between is what we want.
            let _ = killpg(pid(self.child.id()), Signal::SIGKILL);
            let _ = self.child.wait();
        }
    }

    /// Starts the same program again, after it ended or was killed.
    pub fn restart(&mut self) -> Result<()> {
        self.kill();
        self.child = self
            .command
            .spawn()
            .with_context(|| format!("start {} again", self.part))?;
        Ok(())
    }

    /// The last lines of its log.
    pub fn tail(&self, lines: usize) -> String {
        tail(&self.log, lines)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The last lines of a file; empty if it cannot be read.
pub fn tail(file: &Path, lines: usize) -> String {
    let text = std::fs::read(file).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let all: Vec<&str> = text.lines().collect();
    all[all.len().saturating_sub(lines)..].join("\n")
}

/// SIGKILL to one process that may be gone already.
pub(super) fn kill(target: u32) {
    let _ = send(pid(target), Signal::SIGKILL);
}

fn pid(id: u32) -> Pid {
    Pid::from_raw(id.cast_signed())
}
