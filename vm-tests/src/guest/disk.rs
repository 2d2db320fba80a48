//! Disks of guests, made from folders without root and without a mount; the same folder gives the same octets.

use std::{
    fs::{self, File},
    path::Path,
    process::Command,
};

use anyhow::{Context, Result};

use super::debian::run;
use crate::packages::find;

/// Times in the file systems: 2025-01-01.
const TIME: &str = "1735689600";
/// Identity of the router's file system, and seed of its folder hashes.
const IDENTITY: &str = "6c616e6c-6f72-4d00-8000-000000000001";

/// How a read-only image is compressed.
#[derive(Clone, Copy, Debug)]
pub(super) enum Compression {
    /// As Talos' imager does it.
    Zstd,
    /// Quick to make and to read.
    None,
}

/// A read-only image of a folder; everything in it is root's.
pub(super) fn squashfs(folder: &Path, to: &Path, compression: Compression) -> Result<()> {
    let mut command = program("mksquashfs")?;
    command.arg(folder).arg(to).args([
        "-all-root",
        "-noappend",
        "-no-progress",
        "-quiet",
        "-mkfs-time",
        TIME,
        "-all-time",
        TIME,
    ]);
    match compression {
        // Talos takes 18, which is slow here and says nothing more about the mount.
        Compression::Zstd => command.args(["-comp", "zstd", "-Xcompression-level", "3"]),
        Compression::None => command.args(["-noI", "-noD", "-noF", "-noX"]),
    };
    run(&mut command).map(drop)
}

/// A writable disk of that many MiB with what is in a folder.
pub(super) fn ext4(folder: &Path, to: &Path, mib: u64) -> Result<()> {
    File::create(to)
        .and_then(|file| file.set_len(mib << 20))
        .with_context(|| format!("create {}", to.display()))?;
    let extended = format!("root_owner=0:0,hash_seed={IDENTITY}");
    run(program("mke2fs")?
        .args([
            "-q", "-F", "-t", "ext4", "-U", IDENTITY, "-E", &extended, "-d",
        ])
        .arg(folder)
        .arg(to)
        .env("E2FSPROGS_FAKE_TIME", TIME))
    .map(drop)
}

/// Unpacks a template with the flags of `pct create`.
pub(super) fn unpack_template(archive: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to).with_context(|| format!("create {}", to.display()))?;
    run(program("tar")?
        .args([
            "--extract",
            "--zstd",
            "--numeric-owner",
            "--preserve-permissions",
            "--sparse",
            "--anchored",
            "--exclude=./dev/*",
            "--file",
        ])
        .arg(archive)
        .arg("--directory")
        .arg(to))
    .map(drop)
}

pub(super) fn program(name: &str) -> Result<Command> {
    let path = find(name).with_context(|| format!("{name} is not installed"))?;
    Ok(Command::new(path))
}
