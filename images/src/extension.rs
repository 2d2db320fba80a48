//! The Talos system extension: a manifest, a service spec, and the root of one container.
//!
//! Everything that is not the program is read from `extension/network/lanlord`, the form that the repository of
//! extensions takes. One tree is valid for Talos 1.8 and all later releases: it has files only below `usr/local`,
//! explicit folders anybody may enter, and no hard links.

use anyhow::{Context, Result, ensure};

use crate::{
    source::{Source, VERSION},
    tree::Tree,
};

/// Folder of the sources.
const FOLDER: &str = "extension/network/lanlord";
/// Root of the container, in the image.
pub(crate) const CONTAINER: &str = "rootfs/usr/local/lib/containers/lanlord";
/// Where the program stands in the container.
pub(crate) const PROGRAM: &str = "usr/local/bin/lanlord";

/// Folders in the container's root that something is mounted on. The root is read-only, so they must be there.
const MOUNT_POINTS: [&str; 9] = [
    "dev",
    "etc/kubernetes",
    "proc",
    "run",
    "sys",
    "tmp",
    "usr",
    "var/lib/kubelet",
    "var/lib/lanlord",
];
/// Files that the runtime mounts over.
const MOUNT_FILES: [&str; 2] = ["etc/hosts", "etc/resolv.conf"];

/// The whole image.
pub(crate) fn tree(source: &Source, program: &[u8], sbom: &str) -> Result<Tree> {
    let mut tree = Tree::new();
    tree.file("manifest.yaml", manifest(source)?);
    tree.file(
        "rootfs/usr/local/etc/containers/lanlord.yaml",
        source.text(&format!("{FOLDER}/lanlord.yaml"))?,
    );
    tree.file("rootfs/usr/local/share/spdx/lanlord.spdx.json", sbom);
    for folder in MOUNT_POINTS {
        tree.folder(&format!("{CONTAINER}/{folder}"));
    }
    for file in MOUNT_FILES {
        tree.file(&format!("{CONTAINER}/{file}"), "");
    }
    tree.program(&format!("{CONTAINER}/{PROGRAM}"), program);
    Ok(tree)
}

/// The manifest: the template with its variables put in, as the build of the extensions' repository does it.
fn manifest(source: &Source) -> Result<String> {
    let shared = variables(&source.text("extension/network/vars.yaml")?)?;
    let version = shared
        .iter()
        .find(|(name, _)| name == "LANLORD_VERSION")
        .map(|(_, value)| value.as_str());
    ensure!(
        version == Some(VERSION),
        "extension/network/vars.yaml: LANLORD_VERSION is {}, and the workspace has {VERSION}",
        version.unwrap_or("missing")
    );
    let own = fill(&source.text(&format!("{FOLDER}/vars.yaml"))?, &shared);
    let template = source.text(&format!("{FOLDER}/manifest.yaml.tmpl"))?;
    let manifest = fill(&template, &variables(&own)?);
    ensure!(
        !manifest.contains("{{"),
        "{FOLDER}/manifest.yaml.tmpl names a variable that vars.yaml lacks"
    );
    Ok(manifest)
}

/// `NAME: value` lines; comments and empty lines are passed over.
fn variables(text: &str) -> Result<Vec<(String, String)>> {
    text.lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| {
            let (name, value) = line
                .split_once(':')
                .with_context(|| format!("`{line}` is no variable: write NAME: value"))?;
            Ok((name.to_owned(), value.trim().trim_matches('"').to_owned()))
        })
        .collect()
}

fn fill(template: &str, variables: &[(String, String)]) -> String {
    variables
        .iter()
        .fold(template.to_owned(), |text, (name, value)| {
            text.replace(&format!("{{{{ .{name} }}}}"), value)
        })
}

#[cfg(test)]
mod tests;
