//! Files of a guest, for a lab that asks from outside.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

use anyhow::{Context, Result};

/// Prints a file.
pub(super) fn read(file: &Path) -> Result<()> {
    let content = fs::read(file).with_context(|| format!("read {}", file.display()))?;
    io::stdout()
        .lock()
        .write_all(&content)
        .context("print the file")
}

/// Replaces a file by stdin, in one move.
pub(super) fn write(file: &Path) -> Result<()> {
    let folder = file.parent().unwrap_or_else(|| Path::new("/"));
    fs::create_dir_all(folder).with_context(|| format!("create {}", folder.display()))?;
    let draft = file.with_extension("draft");
    let mut target = OpenOptions::new()
        .create(true)
        .truncate(true)
        .write(true)
        .mode(0o600)
        .open(&draft)
        .with_context(|| format!("open {}", draft.display()))?;
    io::copy(&mut io::stdin().lock(), &mut target)
        .with_context(|| format!("write {}", draft.display()))?;
    fs::rename(&draft, file).with_context(|| format!("replace {}", file.display()))
}
