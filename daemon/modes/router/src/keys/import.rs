//! `lanlord router key import`: a key from elsewhere, of a rebuilt router or for rotation.

use std::{
    fs,
    io::{self, Read},
    path::{Path, PathBuf},
};

use anyhow::{Context, bail, ensure};

use super::{Key, path, read, write};

/// A file with a key is 45 octets long; whatever is longer than this is another file.
const MAX_FILE: u64 = 4096;

/// What an import did.
#[derive(Debug)]
pub struct Imported {
    /// The cluster's key file.
    pub path: PathBuf,
    /// What the file held before.
    pub before: Before,
}

/// What a key file held before an import.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Before {
    /// There was none.
    Nothing,
    /// The same key.
    Same,
    /// Another key, or something that was none.
    Other,
}

/// Reads a key from a file, or from standard input when the file is `-`. Errors: unreadable; no key. They never quote
/// what was read.
pub fn read_key(file: &Path) -> anyhow::Result<Key> {
    let from_input = file == Path::new("-");
    let name = if from_input {
        "standard input".to_string()
    } else {
        file.display().to_string()
    };
    let mut text = String::new();
    let read = if from_input {
        io::stdin().take(MAX_FILE + 1).read_to_string(&mut text)
    } else {
        fs::File::open(file).and_then(|file| file.take(MAX_FILE + 1).read_to_string(&mut text))
    };
    match read {
        Err(error) if error.kind() == io::ErrorKind::InvalidData => {}
        read => {
            read.with_context(|| format!("read the key from {name}"))?;
        }
    }
    Key::parse(&text).with_context(|| {
        format!(
            "{name} holds no key; it must be 32 octets as base64, one line, as `lanlord router key show` prints it"
        )
    })
}

/// Makes `key` the cluster's. A running router takes it up by itself, and the key before is no longer valid then.
///
/// Errors: there is another key, or a file that holds none, and `force` was not given; the file cannot be written.
pub fn key_import(state: &Path, cluster: &str, key: Key, force: bool) -> anyhow::Result<Imported> {
    let path = path(state, cluster)?;
    let before = match read(&path) {
        Ok(None) => Before::Nothing,
        Ok(Some(held)) if held == key => Before::Same,
        Ok(Some(_)) => {
            ensure!(
                force,
                "cluster `{cluster}` has another key in {}; --force replaces it, and whoever still uses it is refused then",
                path.display()
            );
            Before::Other
        }
        Err(error) if !force => bail!("{error:#}; --force replaces the file"),
        Err(_) => Before::Other,
    };
    if before != Before::Same {
        write(&path, key)?;
    }
    Ok(Imported { path, before })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    const FIRST: Key = Key([1; 32]);
    const SECOND: Key = Key([2; 32]);

    #[test]
    fn an_imported_key_is_the_clusters_and_only_root_reads_it() {
        let state = tempfile::tempdir().unwrap();

        let imported = key_import(state.path(), "lab", FIRST, false).unwrap();

        assert_eq!(imported.before, Before::Nothing);
        assert_eq!(
            super::super::key_of(state.path(), "lab").unwrap(),
            Some(FIRST)
        );
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&imported.path), 0o600);
        assert_eq!(mode(imported.path.parent().unwrap()), 0o700);
    }

    #[test]
    fn another_key_is_replaced_by_force_only() {
        let state = tempfile::tempdir().unwrap();
        key_import(state.path(), "lab", FIRST, false).unwrap();

        let again = key_import(state.path(), "lab", FIRST, false).unwrap();
        let refused = key_import(state.path(), "lab", SECOND, false).unwrap_err();
        let forced = key_import(state.path(), "lab", SECOND, true).unwrap();

        assert_eq!(again.before, Before::Same);
        assert!(refused.to_string().contains("--force"), "{refused}");
        assert_eq!(forced.before, Before::Other);
        assert_eq!(
            super::super::key_of(state.path(), "lab").unwrap(),
            Some(SECOND)
        );
    }

    #[test]
    fn a_damaged_file_is_replaced_by_force_only() {
        let state = tempfile::tempdir().unwrap();
        let file = key_import(state.path(), "lab", FIRST, false).unwrap().path;
        fs::write(&file, "damaged").unwrap();

        let refused = key_import(state.path(), "lab", SECOND, false).unwrap_err();
        let forced = key_import(state.path(), "lab", SECOND, true);

        assert!(refused.to_string().contains("--force"), "{refused}");
        assert_eq!(forced.unwrap().before, Before::Other);
    }

    #[test]
    fn what_is_no_key_is_refused_and_not_quoted() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("key");
        let short = "c2VjcmV0";
        for content in [short.as_bytes(), b"", b"\xff\xfe", &[b'A'; 5000]] {
            fs::write(&file, content).unwrap();

            let error = format!("{:#}", read_key(&file).unwrap_err());

            assert!(error.contains("32 octets as base64"), "{error}");
            assert!(!error.contains(short) && !error.contains("AAAA"), "{error}");
        }
    }

    #[test]
    fn a_key_file_is_read_as_key_show_prints_it() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("key");
        fs::write(&file, format!("{}\n", SECOND.to_base64())).unwrap();

        assert_eq!(read_key(&file).unwrap(), SECOND);
    }

    #[test]
    fn a_key_is_not_printed_by_debug() {
        assert_eq!(format!("{FIRST:?}"), "Key");
    }
}
