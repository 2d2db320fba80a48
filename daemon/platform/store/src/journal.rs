//! An append-only file of records, one line each: checksum, blank, JSON.
//!
//! ```text
//! 5f0a1c22 {"address":"192.0.2.20","state":{"leased":1700043201}}
//! ```
//!
//! Records are committed in groups, with one sync for all of them. A crash can tear the last group only: what does not
//! end in a whole line is cut off when the journal is opened. A line that was damaged later is left out and counted,
//! and the lines around it stay. When most lines are outdated, the caller's live records are written to a new file that
//! takes the old one's place.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Read, Seek, SeekFrom, Write},
    marker::PhantomData,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use serde::{Serialize, de::DeserializeOwned};
use thiserror::Error;

use crate::atomic::{Temporary, directory_of, sync_directory};

mod line;
#[cfg(test)]
mod tests;

/// Outdated lines that are always tolerated: compacting a small file more often gains nothing.
const SLACK: usize = 1000;

/// An open journal; the file is locked against a second process.
#[derive(Debug)]
pub struct Journal<R> {
    path: PathBuf,
    file: File,
    /// Octets that are known to be whole records on disk.
    length: u64,
    lines: usize,
    /// After a failed sync nobody knows what is on disk (the kernel may have dropped it): only a new file helps.
    doubtful: bool,
    record: PhantomData<fn() -> R>,
}

/// What was in the file.
#[derive(Debug)]
pub struct Opened<R> {
    /// The journal, to go on with.
    pub journal: Journal<R>,
    /// Its records, oldest first.
    pub records: Vec<R>,
    /// Octets behind the last whole record, cut off: a commit that never finished.
    pub torn: u64,
    /// Damaged or unknown lines before it, left out.
    pub damaged: usize,
}

/// What went wrong, and with which file. Records of a failed commit are not stored.
#[derive(Debug, Error)]
pub enum JournalError {
    /// The file or its directory.
    #[error("{action} {}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// Another process has it.
    #[error("lock journal {}: another process uses it", path.display())]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// A record that cannot be written as JSON.
    #[error("write a record for journal {}", path.display())]
    Record {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: serde_json::Error,
    },
    /// An earlier sync failed and no new file could take its place since.
    #[error("append to journal {}: an earlier sync failed", path.display())]
    Doubtful {
        /// The file.
        path: PathBuf,
    },
}

impl<R: Serialize + DeserializeOwned> Journal<R> {
    /// Opens the file, or makes it together with its directories, and reads all records.
    pub fn open(path: &Path) -> Result<Opened<R>, JournalError> {
        let tried = |action| move |source| io_error(action, path, source);
        fs::create_dir_all(directory_of(path)).map_err(tried("make the directory of journal"))?;
        let mut file = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .open(path)
            .map_err(tried("open journal"))?;
        lock(&file, path)?;
        if !is_at(&file, path).map_err(tried("look at journal"))? {
            // The process that has it compacted it just now: the lock is on the file of before.
            let path = path.to_path_buf();
            return Err(JournalError::InUse { path });
        }
        let mut content = Vec::new();
        file.read_to_end(&mut content)
            .map_err(tried("read journal"))?;

        let read = line::read_all(&content);
        let length = read.whole as u64;
        let torn = content.len() as u64 - length;
        if torn > 0 {
            file.set_len(length)
                .map_err(tried("cut the torn end of journal"))?;
        }
        // What was read may be in the page cache only, and its new name in no directory yet.
        file.sync_all().map_err(tried("sync journal"))?;
        sync_directory(path).map_err(tried("sync the directory of journal"))?;
        let journal = Self {
            path: path.to_path_buf(),
            file,
            length,
            lines: read.records.len() + read.damaged,
            doubtful: false,
            record: PhantomData,
        };
        Ok(Opened {
            journal,
            records: read.records,
            torn,
            damaged: read.damaged,
        })
    }

    /// The records of a file that cannot be opened for writing; none where there is no file. What a crash left unfinished
    /// stays there.
    pub fn read(path: &Path) -> Result<Vec<R>, JournalError> {
        match fs::read(path) {
            Ok(content) => Ok(line::read_all(&content).records),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(source) => Err(io_error("read journal", path, source)),
        }
    }

    /// Appends the records and syncs once. When it fails, for example because the disk is full, none of them is
    /// stored and all earlier ones still are.
    pub fn commit<'a>(
        &mut self,
        records: impl IntoIterator<Item = &'a R>,
    ) -> Result<(), JournalError>
    where
        R: 'a,
    {
        if self.doubtful {
            let path = self.path.clone();
            return Err(JournalError::Doubtful { path });
        }
        let (lines, octets) = self.encode(records)?;
        if lines == 0 {
            return Ok(());
        }
        if let Err(source) = self.file.write_all(&octets) {
            self.cut();
            return Err(io_error("append to journal", &self.path, source));
        }
        if let Err(source) = self.file.sync_data() {
            self.doubtful = true;
            self.cut();
            return Err(io_error("sync journal", &self.path, source));
        }
        self.length += octets.len() as u64;
        self.lines += lines;
        Ok(())
    }

    /// Whether [`Journal::compact`] would help, with `live` records that still count.
    pub const fn wants_compaction(&self, live: usize) -> bool {
        self.doubtful || self.lines > 2 * live + SLACK
    }

    /// Puts a file with these records only in place of the old one. When it fails, the old one goes on,
    /// or commits are refused until it succeeds.
    pub fn compact<'a>(&mut self, live: impl IntoIterator<Item = &'a R>) -> Result<(), JournalError>
    where
        R: 'a,
    {
        let (lines, octets) = self.encode(live)?;
        let path = &self.path;
        let tried = |source| io_error("compact journal", path, source);
        let temporary = Temporary::create(path, 0o644).map_err(tried)?;
        lock(&temporary.file, path)?;
        (&temporary.file).write_all(&octets).map_err(tried)?;
        temporary.sync().map_err(tried)?;
        // If this fails nobody knows which of the two files has the name.
        self.doubtful = true;
        self.file = temporary.place(path).map_err(tried)?;
        self.length = octets.len() as u64;
        self.lines = lines;
        self.doubtful = false;
        Ok(())
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn encode<'a>(
        &self,
        records: impl IntoIterator<Item = &'a R>,
    ) -> Result<(usize, Vec<u8>), JournalError>
    where
        R: 'a,
    {
        let mut lines = 0;
        let mut octets = Vec::new();
        for record in records {
            line::write(record, &mut octets).map_err(|source| JournalError::Record {
                path: self.path.clone(),
                source,
            })?;
            lines += 1;
        }
        Ok((lines, octets))
    }

    /// Takes half a commit back, so that it is not read as one after the next.
    fn cut(&mut self) {
        let cut = self
            .file
            .set_len(self.length)
            .and_then(|()| self.file.seek(SeekFrom::End(0)));
        if cut.is_err() {
            self.doubtful = true;
        }
    }
}

fn lock(file: &File, path: &Path) -> Result<(), JournalError> {
    file.try_lock().map_err(|error| match error {
        TryLockError::WouldBlock => JournalError::InUse {
            path: path.to_path_buf(),
        },
        TryLockError::Error(source) => io_error("lock journal", path, source),
    })
}

/// Whether the path still leads to this file.
fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    Ok(file.metadata()?.ino() == fs::metadata(path)?.ino())
}

fn io_error(action: &'static str, path: &Path, source: io::Error) -> JournalError {
    JournalError::Io {
        action,
        path: path.to_path_buf(),
        source,
    }
}
