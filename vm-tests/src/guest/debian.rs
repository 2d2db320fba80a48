//! Packages of the distribution that are unpacked, not installed: what a guest needs and this computer does not.
//!
//! They are kept in `${XDG_CACHE_HOME:-$HOME/.cache}/lanlord/tools/guest/<package>/`, in the version that was current at first
//! use. Call this while there is an Internet: a user's own namespace has none.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail, ensure};

use crate::{output::complain, tools::cache_dir};

/// A small kernel for virtual machines; this package only names the current one.
const KERNEL: &str = "linux-image-cloud-amd64";
/// One static program with the tools that a guest's start needs; it cannot be installed beside `busybox`.
const BUSYBOX: &str = "busybox-static";

/// What guests are made of, beside our images.
#[derive(Clone, Debug)]
pub(super) struct Parts {
    /// The kernel, as the boot loader gets it.
    pub(super) kernel: PathBuf,
    /// Folder with the kernel's modules.
    pub(super) modules: PathBuf,
    /// The static busybox.
    pub(super) busybox: PathBuf,
}

/// Downloads what is not there yet.
///
/// # Errors
/// When a package cannot be had, with the words of apt-get.
pub(super) fn ensure() -> Result<Parts> {
    let cache = cache_dir()?.join("guest");
    let kernel = unpacked(&cache, KERNEL, current_kernel)?;
    let busybox = unpacked(&cache, BUSYBOX, || Ok(BUSYBOX.to_owned()))?.join("bin/busybox");
    ensure!(busybox.is_file(), "{} is missing", busybox.display());
    Ok(Parts {
        modules: only_entry(&kernel.join("lib/modules"), "")?,
        kernel: only_entry(&kernel.join("boot"), "vmlinuz-")?,
        busybox,
    })
}

/// The package that the name of the newest kernel stands for.
fn current_kernel() -> Result<String> {
    let text = run(Command::new("apt-cache").args(["depends", "--important", KERNEL]))?;
    text.lines()
        .find_map(|line| line.trim().strip_prefix("Depends: "))
        .map(str::to_owned)
        .with_context(|| format!("{KERNEL} depends on no kernel: {text}"))
}

/// The folder in which a package is unpacked.
fn unpacked(cache: &Path, name: &str, package: impl Fn() -> Result<String>) -> Result<PathBuf> {
    let folder = cache.join(name);
    if folder.is_dir() {
        return Ok(folder);
    }
    fs::create_dir_all(cache).with_context(|| format!("create {}", cache.display()))?;
    let lock = cache.join("lock");
    let lock = File::create(&lock).with_context(|| format!("create {}", lock.display()))?;
    lock.lock()
        .context("wait for another download of guest parts")?;
    // Whoever held the lock before may have fetched the same.
    if folder.is_dir() {
        return Ok(folder);
    }
    let staging = cache.join(format!(".fetching-{name}"));
    if staging.exists() {
        fs::remove_dir_all(&staging).with_context(|| format!("remove {}", staging.display()))?;
    }
    fs::create_dir(&staging).with_context(|| format!("create {}", staging.display()))?;
    let archive = download(&staging, package)?;
    let root = staging.join("root");
    run(Command::new("dpkg-deb").arg("-x").args([&archive, &root]))?;
    fs::rename(&root, &folder).with_context(|| format!("move to {}", folder.display()))?;
    fs::remove_dir_all(&staging).with_context(|| format!("remove {}", staging.display()))?;
    Ok(folder)
}

/// Downloads a package; where the lists of packages are missing or old, they are fetched first if that is allowed.
fn download(into: &Path, package: impl Fn() -> Result<String>) -> Result<PathBuf> {
    let fetch = || -> Result<PathBuf> {
        let package = package()?;
        complain(format!("downloading {package}, which is not installed"));
        run(apt_get(into).args(["download", &package]))?;
        only_entry(into, &format!("{package}_"))
    };
    fetch().or_else(|first| {
        if !nix::unistd::geteuid().is_root() {
            bail!("{first:#}\n  fresh lists of packages may help:  sudo apt-get update");
        }
        run(apt_get(into).arg("update"))?;
        fetch()
    })
}

fn apt_get(folder: &Path) -> Command {
    let mut command = Command::new("apt-get");
    command.current_dir(folder).args([
        "--quiet=2",
        "-oDPkg::Lock::Timeout=300",
        // The folder is the user's own, which apt's own user may not enter.
        "-oAPT::Sandbox::User=root",
    ]);
    command
}

/// The one entry of a folder whose name begins so.
fn only_entry(folder: &Path, prefix: &str) -> Result<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("list {}", folder.display()))? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with(prefix) {
            found.push(path);
        }
    }
    match <[PathBuf; 1]>::try_from(found) {
        Ok([only]) => Ok(only),
        Err(found) => bail!(
            "{} has {} entries that begin with {prefix:?}, not one",
            folder.display(),
            found.len()
        ),
    }
}

/// Runs a program; what it printed.
pub(super) fn run(command: &mut Command) -> Result<String> {
    let output = command
        .output()
        .with_context(|| format!("run {command:?}"))?;
    ensure!(
        output.status.success(),
        "{command:?}: {}: {}",
        output.status,
        String::from_utf8_lossy(&output.stderr).trim()
    );
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
