//! What the first process finds missing: file systems, a search path, a folder for sockets.

use std::{
    fs::{self, OpenOptions},
    io::ErrorKind,
    os::unix::fs::{MetadataExt, symlink},
    path::{Path, PathBuf},
};

use nix::mount::{MsFlags, mount};

use crate::console::Console;

const SEARCH_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/// Where the admin socket goes when `/run` cannot be written: the root is read-only and no mount is allowed. Every
/// container has the first one, and lxc makes the second one itself.
const LAST_RESORTS: [&str; 3] = ["/tmp/lanlord", "/dev/shm/lanlord", "/dev/lanlord"];

/// A file system that belongs to every running system.
struct Wanted {
    kind: &'static str,
    at: &'static str,
    options: &'static str,
    flags: MsFlags,
}

const QUIET: MsFlags = MsFlags::MS_NOSUID.union(MsFlags::MS_NODEV);

const WANTED: [Wanted; 5] = [
    wanted("proc", "/proc", "", QUIET),
    wanted("sysfs", "/sys", "", QUIET),
    wanted("devtmpfs", "/dev", "mode=0755", MsFlags::MS_NOSUID),
    wanted("tmpfs", "/run", "mode=0755,size=16m", QUIET),
    wanted("tmpfs", "/tmp", "mode=1777,size=64m", QUIET),
];

const LINKS: [(&str, &str); 4] = [
    ("/dev/fd", "/proc/self/fd"),
    ("/dev/stdin", "/proc/self/fd/0"),
    ("/dev/stdout", "/proc/self/fd/1"),
    ("/dev/stderr", "/proc/self/fd/2"),
];

const fn wanted(
    kind: &'static str,
    at: &'static str,
    options: &'static str,
    flags: MsFlags,
) -> Wanted {
    Wanted {
        kind,
        at,
        options,
        flags,
    }
}

/// Mounts what is not there. What cannot be mounted is told; everything works without.
pub(crate) fn mount_missing(console: &mut Console) {
    for Wanted {
        kind,
        at,
        options,
        flags,
    } in WANTED
    {
        if is_mount_point(Path::new(at)) {
            continue;
        }
        if let Err(error) = mount(Some(kind), at, Some(kind), flags, Some(options)) {
            console.say(&format!("no {kind} on {at}: {error}; going on without"));
        }
    }
}

/// Makes the names in `/dev` that programs expect and a fresh devtmpfs lacks: `nft -f -` opens `/dev/stdin`.
pub(crate) fn link_missing(console: &mut Console) {
    for (at, to) in LINKS {
        if let Err(error) = symlink(to, at)
            && error.kind() != ErrorKind::AlreadyExists
        {
            console.say(&format!("no {at}: {error}; going on without"));
        }
    }
}

fn is_mount_point(path: &Path) -> bool {
    let device = |path: &Path| fs::metadata(path).map(|found| found.dev()).ok();
    device(path) != device(Path::new("/"))
}

/// The search path for programs, unless there is one.
pub(crate) fn search_path() -> String {
    match std::env::var("PATH") {
        Ok(path) if !path.is_empty() => path,
        Ok(_) | Err(_) => SEARCH_PATH.to_string(),
    }
}

/// The admin socket's path: as asked for if its folder can be written, else in the first folder that can.
pub(crate) fn usable_socket(wanted: &Path, console: &mut Console) -> PathBuf {
    let wanted_folder = wanted.parent().unwrap_or_else(|| Path::new("/"));
    if is_writable(wanted_folder) {
        return wanted.to_path_buf();
    }
    let name = wanted.file_name().unwrap_or_default();
    for folder in LAST_RESORTS.map(Path::new) {
        if is_writable(folder) {
            let socket = folder.join(name);
            console.say(&format!(
                "{} cannot be written; the commands need --socket {}",
                wanted_folder.display(),
                socket.display()
            ));
            return socket;
        }
    }
    wanted.to_path_buf()
}

fn is_writable(folder: &Path) -> bool {
    let probe = folder.join(".init");
    let written = fs::create_dir_all(folder).and_then(|()| {
        OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .open(&probe)
    });
    // What was made is only a question.
    let _ = fs::remove_file(&probe);
    written.is_ok()
}
