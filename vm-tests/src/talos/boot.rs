//! Boots the machine: makes machined PID 1 of namespaces of its own, over the root file system that was put together.
//!
//! ```text
//!   lab ──> lab inside PID -- lab talos FOLDER         enters the machine, unshares; passes SIGTERM on, waits
//!             └──> lab talos FOLDER --first            is PID 1: mounts, changes the root
//!                    └──= /sbin/init                   becomes machined
//! ```

use std::{
    fs,
    os::unix::{
        fs::symlink,
        process::{CommandExt, ExitStatusExt},
    },
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail};
use base64::{Engine, engine::general_purpose::STANDARD};
use clap::Args;
use nix::{
    mount::{MntFlags, MsFlags, mount, umount2},
    sched::{CloneFlags, unshare},
    sys::{
        prctl::set_pdeathsig,
        signal::{SigSet, Signal, kill},
    },
    unistd::{Pid, chdir, pivot_root},
};

use super::files::{BASE, EXTENSIONS, LAYER, WORKER};
use crate::{lab::SOCKET, machine::MARK, output::say};

/// machined mounts its own over these and wants them to be mount points. What is in them is gone with the machine.
const VOLATILE: [&str; 9] = [
    "var",
    "run",
    "system",
    "system/state",
    "tmp",
    "opt",
    "etc/cni",
    "etc/kubernetes",
    "usr/libexec/kubernetes",
];

/// Device nodes are the machine's; a user namespace makes none.
const DEVICES: [&str; 6] = ["null", "zero", "full", "random", "urandom", "tty"];

/// Boots a Talos machine, inside a machine of the lab.
#[derive(Clone, Debug, Args)]
pub struct Boot {
    /// Folder with the layers of the root, the list of extensions and the machine configuration.
    folder: PathBuf,
    /// Be PID 1.
    #[arg(long)]
    first: bool,
}

impl Boot {
    /// Returns when the machine is off.
    ///
    /// # Errors
    /// When it cannot be started, or ends in another way than by turning itself off.
    pub fn run(&self) -> Result<()> {
        if self.first {
            self.become_machined()
        } else {
            self.supervise()
        }
    }

    fn supervise(&self) -> Result<()> {
        let spaces = CloneFlags::CLONE_NEWNS
            | CloneFlags::CLONE_NEWPID
            | CloneFlags::CLONE_NEWIPC
            | CloneFlags::CLONE_NEWCGROUP;
        unshare(spaces).context("unshare mounts, processes, IPC and control groups")?;
        // Before the child, so that neither its end nor a request is missed.
        let mut signals = SigSet::empty();
        signals.add(Signal::SIGTERM);
        signals.add(Signal::SIGCHLD);
        signals.thread_block().context("block signals")?;
        let mut child = Command::new("/proc/self/exe")
            .arg("talos")
            .arg(&self.folder)
            .arg("--first")
            .spawn()
            .context("start the first process")?;
        let first = Pid::from_raw(child.id().cast_signed());
        let status = loop {
            if signals.wait().context("wait for a signal")? == Signal::SIGTERM {
                kill(first, Signal::SIGTERM).context("ask machined to stop")?;
            }
            if let Some(status) = child.try_wait().context("look after machined")? {
                break status;
            }
        };
        // A power-off in a namespace of processes ends its first process by this signal.
        if status.signal() != Some(Signal::SIGINT as i32) {
            bail!("machined ended by itself: {status}");
        }
        say("the machine turned itself off");
        Ok(())
    }

    fn become_machined(&self) -> Result<()> {
        set_pdeathsig(Signal::SIGKILL).context("bind to the lab")?;
        SigSet::all().thread_unblock().context("unblock signals")?;
        let config = self.folder.join(WORKER);
        let config = fs::read(&config).with_context(|| format!("read {}", config.display()))?;
        let mark = std::env::var_os(MARK).unwrap_or_default();
        let root = self.mount_root()?;
        change_root(&root)?;
        let error = Command::new("/sbin/init")
            .env_clear()
            .env("PLATFORM", "container")
            .env("USERDATA", STANDARD.encode(config))
            .env(MARK, mark)
            .exec();
        Err(error).context("run /sbin/init")
    }

    /// Puts the root together; returns where.
    fn mount_root(&self) -> Result<PathBuf> {
        let private = MsFlags::MS_REC | MsFlags::MS_PRIVATE;
        mount(None::<&str>, "/", None::<&str>, private, None::<&str>)
            .context("make the mounts private")?;
        let top = self.folder.join("top");
        made(&top)?;
        tmpfs(&top)?;
        let (upper, work, root) = (top.join("upper"), top.join("work"), top.join("root"));
        for folder in [&upper, &work, &root] {
            made(folder)?;
        }
        let layers = format!(
            "userxattr,lowerdir={}:{},upperdir={},workdir={}",
            self.folder.join(LAYER).display(),
            self.folder.join(BASE).display(),
            upper.display(),
            work.display()
        );
        file_system("overlay", &root, Some(&layers))?;
        file_system("proc", &root.join("proc"), None)?;
        file_system("sysfs", &root.join("sys"), None)?;
        file_system("cgroup2", &root.join("sys/fs/cgroup"), None)?;
        devices(&root.join("dev"))?;
        for folder in VOLATILE {
            made(&root.join(folder))?;
            tmpfs(&root.join(folder))?;
        }
        fs::copy(
            self.folder.join(EXTENSIONS),
            root.join("etc/extensions.yaml"),
        )
        .context("install the list of extensions")?;
        share_sockets(&root)?;
        Ok(root)
    }
}

/// The daemon's admin socket is to be found where it is on every machine of the lab.
fn share_sockets(root: &Path) -> Result<()> {
    let folder = Path::new(SOCKET)
        .parent()
        .context("a socket lies in a folder")?;
    let inside = root.join(folder.strip_prefix("/").unwrap_or(folder));
    made(folder)?;
    made(&inside)?;
    bind(folder, &inside)
}

fn devices(dev: &Path) -> Result<()> {
    tmpfs(dev)?;
    for name in DEVICES {
        let node = dev.join(name);
        fs::write(&node, "").with_context(|| format!("make {}", node.display()))?;
        bind(&Path::new("/dev").join(name), &node)?;
    }
    for (target, name) in [("/proc/self/fd", "fd"), ("pts/ptmx", "ptmx")] {
        symlink(target, dev.join(name)).with_context(|| format!("link /dev/{name}"))?;
    }
    made(&dev.join("shm"))?;
    tmpfs(&dev.join("shm"))?;
    made(&dev.join("pts"))?;
    let terminals = "newinstance,ptmxmode=0666,mode=620";
    file_system("devpts", &dev.join("pts"), Some(terminals))
}

fn change_root(root: &Path) -> Result<()> {
    let before = root.join("mnt");
    pivot_root(root, &before).context("change the root")?;
    chdir("/").context("enter the new root")?;
    umount2("/mnt", MntFlags::MNT_DETACH).context("leave the old root")
}

fn made(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("create {}", folder.display()))
}

fn tmpfs(place: &Path) -> Result<()> {
    file_system("tmpfs", place, Some("mode=0755"))
}

fn file_system(kind: &str, place: &Path, options: Option<&str>) -> Result<()> {
    mount(Some(kind), place, Some(kind), MsFlags::empty(), options)
        .with_context(|| format!("mount a {kind} on {}", place.display()))
}

fn bind(from: &Path, to: &Path) -> Result<()> {
    let flags = MsFlags::MS_BIND;
    mount(Some(from), to, None::<&str>, flags, None::<&str>)
        .with_context(|| format!("bind {} to {}", from.display(), to.display()))
}
