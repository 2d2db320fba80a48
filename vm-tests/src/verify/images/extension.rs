//! The extension, checked for what Talos refuses and for what it accepts and should not.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use images::{
    Built, Kind,
    elf::Elf,
    reader,
    tree::{Content, Tree},
};

const SPEC: &str = "rootfs/usr/local/etc/containers/lanlord.yaml";
const SBOM: &str = "rootfs/usr/local/share/spdx/lanlord.spdx.json";
const CONTAINER: &str = "rootfs/usr/local/lib/containers/lanlord";

pub(super) fn judge(built: &Built, _: &Path) -> Result<()> {
    let found = reader::read(super::path(built, Kind::Extension)?)?;
    let [image] = &found[..] else {
        anyhow::bail!("{} images in the layout", found.len());
    };
    let tree = &image.tree;
    for (path, member) in tree.members() {
        let expected = match member.content {
            Content::Folder => Some(0o755),
            Content::File(_) if path.ends_with("/bin/lanlord") => Some(0o755),
            Content::File(_) => Some(0o644),
            Content::Link(_) => None,
        };
        ensure!(
            expected.is_none_or(|mode| member.mode == mode),
            "{path} has the mode {:o}",
            member.mode
        );
        ensure!(member.owner == 0, "{path} does not belong to root");
        ensure!(
            member.capabilities.is_none(),
            "{path} has capabilities, which Talos drops"
        );
        let allowed = path == "manifest.yaml"
            || member.content == Content::Folder
            || path.starts_with("rootfs/usr/local/");
        ensure!(allowed, "Talos allows no {path}");
    }
    let roots: Vec<&str> = tree
        .members()
        .map(|(path, _)| path)
        .filter(|path| !path.contains('/'))
        .collect();
    ensure!(
        roots == ["manifest.yaml", "rootfs"],
        "at the root: {roots:?}"
    );
    program(tree)?;
    let sbom: serde_json::Value =
        serde_json::from_slice(octets(tree, SBOM)?).context("read the bill of materials")?;
    ensure!(
        sbom["spdxVersion"] == "SPDX-2.3",
        "the bill is not SPDX 2.3"
    );
    Ok(())
}

/// The program that the service starts is there, and starts without a loader.
fn program(tree: &Tree) -> Result<()> {
    let spec = String::from_utf8_lossy(octets(tree, SPEC)?).into_owned();
    let entrypoint = spec
        .lines()
        .find_map(|line| line.trim().strip_prefix("entrypoint: /"))
        .context("the service has no absolute entrypoint")?;
    let elf = Elf::read(octets(tree, &format!("{CONTAINER}/{entrypoint}"))?)?;
    ensure!(
        elf.interpreter.is_none() && elf.needed.is_empty(),
        "the entrypoint is not static"
    );
    // Where the service has something mounted there is a folder to mount it on; /run the runtime makes anew.
    for line in spec.lines() {
        let destination = line.trim().strip_prefix("destination: /");
        if let Some(folder) = destination.filter(|folder| !folder.starts_with("run/")) {
            let member = tree.get(&format!("{CONTAINER}/{folder}"));
            ensure!(
                member.is_some_and(|member| member.content == Content::Folder),
                "nothing to mount /{folder} on"
            );
        }
    }
    Ok(())
}

fn octets<'a>(tree: &'a Tree, path: &str) -> Result<&'a [u8]> {
    match tree.get(path).map(|member| &member.content) {
        Some(Content::File(octets)) => Ok(octets),
        Some(Content::Folder | Content::Link(_)) | None => anyhow::bail!("no file {path}"),
    }
}
