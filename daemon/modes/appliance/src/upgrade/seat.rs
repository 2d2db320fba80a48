//! `<run>/init`: that a supervisor runs here, who it is, and which file it runs. Locked as long as it lives.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use nix::unistd::Pid;

/// A supervisor that lives.
#[derive(Debug)]
pub(crate) struct Seat {
    /// Its process.
    pub(crate) pid: Pid,
    /// The program that it starts.
    pub(crate) file: PathBuf,
}

fn path(socket: &Path) -> PathBuf {
    socket.with_file_name("init")
}

impl Seat {
    /// Takes the seat beside the admin socket; it is free again when the file is closed.
    pub(crate) fn take(socket: &Path, file: &Path) -> io::Result<File> {
        let mut seat = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path(socket))?;
        seat.try_lock().map_err(|error| match error {
            TryLockError::Error(error) => error,
            TryLockError::WouldBlock => io::Error::other("another supervisor runs here"),
        })?;
        seat.set_len(0)?;
        write!(seat, "{}\n{}\n", std::process::id(), file.display())?;
        Ok(seat)
    }

    /// The supervisor beside the admin socket, if there is one.
    pub(crate) fn find(socket: &Path) -> Option<Self> {
        let mut seat = File::open(path(socket)).ok()?;
        if !matches!(seat.try_lock_shared(), Err(TryLockError::WouldBlock)) {
            return None;
        }
        let mut text = String::new();
        seat.read_to_string(&mut text).ok()?;
        let (pid, file) = text.trim_end().split_once('\n')?;
        Some(Self {
            pid: Pid::from_raw(pid.parse().ok()?),
            file: file.into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_supervisor_is_found_as_long_as_it_lives() {
        let folder = tempfile::tempdir().expect("a folder");
        let socket = folder.path().join("lanlord.sock");
        assert!(Seat::find(&socket).is_none());

        let held = Seat::take(&socket, Path::new("/sbin/init")).expect("takes the seat");
        let found = Seat::find(&socket).expect("finds it");
        let second = Seat::take(&socket, Path::new("/sbin/init"));

        assert_eq!(found.pid.as_raw(), std::process::id().cast_signed());
        assert_eq!(found.file, Path::new("/sbin/init"));
        assert!(second.is_err());
        drop(held);
        assert!(Seat::find(&socket).is_none());
    }
}
