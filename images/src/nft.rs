//! The program `nft` of Debian and every library that it needs, found by what the files themselves ask for.
//!
//! It is a program of its own beside lanlord (GPL-2), with the copyright file of each package that gives something.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    path::Path,
};

use anyhow::{Context, Result, bail, ensure};

use crate::{
    architecture::Architecture,
    debian::{Archive, Package, Unpacked},
    elf::Elf,
    tree::{Content, Tree},
};

/// Where `nft` stands, in the package and in our tree.
const PROGRAM: &str = "usr/sbin/nft";
/// Where Debian keeps the licences that many packages share.
const COMMON_LICENCES: &str = "usr/share/common-licenses/";

/// `nft`, its libraries, and where they are from.
#[derive(Debug)]
pub(crate) struct Nft {
    /// What goes into the template.
    pub tree: Tree,
    /// The packages, by name.
    pub packages: Vec<Package>,
}

/// Fetches what is not in the cache, and puts it together.
pub(crate) fn collect(architecture: Architecture, cache: &Path) -> Result<Nft> {
    let mut search = Search {
        architecture,
        archive: Archive::new(architecture, cache),
        packages: BTreeMap::new(),
        looked_at: BTreeSet::new(),
        giving: BTreeSet::new(),
        tree: Tree::new(),
    };
    search.run().context("collect nft and its libraries")?;
    Ok(Nft {
        packages: search
            .giving
            .iter()
            .filter_map(|name| Some(search.packages.get(name)?.package.clone()))
            .collect(),
        tree: search.tree,
    })
}

/// A package with what it holds of programs, libraries and licences.
struct Opened {
    package: Package,
    files: BTreeMap<String, Unpacked>,
}

struct Search {
    architecture: Architecture,
    archive: Archive,
    packages: BTreeMap<String, Opened>,
    /// Names of libraries that were taken, or are on the list.
    looked_at: BTreeSet<String>,
    /// Packages that gave a file.
    giving: BTreeSet<String>,
    tree: Tree,
}

impl Search {
    fn run(&mut self) -> Result<()> {
        self.open("nftables")?;
        let program = self
            .file("nftables", PROGRAM)
            .with_context(|| format!("the package nftables has no {PROGRAM}"))?;
        let elf = self.judge(PROGRAM, &program)?;
        let loader = elf.interpreter.context("nft asks for no loader")?;
        self.tree.program(PROGRAM, program);
        self.give("nftables")?;

        // Each library, and the package whose dependencies lead to it.
        let mut wanted: VecDeque<(String, String)> = VecDeque::new();
        self.want(&mut wanted, elf.needed, "nftables");
        while let Some((library, of)) = wanted.pop_front() {
            let (package, octets) = self.find(&library, &of)?;
            let elf = self.judge(&library, &octets)?;
            let path = if loader.ends_with(&format!("/{library}")) {
                loader.trim_start_matches('/').to_owned()
            } else {
                format!("usr/lib/{}/{library}", self.architecture.triplet())
            };
            self.tree.program(&path, octets);
            self.give(&package)?;
            self.want(&mut wanted, elf.needed, &package);
        }
        ensure!(
            self.tree.get(loader.trim_start_matches('/')).is_some(),
            "no library asked for the loader {loader}"
        );
        self.common_licences()
    }

    /// The licences that the copyright files only point at.
    fn common_licences(&mut self) -> Result<()> {
        const PACKAGE: &str = "base-files";
        self.open(PACKAGE)?;
        let named: BTreeSet<String> = self
            .tree
            .members()
            .filter(|(path, _)| path.ends_with("/copyright"))
            .filter_map(|(_, member)| match &member.content {
                Content::File(octets) => Some(String::from_utf8_lossy(octets)),
                Content::Folder | Content::Link(_) => None,
            })
            .flat_map(|text| licences_named(&text))
            .collect();
        for licence in named {
            let path = format!("{COMMON_LICENCES}{licence}");
            let text = self
                .file(PACKAGE, &path)
                .with_context(|| format!("the package {PACKAGE} has no {path}"))?;
            self.tree.file(&path, text);
        }
        self.give(PACKAGE)
    }

