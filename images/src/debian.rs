//! Packages of the distribution, fetched without root and read without installing them.
//!
//! apt chooses the version from the lists that this computer has; where it has none (or is of another architecture)
//! lists of our own are fetched into the cache with the computer's own sources. A package that is in the cache under
//! the digest that apt expects is not fetched again, so a second build needs no network.

use std::{
    fs,
    io::Read as _,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use anyhow::{Context, Result, bail, ensure};

use crate::{architecture::Architecture, digest};

/// Where packages come from, and where they are kept.
#[derive(Debug)]
pub(crate) struct Archive {
    architecture: Architecture,
    cache: PathBuf,
}

/// A package that was fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Package {
    /// Binary package.
    pub name: String,
    /// Debian's version.
    pub version: String,
    /// Names of the packages it depends on; the first of alternatives.
    pub(crate) depends: Vec<String>,
    /// SHA-256 of the `.deb`.
    pub sha256: String,
    file: PathBuf,
}

/// A file of a package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Unpacked {
    /// Its octets.
    File(Vec<u8>),
    /// Target of a symbolic link.
    Link(String),
}

/// Whose lists apt reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lists {
    /// Those of this computer.
    Computer,
    /// Ours, in the cache, from the computer's sources.
    Own,
}

impl Archive {
    /// The archive for an architecture; what is fetched is kept below `cache`.
    pub(crate) fn new(architecture: Architecture, cache: &Path) -> Self {
        Self {
            architecture,
            cache: cache.join(format!("debian-{architecture}")),
        }
    }

    /// A package in the version that apt would install.
    pub(crate) fn fetch(&self, name: &str) -> Result<Package> {
        fs::create_dir_all(&self.cache)
            .with_context(|| format!("create {}", self.cache.display()))?;
        let (offer, lists) = self
            .offer(name)
            .with_context(|| format!("find the Debian package {name} for {}", self.architecture))?;
        let file = self.cache.join(&offer.file_name);
        if !is_whole(&file, &offer) {
            succeed(&mut self.download(name, lists))
                .with_context(|| format!("fetch the Debian package {name}"))?;
            ensure!(
                is_whole(&file, &offer),
                "{} is not the file that apt's lists describe",
                file.display()
            );
        }
        describe(file, offer.sha256)
    }

    /// What apt would fetch, and by which lists.
    fn offer(&self, name: &str) -> Result<(Offer, Lists)> {
        for lists in [Lists::Computer, Lists::Own] {
            let output = self.look_up(name, lists).output();
            let output =
                output.context("run apt-get (the router template takes nft from Debian)")?;
            if let Some(offer) = Offer::read(&String::from_utf8_lossy(&output.stdout)) {
                return Ok((offer, lists));
            }
        }
        succeed(self.apt(Lists::Own).arg("update"))?;
        let output = succeed(&mut self.look_up(name, Lists::Own))?;
        let offer = Offer::read(&String::from_utf8_lossy(&output.stdout));
        Ok((offer.context("apt-get offers nothing")?, Lists::Own))
    }

    /// Prints what `download` would fetch; in a folder without the file, or apt prints nothing.
    fn look_up(&self, name: &str, lists: Lists) -> Command {
        let mut command = self.download(name, lists);
        command.arg("--print-uris").current_dir("/");
        command
    }

    fn download(&self, name: &str, lists: Lists) -> Command {
        let mut command = self.apt(lists);
        command
            .args(["download", &format!("{name}:{}", self.architecture)])
            .current_dir(&self.cache);
        command
    }

    fn apt(&self, lists: Lists) -> Command {
        let mut command = Command::new("apt-get");
        command.arg("--quiet=2");
        let mut option = |name: &str, value: &str| {
            command.args(["-o", &format!("{name}={value}")]);
        };
        // apt's own user could not write into the cache.
        option("APT::Sandbox::User", "");
        if lists == Lists::Own {
            let state = self.cache.join("apt");
            let state = state.to_string_lossy();
            option("APT::Architecture", self.architecture.name());
            option("APT::Architectures", self.architecture.name());
            option("Dir::State", &state);
            option("Dir::State::status", "/dev/null");
            option("Dir::Cache", &format!("{state}/cache"));
        }
        command
    }
}

impl Package {
    #[cfg(test)]
    pub(crate) fn for_tests(name: &str, version: &str) -> Self {
        Self {
            name: name.to_owned(),
            version: version.to_owned(),
            depends: Vec::new(),
            sha256: digest::sha256(name.as_bytes()),
            file: PathBuf::new(),
        }
    }

    /// Regular files and links of the package whose path `wanted` accepts; paths have no leading `./`.
    pub(crate) fn unpack(&self, wanted: impl Fn(&str) -> bool) -> Result<Vec<(String, Unpacked)>> {
        let unpack = || -> Result<_> {
            let archive = succeed(
                Command::new("dpkg-deb")
                    .arg("--fsys-tarfile")
                    .arg(&self.file),
            )?;
            let mut found = Vec::new();
            let mut archive = tar::Archive::new(archive.stdout.as_slice());
            for entry in archive.entries()? {
                let mut entry = entry?;
                let path = entry.path()?.to_string_lossy().into_owned();
                let path = path.trim_start_matches("./").to_owned();
                if !wanted(&path) {
                    continue;
                }
                let kind = entry.header().entry_type();
                if kind.is_file() {
                    let mut octets = Vec::new();
                    entry.read_to_end(&mut octets)?;
                    found.push((path, Unpacked::File(octets)));
                } else if let (true, Some(target)) = (kind.is_symlink(), entry.link_name()?) {
                    let target = target.to_string_lossy().into_owned();
                    found.push((path, Unpacked::Link(target)));
                }
            }
            Ok(found)
        };
        unpack().with_context(|| format!("unpack {}", self.file.display()))
    }
}

/// A line of `apt-get download --print-uris`: address, file name, size, digest.
#[derive(Debug, PartialEq, Eq)]
struct Offer {
    file_name: String,
    sha256: String,
}

impl Offer {
    fn read(text: &str) -> Option<Self> {
        let words: Vec<&str> = text.lines().next()?.split_whitespace().collect();
        let [_address, file_name, _size, digest] = words[..] else {
            return None;
        };
        Some(Self {
            file_name: file_name.to_owned(),
            sha256: digest.strip_prefix("SHA256:")?.to_owned(),
        })
    }
}

fn is_whole(file: &Path, offer: &Offer) -> bool {
    fs::read(file).is_ok_and(|octets| digest::sha256(&octets) == offer.sha256)
}

fn describe(file: PathBuf, sha256: String) -> Result<Package> {
    let field = |name: &str| -> Result<String> {
        let output = succeed(Command::new("dpkg-deb").arg("--field").arg(&file).arg(name))?;
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    Ok(Package {
        name: field("Package")?,
        version: field("Version")?,
        depends: names(&field("Depends")?),
        sha256,
        file,
    })
}

/// `libc6 (>= 2.34), libfoo1 | libfoo0` gives `libc6`, `libfoo1`.
fn names(depends: &str) -> Vec<String> {
    depends
        .split(',')
        .filter_map(|term| term.split_whitespace().next())
        .map(|name| name.split(':').next().unwrap_or(name).to_owned())
        .collect()
}

fn succeed(command: &mut Command) -> Result<Output> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command
        .output()
        .with_context(|| format!("run {program} (the images need it)"))?;
    if !output.status.success() {
        let complaint = String::from_utf8_lossy(&output.stderr);
        bail!("{program}: {}: {}", output.status, complaint.trim());
    }
    Ok(output)
}

#[cfg(test)]
mod tests;
