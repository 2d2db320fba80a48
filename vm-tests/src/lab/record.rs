//! How another terminal finds a running lab, and the next start finds what a crashed one left.
//!
//! A lab's directory is `<tmp>/lanlord-<uid>/<name>`. The lab holds a lock on `lock` in it as long as it lives:
//! a directory whose lock is free belongs to a lab that crashed.

use std::{
    collections::BTreeMap,
    fs::{DirBuilder, File, OpenOptions},
    os::unix::fs::{DirBuilderExt, MetadataExt},
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, Result, bail, ensure};
use nix::{
    fcntl::{Flock, FlockArg},
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde::{Deserialize, Serialize};

use crate::{
    machine::{MARK, cgroup},
    output::complain,
};

/// A lab's record, held by the lab itself.
#[derive(Debug)]
pub struct Record {
    directory: PathBuf,
    content: Content,
    _lock: Flock<File>,
}

/// What is written in it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Content {
    /// The lab's process.
    pub pid: u32,
    /// Holders by machine.
    pub machines: BTreeMap<String, u32>,
    /// The release binary.
    pub lanlord: PathBuf,
    /// Real Kubernetes parts instead of manifests.
    pub kubernetes: bool,
}

impl Record {
    /// Makes the directory of a new lab; removes what crashed ones left.
    pub fn claim(name: &str) -> Result<Self> {
        let base = base();
        let _turn = turn(&base)?;
        sweep(&base)?;
        let directory = base.join(name);
        DirBuilder::new()
            .mode(0o755)
            .recursive(true)
            .create(&directory)
            .with_context(|| format!("create {}", directory.display()))?;
        let Some(lock) = lock(&directory, true)? else {
            bail!(
                "a lab named {name} is up already; end it with `cargo lab down`, or give this one a --name"
            );
        };
        let content = Content {
            pid: std::process::id(),
            ..Content::default()
        };
        let record = Self {
            directory,
            content,
            _lock: lock,
        };
        record.write()?;
        Ok(record)
    }

    /// The lab's directory.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Notes a machine.
    pub fn add(&mut self, machine: &str, holder: u32) -> Result<()> {
        self.content.machines.insert(machine.to_owned(), holder);
        self.write()
    }

    /// Notes what the visitors need to know.
    pub fn describe(&mut self, lanlord: &Path, kubernetes: bool) -> Result<()> {
        self.content.lanlord = lanlord.to_owned();
        self.content.kubernetes = kubernetes;
        self.write()
    }

    /// Ends what is left and removes the directory.
    pub fn remove(self) -> Result<()> {
        remove(&self.directory)
    }

    fn write(&self) -> Result<()> {
        let text = serde_json::to_vec_pretty(&self.content).context("write the record as JSON")?;
        let draft = self.directory.join(".lab.json");
        std::fs::write(&draft, text).with_context(|| format!("write {}", draft.display()))?;
        std::fs::rename(&draft, self.directory.join("lab.json")).context("replace lab.json")
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        // After `remove` there is nothing left; after a panic or an early return this is the removal.
        let _ = remove(&self.directory);
    }
}

/// The directory and record of a running lab; without a name, of the only one.
pub fn find(name: Option<&str>) -> Result<(PathBuf, Content)> {
    let base = base();
    let mut running = Vec::new();
    for directory in labs(&base)? {
        let wanted = name.is_none_or(|name| directory.ends_with(name));
        if wanted && directory.join("lock").exists() && lock(&directory, false)?.is_none() {
            running.push(directory);
        }
    }
    match running.as_slice() {
        [] => bail!("no lab is up; start one with `cargo lab`"),
        [directory] => {
            let file = directory.join("lab.json");
            let text = std::fs::read(&file).with_context(|| format!("read {}", file.display()))?;
            let content = serde_json::from_slice(&text)
                .with_context(|| format!("understand {}", file.display()))?;
            Ok((directory.clone(), content))
        }
        several => {
            let names: Vec<_> = several
                .iter()
                .filter_map(|directory| directory.file_name())
                .map(|name| name.to_string_lossy())
                .collect();
            bail!(
                "several labs are up, say which with --name: {}",
                names.join(", ")
            )
        }
    }
}

/// Ends every process of a lab and removes its directory, while no other lab begins or ends.
pub fn remove(directory: &Path) -> Result<()> {
    if !directory.exists() {
        return Ok(());
    }
    let base = directory
        .parent()
        .context("a lab's directory lies in another")?;
    let _turn = turn(base)?;
    erase(directory)?;
    // Only the last lab finds it empty.
    let _ = std::fs::remove_dir(base);
    Ok(())
}

