//! Files that hold either their old or their new content, whatever happens.

use std::{
    ffi::OsString,
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use thiserror::Error;

#[cfg(test)]
mod tests;

/// For everybody to read.
const PUBLIC: u32 = 0o644;
/// For the owner only: keys.
const PRIVATE: u32 = 0o600;

/// A file that could not be replaced; its old content is still there.
#[derive(Debug, Error)]
#[error("write {}", path.display())]
pub struct WriteError {
    /// The file.
    pub path: PathBuf,
    /// What went wrong.
    #[source]
    pub source: io::Error,
}

/// Replaces the file's content, readable for everybody. It is on disk when this returns; missing directories are made.
pub fn atomic_write(path: &Path, content: &[u8]) -> Result<(), WriteError> {
    replace(path, content, PUBLIC)
}

/// Like [`atomic_write`], readable for the owner only.
pub fn atomic_write_private(path: &Path, content: &[u8]) -> Result<(), WriteError> {
    replace(path, content, PRIVATE)
}

fn replace(path: &Path, content: &[u8], mode: u32) -> Result<(), WriteError> {
    let write = || {
        let directory = directory_of(path);
        fs::create_dir_all(directory)?;
        let temporary = Temporary::create(path, mode)?;
        (&temporary.file).write_all(content)?;
        temporary.sync()?;
        temporary.place(path)?;
        Ok(())
    };
    write().map_err(|source| WriteError {
        path: path.to_path_buf(),
        source,
    })
}

/// A file that takes another one's place, or vanishes.
pub(crate) struct Temporary {
    pub(crate) file: File,
    path: PathBuf,
    placed: bool,
}

impl Temporary {
    /// An empty file beside `path`. One that a crash left there is removed.
    pub(crate) fn create(path: &Path, mode: u32) -> io::Result<Self> {
        let mut name = OsString::from(".");
        name.push(path.file_name().unwrap_or_default());
        name.push(".new");
        let path = path.with_file_name(name);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
        let file = OpenOptions::new()
            .read(true)
            .append(true)
            .create_new(true)
            .mode(mode)
            .open(&path)?;
        Ok(Self {
            file,
            path,
            placed: false,
        })
    }

    /// Makes its content survive a power loss.
    pub(crate) fn sync(&self) -> io::Result<()> {
        self.file.sync_all()
    }

    /// Puts it in place and syncs the directory: only then does the new name survive a power loss.
    pub(crate) fn place(mut self, path: &Path) -> io::Result<File> {
        fs::rename(&self.path, path)?;
        self.placed = true;
        sync_directory(path)?;
        self.file.try_clone()
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if !self.placed {
            // Half a file of ours in the way of nobody; the next attempt removes it.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Makes the directory's entries survive a power loss.
pub(crate) fn sync_directory(path: &Path) -> io::Result<()> {
    File::open(directory_of(path))?.sync_all()
}

pub(crate) fn directory_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        Some(_) | None => Path::new("."),
    }
}
