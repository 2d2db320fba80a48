//! Enters the namespaces of a machine and becomes a program there.

use std::{
    ffi::OsString,
    fs::File,
    os::unix::{fs::MetadataExt, process::CommandExt},
    path::PathBuf,
    process::Command,
};

use anyhow::{Context, Result};
use nix::{
    sched::{CloneFlags, setns},
    sys::{
        prctl::set_pdeathsig,
        signal::{SigSet, Signal},
    },
    unistd::{Gid, Uid, setgid, setuid},
};

/// Set for processes that must not outlive the one that started them.
pub(crate) const BOUND: &str = "LANLORD_LAB_BOUND";

/// Names the control group that a process is to be in, with all that it starts.
pub(crate) const CGROUP: &str = "LANLORD_LAB_CGROUP";

/// The namespaces of a running process, opened: they stay enterable although the process ends.
#[derive(Debug)]
pub struct Entry {
    spaces: Vec<(File, CloneFlags)>,
}

impl Entry {
    /// Opens the namespaces of `pid`; its user namespace only where that is not the caller's own.
    pub fn open(pid: u32) -> Result<Self> {
        let mut spaces = Vec::new();
        let user = open(pid, "user")?;
        if user.metadata()?.ino() != std::fs::metadata("/proc/self/ns/user")?.ino() {
            spaces.push((user, CloneFlags::CLONE_NEWUSER));
        }
        spaces.push((open(pid, "net")?, CloneFlags::CLONE_NEWNET));
        spaces.push((open(pid, "uts")?, CloneFlags::CLONE_NEWUTS));
        spaces.push((open(pid, "mnt")?, CloneFlags::CLONE_NEWNS));
        Ok(Self { spaces })
    }

    /// Opens the network namespace of `pid` alone: a thread among others may enter that.
    pub fn network(pid: u32) -> Result<Self> {
        Ok(Self {
            spaces: vec![(open(pid, "net")?, CloneFlags::CLONE_NEWNET)],
        })
    }

    /// Moves this thread in. Only a process with one thread may change its user or mount namespace.
    pub fn enter(&self) -> Result<()> {
        for (space, kind) in &self.spaces {
            setns(space, *kind).with_context(|| format!("enter namespace {kind:?}"))?;
        }
        Ok(())
    }
}

impl Entry {
    /// In a user namespace of its own, as root there: whoever entered is nobody in it otherwise.
    fn become_its_root(&self) -> Result<()> {
        let is_other = |(_, kind): &(File, CloneFlags)| *kind == CloneFlags::CLONE_NEWUSER;
        if self.spaces.iter().any(is_other) {
            setgid(Gid::from_raw(0)).context("become the machine's root group")?;
            setuid(Uid::from_raw(0)).context("become the machine's root")?;
        }
        Ok(())
    }
}

/// Enters the machine whose holder is `pid` and becomes `program`; returns only on failure.
pub fn inside(pid: u32, program: &[OsString]) -> Result<()> {
    let (name, args) = program.split_first().context("nothing to run")?;
    let here: Option<PathBuf> = std::env::current_dir().ok();
    let parent = nix::unistd::getppid();
    if let Some(cgroup) = std::env::var_os(CGROUP) {
        // Outside, where the folder is; inside, the machine may have mounted something over it.
        super::cgroup::join(&PathBuf::from(cgroup))?;
    }
    let entry = Entry::open(pid)?;
    entry.enter()?;
    entry.become_its_root()?;
    // The lab blocks the signals it waits for; its children must not inherit that.
    SigSet::all().thread_unblock().context("unblock signals")?;
    if std::env::var_os(BOUND).is_some() {
        set_pdeathsig(Signal::SIGKILL).context("bind to the parent process")?;
        anyhow::ensure!(
            nix::unistd::getppid() == parent,
            "the lab ended before this program began"
        );
    }
    let mut command = Command::new(name);
    command.args(args).env_remove(BOUND).env_remove(CGROUP);
    if let Some(here) = here.filter(|path| path.is_dir()) {
        command.current_dir(here);
    }
    Err(command.exec()).with_context(|| format!("run {}", name.to_string_lossy()))
}

fn open(pid: u32, kind: &str) -> Result<File> {
    let path = format!("/proc/{pid}/ns/{kind}");
    File::open(&path).with_context(|| format!("open {path}"))
}
