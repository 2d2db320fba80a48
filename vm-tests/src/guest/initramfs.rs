//! The first root of a guest: the lab binary as init, the kernel's modules, and for a node the layers of its root.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};

use super::{cpio::Archive, debian::Parts, modules};

/// What Talos' imager writes beside the layers.
const EXTENSIONS: &str = "layers:\n    - image: 0.sqsh\n      metadata:\n        name: lanlord\n";

/// Folders that must be there before init makes its own.
const FOLDERS: [&str; 7] = ["bin", "dev", "layers", "modules", "proc", "root", "sys"];

/// Writes the router's.
pub(super) fn router(parts: &Parts, init: &Path, to: &Path) -> Result<()> {
    let needed = [&modules::BASE[..], &modules::ROUTER].concat();
    let archive = common(parts, init, &needed)?;
    write(archive, to)
}

/// Writes a node's, with the base root and the extension as layers.
pub(super) fn node(
    parts: &Parts,
    init: &Path,
    base: &Path,
    extension: &Path,
    to: &Path,
) -> Result<()> {
    let needed = [&modules::BASE[..], &modules::NODE].concat();
    let mut archive = common(parts, init, &needed)?;
    archive.program("bin/busybox", &parts.busybox)?;
    archive.copy("rootfs.sqsh", base)?;
    archive.copy("0.sqsh", extension)?;
    archive.file("extensions.yaml", EXTENSIONS.as_bytes());
    write(archive, to)
}

fn common(parts: &Parts, init: &Path, needed: &[&str]) -> Result<Archive> {
    let mut archive = Archive::default();
    for folder in FOLDERS {
        archive.directory(folder);
    }
    // The kernel opens it for init before devices are mounted.
    archive.character_device("dev/console", 5, 1);
    archive.program("init", init)?;
    let files: Vec<PathBuf> = modules::in_order(&parts.modules, needed)?;
    for (number, file) in files.iter().enumerate() {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        archive.copy(&format!("modules/{number:03}-{name}"), file)?;
    }
    Ok(archive)
}

fn write(archive: Archive, to: &Path) -> Result<()> {
    fs::write(to, archive.finish()).with_context(|| format!("write {}", to.display()))
}