    fn want(&mut self, wanted: &mut VecDeque<(String, String)>, needed: Vec<String>, of: &str) {
        for library in needed {
            if self.looked_at.insert(library.clone()) {
                wanted.push_back((library, of.to_owned()));
            }
        }
    }

    /// The package, among those that `of` depends on, that has this library.
    fn find(&mut self, library: &str, of: &str) -> Result<(String, Vec<u8>)> {
        let depends = self
            .packages
            .get(of)
            .map(|opened| opened.package.depends.clone())
            .unwrap_or_default();
        for name in depends.iter().map(String::as_str).chain([of]) {
            self.open(name)?;
            if let Some(octets) = self.library(name, library) {
                return Ok((name.to_owned(), octets));
            }
        }
        bail!("{library}: none of the packages that {of} depends on has it")
    }

    fn open(&mut self, name: &str) -> Result<()> {
        if self.packages.contains_key(name) {
            return Ok(());
        }
        let package = self.archive.fetch(name)?;
        let files = package.unpack(|path| {
            path == PROGRAM
                || path == format!("usr/share/doc/{name}/copyright")
                || path.starts_with(COMMON_LICENCES)
                || is_library(path)
        })?;
        let opened = Opened {
            package,
            files: files.into_iter().collect(),
        };
        self.packages.insert(name.to_owned(), opened);
        Ok(())
    }

    /// A library of a package by its file name, in whichever folder of libraries it is.
    fn library(&self, package: &str, name: &str) -> Option<Vec<u8>> {
        let ends = format!("/{name}");
        let path = self
            .packages
            .get(package)?
            .files
            .keys()
            .find(|path| path.ends_with(&ends) && in_library_folder(path, self.architecture))?;
        self.file(package, path)
    }

    /// A file of a package; links are followed within the package.
    fn file(&self, package: &str, path: &str) -> Option<Vec<u8>> {
        const LINKS: usize = 8;
        let files = &self.packages.get(package)?.files;
        let mut path = path.to_owned();
        for _ in 0..LINKS {
            match files.get(&path)? {
                Unpacked::File(octets) => return Some(octets.clone()),
                Unpacked::Link(target) => {
                    path = match target.strip_prefix('/') {
                        Some(absolute) => absolute.to_owned(),
                        None => format!("{}/{target}", path.rsplit_once('/')?.0),
                    };
                }
            }
        }
        None
    }

    /// Notes that the package gave something, and takes its licence.
    fn give(&mut self, package: &str) -> Result<()> {
        if self.giving.insert(package.to_owned()) {
            let path = format!("usr/share/doc/{package}/copyright");
            let licence = self
                .file(package, &path)
                .with_context(|| format!("the package {package} has no copyright file"))?;
            self.tree.file(&path, licence);
        }
        Ok(())
    }

    fn judge(&self, name: &str, octets: &[u8]) -> Result<Elf> {
        let elf = Elf::read(octets).with_context(|| format!("judge {name}"))?;
        ensure!(
            elf.architecture == Some(self.architecture),
            "{name} is not for {}",
            self.architecture
        );
        Ok(elf)
    }
}

/// The common licences that a copyright file points at.
fn licences_named(text: &str) -> BTreeSet<String> {
    text.split(COMMON_LICENCES)
        .skip(1)
        .map(|rest| {
            rest.chars()
                .take_while(|c| c.is_ascii_alphanumeric() || "-.".contains(*c))
                .collect::<String>()
        })
        .map(|name| name.trim_end_matches('.').to_owned())
        .filter(|name| !name.is_empty())
        .collect()
}

fn is_library(path: &str) -> bool {
    path.contains("lib") && path.contains(".so")
}

/// Folders that the loader searches by itself; not those of plugins or of variants for other processors.
fn in_library_folder(path: &str, architecture: Architecture) -> bool {
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let folder = folder.strip_prefix("usr/").unwrap_or(folder);
    folder == "lib"
        || folder == "lib64"
        || folder.strip_prefix("lib/") == Some(architecture.triplet())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copyright_file_names_the_licences_it_points_at() {
        let text = "see `/usr/share/common-licenses/GPL-2'.\nAlso in /usr/share/common-licenses/LGPL-2.1.\n";

        let named: Vec<String> = licences_named(text).into_iter().collect();

        assert_eq!(named, ["GPL-2", "LGPL-2.1"]);
    }
}
