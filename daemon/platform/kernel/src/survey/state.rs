//! The state folder: whether a file can be written there, and how old the newest one is.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::Path,
    process,
    time::SystemTime,
};

use doctor::StateFolder;
use nix::sys::statvfs::statvfs;

/// Deep enough for `<state>/leases/eth1.journal`.
const DEPTH: usize = 2;

pub(super) fn folder(path: &Path) -> StateFolder {
    let there = path.is_dir();
    let nearest = path.ancestors().find(|ancestor| ancestor.is_dir());
    let nearest = nearest.unwrap_or_else(|| Path::new("/"));
    let tried = try_to_write(nearest).map_err(|error| error.to_string());
    StateFolder {
        path: path.to_path_buf(),
        writable: match tried {
            Ok(()) if !there => None,
            tried => Some(tried),
        },
        free: statvfs(nearest)
            .ok()
            .map(|disk| disk.blocks_available() * disk.fragment_size()),
    }
}

/// A file of one block, synced: a full disk may take an empty one.
fn try_to_write(folder: &Path) -> io::Result<()> {
    let path = folder.join(format!(".lanlord-doctor-{}", process::id()));
    let write = || {
        let mut file = File::create_new(&path)?;
        file.write_all(&[0; 4096])?;
        file.sync_all()
    };
    let written = write();
    if written
        .as_ref()
        .is_err_and(|error| error.kind() == io::ErrorKind::AlreadyExists)
    {
        // Of a doctor that was killed, long ago.
        return fs::remove_file(&path);
    }
    let removed = fs::remove_file(&path);
    written.and(removed)
}

/// When the newest file in the folder was written.
pub(super) fn newest(folder: &Path) -> Option<SystemTime> {
    newest_within(folder, DEPTH)
}

fn newest_within(folder: &Path, depth: usize) -> Option<SystemTime> {
    let entries = fs::read_dir(folder).ok()?;
    entries
        .flatten()
        .filter_map(|entry| {
            let about = entry.metadata().ok()?;
            match about.is_dir() {
                true => newest_within(&entry.path(), depth.checked_sub(1)?),
                false => about.modified().ok(),
            }
        })
        .max()
}
