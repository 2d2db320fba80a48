//! What the files of a directory said last.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::{Path, PathBuf},
};

use super::{
    DirectoryError,
    document::{Located, SyntaxError, parse_json, parse_yaml},
    objects::Intake,
};
use crate::{Problem, Settings, View, index::Index};

/// A file beyond this is no manifest; reading it would stall the daemon.
const MAX_FILE_OCTETS: u64 = 16 * 1024 * 1024;

/// A directory and the last good content of its files.
///
/// Files are read in place: they are small and local, and what they say changes seldom.
pub(super) struct Directory {
    path: PathBuf,
    files: BTreeMap<String, File>,
    /// The directory itself is gone.
    problem: Option<Problem>,
    index: Index,
}

#[derive(Default)]
struct File {
    /// Its last good content.
    documents: Vec<Located>,
    problems: Vec<Problem>,
    /// It was moved away, so it gives way to any file that defines the same object.
    away: bool,
}

/// Whether a file name is that of a manifest: not hidden, no editor's backup, and of a known ending.
pub(super) fn is_manifest(name: &str) -> bool {
    let ending = name.rsplit_once('.').map(|(_, ending)| ending);
    !name.starts_with(['.', '#']) && matches!(ending, Some("yaml" | "yml" | "json"))
}

impl Directory {
    pub(super) fn new(path: &Path, settings: Settings) -> Self {
        Self {
            path: path.to_path_buf(),
            files: BTreeMap::new(),
            problem: None,
            index: Index::new(settings),
        }
    }

    /// No manifest was ever read.
    pub(super) fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Reads all files. One that is no longer there was unlinked, unless no manifest at all is left: that looks like a
    /// directory whose file system is not mounted, and withdraws nothing.
    pub(super) fn scan(&mut self) -> Result<(), DirectoryError> {
        let failed = |error| DirectoryError::new("read", &self.path, error);
        let mut present = BTreeSet::new();
        for entry in fs::read_dir(&self.path).map_err(failed)? {
            let name = entry.map_err(failed)?.file_name();
            if let Some(name) = name.to_str().filter(|name| is_manifest(name)) {
                present.insert(name.to_string());
            }
        }
        self.problem = None;
        if present.is_empty() && !self.files.is_empty() {
            self.lost("holds no manifest any more; the last content of its files stays in force");
            return Ok(());
        }
        self.files.retain(|name, _| present.contains(name));
        for name in &present {
            self.read(name);
        }
        Ok(())
    }

    /// Reads one file again. What is not good leaves the last good content in force.
    pub(super) fn read(&mut self, name: &str) {
        let path = self.path.join(name);
        let text = match read_text(&path) {
            Ok(Some(text)) => text,
            // Gone again: that it was unlinked is told by an event of its own.
            Ok(None) => return,
            Err(error) => {
                self.keep(name, 0, format!("cannot be read: {error}"));
                return;
            }
        };
        let (documents, errors) = if name.ends_with(".json") {
            parse_json(&text)
        } else {
            parse_yaml(&text)
        };
        let known = self
            .files
            .get(name)
            .is_some_and(|file| !file.documents.is_empty());
        if known && documents.is_empty() && errors.is_empty() {
            self.keep(
                name,
                0,
                "holds no object any more; delete the file to withdraw what it said",
            );
            return;
        }
        if known && let Some(error) = errors.first() {
            self.keep(name, error.line, error.text.clone());
            return;
        }
        let problems = errors
            .into_iter()
            .map(|SyntaxError { line, text }| Problem {
                file: path.clone(),
                line,
                text,
            })
            .collect();
        self.files.insert(
            name.to_string(),
            File {
                documents,
                problems,
                away: false,
            },
        );
    }

    /// The file was unlinked: what it said is withdrawn.
    pub(super) fn unlinked(&mut self, name: &str) {
        self.files.remove(name);
    }

    /// The file was moved to a place or name that does not count. Only unlinking withdraws, so its content stays.
    pub(super) fn moved_away(&mut self, name: &str) {
        if self.files.contains_key(name) {
            self.keep(
                name,
                0,
                "was moved away; put a file of this name here and delete it to withdraw what it said",
            );
        }
        if let Some(file) = self.files.get_mut(name) {
            file.away = true;
        }
    }

    /// The directory is gone; nothing is withdrawn.
    pub(super) fn lost(&mut self, text: &str) {
        self.problem = Some(Problem {
            file: self.path.clone(),
            line: 0,
            text: text.to_string(),
        });
    }

    fn keep(&mut self, name: &str, line: u64, text: impl Into<String>) {
        let file = self.files.entry(name.to_string()).or_default();
        let mut text = text.into();
        if !file.documents.is_empty() {
            text.push_str("; its last good content stays in force");
        }
        file.problems = vec![Problem {
            file: self.path.join(name),
            line,
            text,
        }];
    }

    /// Everything that is in force, as one view.
    pub(super) fn view(&mut self) -> View {
        let mut intake = Intake::begin(&mut self.index, &self.path);
        let (away, here): (Vec<_>, Vec<_>) = self.files.iter().partition(|(_, file)| file.away);
        for files in [here, away] {
            for (name, file) in files {
                for document in &file.documents {
                    intake.document(name, document);
                }
            }
            intake.stand_in();
        }
        let of_objects = intake.finish();
        let of_files = self
            .files
            .values()
            .flat_map(|file| file.problems.iter().cloned());
        let mut view = self.index.view();
        view.problems = self
            .problem
            .iter()
            .cloned()
            .chain(of_files)
            .chain(of_objects)
            .collect();
        view.problems
            .sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
        view
    }
}

/// The text of a file; none when there is no such file.
fn read_text(path: &Path) -> io::Result<Option<String>> {
    let found = fs::metadata(path).and_then(|metadata| {
        if !metadata.is_file() {
            return Err(io::Error::other("it is no regular file"));
        }
        if metadata.len() > MAX_FILE_OCTETS {
            return Err(io::Error::other("it is larger than 16 MiB"));
        }
        fs::read_to_string(path)
    });
    match found {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
