//! Names that clusters put into our zones, on disk: one JSON file a zone under `<state>/zones/`.

use std::{ffi::OsStr, fs, io, path::PathBuf};

use dns::Saved;
use hickory_proto::rr::Name;
use store::{WriteError, atomic_write};
use thiserror::Error;

/// The directory.
#[derive(Clone, Debug)]
pub struct ZoneFiles {
    directory: PathBuf,
}

/// A file that could not be read or written.
#[derive(Debug, Error)]
pub enum ZoneFileError {
    /// Reading.
    #[error("read zone file {path}")]
    Read {
        /// The file or directory.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Its content is not what this version writes.
    #[error("understand zone file {path}")]
    Parse {
        /// The file.
        path: PathBuf,
        /// Where and why.
        #[source]
        source: serde_json::Error,
    },
    /// Writing.
    #[error("store zone {zone}")]
    Write {
        /// The zone.
        zone: Name,
        /// The file and why.
        #[source]
        source: WriteError,
    },
}

impl ZoneFiles {
    /// Files below this directory, which is made at the first write.
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self {
            directory: directory.into(),
        }
    }

    /// All that is there. A file that cannot be used is left alone and reported; the others still count.
    pub fn load(&self) -> (Saved, Vec<ZoneFileError>) {
        let mut saved = Saved::default();
        let mut problems = Vec::new();
        let entries = match fs::read_dir(&self.directory) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return (saved, problems),
            Err(source) => {
                let path = self.directory.clone();
                problems.push(ZoneFileError::Read { path, source });
                return (saved, problems);
            }
        };
        let mut paths: Vec<PathBuf> = entries
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| path.extension() == Some(OsStr::new("json")))
            .collect();
        paths.sort();
        for path in paths {
            match read(path) {
                Ok(zone) => saved.merge(zone),
                Err(problem) => problems.push(problem),
            }
        }
        (saved, problems)
    }

    /// Writes one zone; on return it survives power loss.
    pub fn save(&self, apex: &Name, zone: &Saved) -> Result<(), ZoneFileError> {
        let path = self.directory.join(file_name(apex));
        let content = json(zone);
        atomic_write(&path, &content).map_err(|source| ZoneFileError::Write {
            zone: apex.clone(),
            source,
        })
    }
}

fn json(zone: &Saved) -> Vec<u8> {
    serde_json::to_vec_pretty(zone).expect("texts and numbers under text keys are always JSON")
}

fn read(path: PathBuf) -> Result<Saved, ZoneFileError> {
    match fs::read(&path) {
        Ok(content) => {
            serde_json::from_slice(&content).map_err(|source| ZoneFileError::Parse { path, source })
        }
        Err(source) => Err(ZoneFileError::Read { path, source }),
    }
}

/// A zone's name as a file name. Names may hold any octet; what is no letter, digit, hyphen, underscore or dot is written
/// as `%XX`, and a leading dot cannot occur.
fn file_name(apex: &Name) -> String {
    let labels: Vec<String> = apex
        .iter()
        .map(|label| {
            label
                .iter()
                .map(|octet| match octet {
                    b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' => char::from(*octet).to_string(),
                    b'A'..=b'Z' => char::from(octet.to_ascii_lowercase()).to_string(),
                    other => format!("%{other:02X}"),
                })
                .collect()
        })
        .collect();
    format!("{}.json", labels.join("."))
}

#[cfg(test)]
mod tests;
