//! Writes beside, then renames: whoever looks sees an image whole, old or new, and a failed build changes nothing.

use std::{
    fs, io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use tempfile::TempDir;

use crate::{
    digest,
    tree::{PROGRAM, READABLE, Tree},
};

/// Digests of the images.
const CHECKSUMS: &str = "SHA256SUMS";

/// A folder of images, and what will be put into it.
#[derive(Debug)]
pub(crate) struct Output {
    folder: PathBuf,
    staged: TempDir,
    names: Vec<String>,
}

impl Output {
    /// Makes the folder, and one in it that goes away with this value.
    pub(crate) fn begin(folder: &Path) -> Result<Self> {
        fs::create_dir_all(folder).with_context(|| format!("create {}", folder.display()))?;
        let staged = tempfile::Builder::new()
            .prefix(".building-")
            .tempdir_in(folder)
            .with_context(|| format!("create a folder in {}", folder.display()))?;
        Ok(Self {
            folder: folder.to_owned(),
            staged,
            names: Vec::new(),
        })
    }

    /// Adds a file.
    pub(crate) fn file(&mut self, name: &str, octets: &[u8]) -> Result<()> {
        self.write(name, octets, READABLE)
    }

    /// Adds a program.
    pub(crate) fn program(&mut self, name: &str, octets: &[u8]) -> Result<()> {
        self.write(name, octets, PROGRAM)
    }

    /// Adds a folder.
    pub(crate) fn folder(&mut self, name: &str, tree: &Tree) -> Result<()> {
        let folder = self.staged.path().join(name);
        fs::create_dir(&folder).with_context(|| format!("create {}", folder.display()))?;
        tree.unpack(&folder)?;
        self.names.push(name.to_owned());
        Ok(())
    }

    /// Puts everything in its place, and then the digests of all files that are there; returns where those are.
    pub(crate) fn publish(mut self) -> Result<PathBuf> {
        self.put()?;
        let sums = self.checksums()?;
        self.names.clear();
        self.file(CHECKSUMS, sums.as_bytes())?;
        self.put()?;
        Ok(self.folder.join(CHECKSUMS))
    }

    fn put(&self) -> Result<()> {
        for name in &self.names {
            let target = self.folder.join(name);
            let retired = self.staged.path().join(format!("{name}.old"));
            match fs::rename(&target, &retired) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(error).with_context(|| format!("replace {}", target.display()));
                }
                Ok(()) | Err(_) => {}
            }
            fs::rename(self.staged.path().join(name), &target)
                .with_context(|| format!("put {} in its place", target.display()))?;
        }
        Ok(())
    }

    /// One line for each file, as `sha256sum --check` reads it. A build of one image leaves the others', which count.
    fn checksums(&self) -> Result<String> {
        let folder = &self.folder;
        let mut lines = Vec::new();
        let entries = fs::read_dir(folder).with_context(|| format!("list {}", folder.display()))?;
        for entry in entries {
            let path = entry
                .with_context(|| format!("list {}", folder.display()))?
                .path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if path.is_file() && name.starts_with("lanlord") {
                let octets = fs::read(&path).with_context(|| format!("read {}", path.display()))?;
                lines.push((name.into_owned(), digest::sha256(&octets)));
            }
        }
        lines.sort();
        Ok(lines
            .into_iter()
            .map(|(name, sum)| format!("{sum}  {name}\n"))
            .collect())
    }

    fn write(&mut self, name: &str, octets: &[u8], mode: u32) -> Result<()> {
        let file = self.staged.path().join(name);
        fs::write(&file, octets).with_context(|| format!("write {}", file.display()))?;
        fs::set_permissions(&file, fs::Permissions::from_mode(mode))
            .with_context(|| format!("set the mode of {}", file.display()))?;
        self.names.push(name.to_owned());
        Ok(())
    }
}

#[cfg(test)]
mod tests;
