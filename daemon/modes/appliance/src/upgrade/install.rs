//! The files: the program, the one to come, and the one before.

use std::{
    fmt::Write as _,
    fs::{self, File, OpenOptions},
    io::{self, Read, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};

/// Where they are, side by side, so that a rename switches.
#[derive(Clone, Debug)]
pub(crate) struct Places {
    /// The program in place: `/sbin/init`.
    pub(crate) file: PathBuf,
    /// The one to come: `/sbin/init.new`.
    pub(crate) draft: PathBuf,
    /// The one before: `/sbin/init.previous`.
    pub(crate) previous: PathBuf,
}

impl Places {
    pub(crate) fn of(file: &Path) -> Self {
        let beside = |ending: &str| {
            let mut name = file.file_name().unwrap_or_default().to_os_string();
            name.push(ending);
            file.with_file_name(name)
        };
        Self {
            file: file.to_path_buf(),
            draft: beside(".new"),
            previous: beside(".previous"),
        }
    }

    /// Copies `source` beside the program; it is on disk when this returns. Whatever went wrong, no draft stays.
    pub(crate) fn bring(&self, source: &Path) -> io::Result<()> {
        let copied = self.copy(source);
        if copied.is_err() {
            self.discard();
        }
        copied
    }

    fn copy(&self, source: &Path) -> io::Result<()> {
        self.discard();
        let mut to = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o755)
            .open(&self.draft)?;
        io::copy(&mut File::open(source)?, &mut to)?;
        to.flush()?;
        to.sync_all()
    }

    /// Removes a draft, if there is one.
    pub(crate) fn discard(&self) {
        let _ = fs::remove_file(&self.draft);
    }

    /// Puts the draft in place; the program in place becomes the previous one. At every moment there is a program.
    pub(crate) fn switch(&self) -> io::Result<()> {
        let second = self.draft.with_extension("old");
        remove_if_there(&second)?;
        fs::hard_link(&self.file, &second)?;
        fs::rename(&second, &self.previous)?;
        // Of two names of one file, a rename keeps both.
        remove_if_there(&second)?;
        fs::rename(&self.draft, &self.file)?;
        self.sync()
    }

    /// Puts the previous program in place again.
    pub(crate) fn take_back(&self) -> io::Result<()> {
        fs::rename(&self.previous, &self.file)?;
        self.sync()
    }

    fn sync(&self) -> io::Result<()> {
        File::open(self.file.parent().unwrap_or_else(|| Path::new("/")))?.sync_all()
    }
}

fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// SHA-256 of a file, in hexadecimal.
pub(crate) fn digest(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let (mut hash, mut buffer) = (Sha256::new(), vec![0; 64 * 1024]);
    loop {
        match file.read(&mut buffer)? {
            0 => break,
            length => hash.update(&buffer[..length]),
        }
    }
    let mut text = String::with_capacity(64);
    for octet in hash.finalize() {
        let _ = write!(text, "{octet:02x}");
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder_with(content: &str) -> (tempfile::TempDir, Places) {
        let folder = tempfile::tempdir().expect("a folder");
        let places = Places::of(&folder.path().join("init"));
        fs::write(&places.file, content).expect("write");
        (folder, places)
    }

    fn read(path: &Path) -> String {
        fs::read_to_string(path).unwrap_or_default()
    }

    #[test]
    fn a_switch_keeps_the_old_program_and_taking_back_brings_it() {
        let (folder, places) = folder_with("one");
        let source = folder.path().join("source");
        fs::write(&source, "two").expect("write");

        for _ in 0..2 {
            places.bring(&source).expect("copies");
            places.switch().expect("switches");
        }
        assert_eq!(
            (read(&places.file), read(&places.previous)),
            ("two".into(), "two".into())
        );

        fs::write(&source, "three").expect("write");
        places.bring(&source).expect("copies");
        places.switch().expect("switches");
        assert_eq!(
            (read(&places.file), read(&places.previous)),
            ("three".into(), "two".into())
        );

        places.take_back().expect("takes back");
        assert_eq!(read(&places.file), "two");
        assert!(!places.draft.exists());
    }

    #[test]
    fn a_switch_goes_through_after_one_that_was_killed_at_any_step() {
        let (folder, places) = folder_with("one");
        let source = folder.path().join("source");
        fs::write(&source, "two").expect("write");
        fs::hard_link(&places.file, folder.path().join("init.old")).expect("link");
        fs::hard_link(&places.file, &places.previous).expect("link");
        fs::write(&places.draft, "half").expect("write");

        places.bring(&source).expect("copies");
        places.switch().expect("switches");

        assert_eq!(
            (read(&places.file), read(&places.previous)),
            ("two".into(), "one".into())
        );
        let names: Vec<_> = fs::read_dir(folder.path())
            .expect("list")
            .flatten()
            .collect();
        assert_eq!(names.len(), 3, "{names:?}");
    }

    #[test]
    fn the_digest_is_sha_256() {
        let (_folder, places) = folder_with("abc");

        assert_eq!(
            digest(&places.file).expect("reads"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }
}
