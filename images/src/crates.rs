//! The crates that are linked into the program, as cargo resolves features for it and for its target.

use std::{collections::BTreeSet, process::Command};

use anyhow::{Context, Result, ensure};

use crate::{architecture::Architecture, source::Source};

/// A crate in the program.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Crate {
    /// Name.
    pub(crate) name: String,
    /// Version.
    pub(crate) version: String,
    /// Licence as its author writes it.
    pub(crate) license: String,
    /// Where it is developed; empty where it does not say.
    pub(crate) repository: String,
    /// It is a part of this repository.
    pub(crate) is_ours: bool,
    /// SHA-256 of its package, as Cargo.lock pins it.
    pub(crate) checksum: Option<String>,
}

/// Who links whom.
#[derive(Debug, Default)]
pub(crate) struct Graph {
    /// The crates; the program itself is among them.
    pub(crate) crates: BTreeSet<Crate>,
    /// Name and version of a crate, and of one that it depends on.
    pub(crate) edges: BTreeSet<[(String, String); 2]>,
}

/// Asks cargo. Proc-macros and what only build scripts use are not in the program, and are left out.
pub(crate) fn linked(source: &Source, architecture: Architecture) -> Result<Graph> {
    let output = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["tree", "--locked", "--package", "lanlord"])
        .args(["--edges", "normal,no-proc-macro"])
        .args(["--target", architecture.target()])
        .args(["--prefix", "depth", "--format", "|{p}|{l}|{r}|"])
        .current_dir(source.root())
        .output()
        .context("run cargo tree")?;
    ensure!(
        output.status.success(),
        "cargo tree: {}: {}",
        output.status,
        String::from_utf8_lossy(&output.stderr).trim()
    );
    let lock = source.text("Cargo.lock")?;
    read(&String::from_utf8_lossy(&output.stdout), &lock)
}

/// Reads `2|serde v1.0.229|MIT OR Apache-2.0|address| (*)`; the number is the depth.
fn read(tree: &str, lock: &str) -> Result<Graph> {
    let mut graph = Graph::default();
    let mut path: Vec<(String, String)> = Vec::new();
    for line in tree.lines() {
        let fields: Vec<&str> = line.split('|').collect();
        let [depth, package, license, repository, _] = fields[..] else {
            anyhow::bail!("cargo tree printed `{line}`");
        };
        let depth: usize = depth.parse().context("read the depth in cargo tree")?;
        let (name, version) = package
            .split_once(" v")
            .with_context(|| format!("cargo tree printed `{line}`"))?;
        // A crate of this repository has its folder behind the version.
        let (version, is_ours) = match version.split_once(' ') {
            Some((version, _folder)) => (version, true),
            None => (version, false),
        };
        let id = (name.to_owned(), version.to_owned());
        path.truncate(depth);
        if let Some(parent) = path.last() {
            graph.edges.insert([parent.clone(), id.clone()]);
        }
        path.push(id);
        graph.crates.insert(Crate {
            name: name.to_owned(),
            version: version.to_owned(),
            // Before SPDX expressions, a slash meant a choice.
            license: license.replace('/', " OR "),
            repository: repository.to_owned(),
            is_ours,
            checksum: checksum(lock, name, version),
        });
    }
    Ok(graph)
}

fn checksum(lock: &str, name: &str, version: &str) -> Option<String> {
    let begin = format!("name = \"{name}\"\nversion = \"{version}\"\n");
    let (_, rest) = lock.split_once(&begin)?;
    let package = rest.split("[[package]]").next()?;
    let (_, checksum) = package.split_once("checksum = \"")?;
    Some(checksum.split('"').next()?.to_owned())
}

#[cfg(test)]
mod tests;
