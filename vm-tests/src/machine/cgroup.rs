//! Control groups of a lab: one folder of the unified hierarchy, for programs that make groups of their own.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};

/// Makes the group of the lab with this directory.
///
/// # Errors
/// Without a unified hierarchy, or the right to make a group in it.
pub fn create(directory: &Path) -> Result<PathBuf> {
    let group = of(directory).context(
        "find the unified hierarchy of control groups: nothing of type cgroup2 is mounted",
    )?;
    fs::create_dir_all(&group).with_context(|| format!("create {}", group.display()))?;
    Ok(group)
}

/// Moves this process into a group; what it starts is born there.
pub(super) fn join(group: &Path) -> Result<()> {
    fs::write(group.join("cgroup.procs"), "0").with_context(|| format!("join {}", group.display()))
}

/// Removes the group of the lab with this directory and all groups in it, if there is one.
///
/// # Errors
/// As long as there is a process in it.
pub fn remove(directory: &Path) -> Result<()> {
    of(directory).map_or(Ok(()), |group| remove_all(&group))
}

/// Whether the lab with this directory has a group.
pub fn exists(directory: &Path) -> bool {
    of(directory).is_some_and(|group| group.exists())
}

/// `/tmp/lanlord-0/www` is `lanlord-0.www`.
fn of(directory: &Path) -> Option<PathBuf> {
    let name = directory.file_name()?.to_string_lossy();
    let base = directory.parent()?.file_name()?.to_string_lossy();
    Some(hierarchy()?.join(format!("{base}.{name}")))
}

/// Where the unified hierarchy is mounted: the fifth field of mountinfo, the type is behind the dash.
fn hierarchy() -> Option<PathBuf> {
    let mounts = fs::read_to_string("/proc/self/mountinfo").ok()?;
    mounts.lines().find_map(|line| {
        let (place, kind) = line.split_once(" - ")?;
        (kind.split(' ').next() == Some("cgroup2"))
            .then(|| place.split(' ').nth(4).map(PathBuf::from))
            .flatten()
    })
}

/// Children first. The files in a group go with it.
fn remove_all(group: &Path) -> Result<()> {
    let entries = match fs::read_dir(group) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries.with_context(|| format!("list {}", group.display()))?,
    };
    for entry in entries {
        let entry = entry.with_context(|| format!("list {}", group.display()))?;
        if entry.file_type()?.is_dir() {
            remove_all(&entry.path())?;
        }
    }
    fs::remove_dir(group).with_context(|| format!("remove {}", group.display()))
}