/// Ends every process that carries the lab's mark, then removes its directory. Again and again for a while: a process that
/// was just being started may carry the mark, or write a file, a moment later.
fn erase(directory: &Path) -> Result<()> {
    let mut left = None;
    crate::wait::until(Duration::from_secs(10), || {
        match end_all(directory)
            .and_then(|()| cgroup::remove(directory))
            .and_then(|()| remove_files(directory))
        {
            Ok(()) => Some(()),
            Err(error) => {
                left = Some(error);
                None
            }
        }
    })
    .map_or_else(|| left.map_or(Ok(()), Err), Ok)
}

fn end_all(directory: &Path) -> Result<()> {
    let found = marked(directory)?;
    for pid in &found {
        // Gone in between is what we want.
        let _ = kill(Pid::from_raw(pid.cast_signed()), Signal::SIGKILL);
    }
    ensure!(found.is_empty(), "end the processes {found:?} of a lab");
    Ok(())
}

fn remove_files(directory: &Path) -> Result<()> {
    match std::fs::remove_dir_all(directory) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("remove {}", directory.display()))
        }
        _ => Ok(()),
    }
}

/// Removes what crashed labs left.
fn sweep(base: &Path) -> Result<()> {
    for directory in labs(base)? {
        if let Some(_lock) = lock(&directory, true)? {
            complain(format!(
                "removing what a crashed lab left in {}",
                directory.display()
            ));
            erase(&directory)?;
        }
    }
    Ok(())
}

fn base() -> PathBuf {
    let user = nix::unistd::geteuid();
    // In the lab's own user namespace everybody is root; the name must be that of the user outside.
    let user = std::env::var(super::user::OUTSIDE).unwrap_or_else(|_| user.to_string());
    std::env::temp_dir().join(format!("lanlord-{user}"))
}

fn make_base(base: &Path) -> Result<()> {
    DirBuilder::new()
        .mode(0o755)
        .recursive(true)
        .create(base)
        .with_context(|| format!("create {}", base.display()))?;
    match std::fs::metadata(base) {
        Ok(found) => ensure!(
            found.uid() == nix::unistd::geteuid().as_raw(),
            "{} belongs to another user",
            base.display()
        ),
        // Removed by a lab that ended just now; whoever needs it makes it again.
        Err(error) => ensure!(
            error.kind() == std::io::ErrorKind::NotFound,
            "look at {}: {error}",
            base.display()
        ),
    }
    Ok(())
}

fn labs(base: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let entries = match std::fs::read_dir(base) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(found),
        entries => entries.with_context(|| format!("list {}", base.display()))?,
    };
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// The folder of all labs, locked: a lab's directory is unlocked in the moments after it was made and before it is gone.
/// The last one to leave removes the folder, so what was locked may be gone; then it is made again.
fn turn(base: &Path) -> Result<Flock<File>> {
    loop {
        make_base(base)?;
        let Ok(folder) = File::open(base) else {
            continue;
        };
        let locked = Flock::lock(folder, FlockArg::LockExclusive)
            .map_err(|(_, error)| error)
            .context("wait for the lock of all labs")?;
        let inode = locked
            .metadata()
            .context("look at the locked folder")?
            .ino();
        if std::fs::metadata(base).is_ok_and(|now| now.ino() == inode) {
            return Ok(locked);
        }
    }
}

/// The lock, unless a living lab holds it.
fn lock(directory: &Path, create: bool) -> Result<Option<Flock<File>>> {
    let path = directory.join("lock");
    let file = OpenOptions::new()
        .create(create)
        .append(true)
        .open(&path)
        .with_context(|| format!("open {}", path.display()))?;
    match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
        Ok(lock) => Ok(Some(lock)),
        Err((_, nix::errno::Errno::EWOULDBLOCK)) => Ok(None),
        Err((_, error)) => Err(error).with_context(|| format!("lock {}", path.display())),
    }
}

fn marked(directory: &Path) -> Result<Vec<u32>> {
    let mark = format!("{MARK}={}", directory.display());
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc").context("list /proc")? {
        let Ok(pid) = entry?.file_name().to_string_lossy().parse::<u32>() else {
            continue;
        };
        // Not ours to read, not ours to end.
        let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        let carries = environment
            .split(|octet| *octet == 0)
            .any(|entry| entry == mark.as_bytes());
        if carries && pid != std::process::id() {
            found.push(pid);
        }
    }
    Ok(found)
}
