//! Reads our OCI layouts back, more strictly than any tool does.
//!
//! Talos verifies no digest, accepts folders nobody may enter and turns hard links into empty files; skopeo and umoci
//! do not mind the order of members. What any of them minds, or ought to, is refused here.

use std::{
    collections::BTreeSet,
    fs,
    io::Read as _,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;
use serde_json::Value;
use tar::EntryType;

use crate::{
    compress, digest,
    tree::{Content, Tree},
};

/// An image as a reader finds it.
#[derive(Debug)]
pub struct Found {
    /// OCI's name of the processor.
    pub architecture: String,
    /// Its configuration.
    pub config: Value,
    /// Its files.
    pub tree: Tree,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Descriptor {
    media_type: String,
    digest: String,
    size: u64,
    platform: Option<Platform>,
}

#[derive(Deserialize)]
struct Platform {
    os: String,
    architecture: String,
}

#[derive(Deserialize)]
struct Index {
    manifests: Vec<Descriptor>,
}

#[derive(Deserialize)]
struct Manifest {
    config: Descriptor,
    layers: Vec<Descriptor>,
}

/// Reads all images of a layout, and refuses what somebody could stumble over.
pub fn read(layout: &Path) -> Result<Vec<Found>> {
    let blobs = Blobs {
        folder: layout.join("blobs/sha256"),
    };
    let version: Value = json(&file(&layout.join("oci-layout"))?, "oci-layout")?;
    ensure!(
        version["imageLayoutVersion"] == "1.0.0",
        "oci-layout names no version that we know"
    );
    let index: Index = json(&file(&layout.join("index.json"))?, "index.json")?;
    ensure!(!index.manifests.is_empty(), "index.json names no image");
    let mut used = BTreeSet::new();
    let found = index
        .manifests
        .iter()
        .map(|descriptor| read_image(&blobs, descriptor, &mut used))
        .collect::<Result<Vec<_>>>()?;
    blobs.ensure_only(&used)?;
    Ok(found)
}

fn read_image(
    blobs: &Blobs,
    descriptor: &Descriptor,
    used: &mut BTreeSet<String>,
) -> Result<Found> {
    let platform = descriptor
        .platform
        .as_ref()
        .context("an image of index.json has no platform, and Talos takes none without")?;
    ensure!(platform.os == "linux", "an image for {}", platform.os);
    let manifest = blobs.read(
        descriptor,
        "application/vnd.oci.image.manifest.v1+json",
        used,
    )?;
    let manifest: Manifest = json(&manifest, "the manifest")?;
    let config = blobs.read(
        &manifest.config,
        "application/vnd.oci.image.config.v1+json",
        used,
    )?;
    let config: Value = json(&config, "the configuration")?;
    ensure!(
        config["architecture"] == platform.architecture.as_str() && config["os"] == "linux",
        "configuration and index name different platforms"
    );
    let [layer] = &manifest.layers[..] else {
        bail!("{} layers instead of one", manifest.layers.len());
    };
    let layer = blobs.read(layer, "application/vnd.oci.image.layer.v1.tar+gzip", used)?;
    let archive = compress::gunzip(&layer)?;
    ensure!(
        config["rootfs"]["diff_ids"] == Value::from(vec![digest::oci(&archive)]),
        "diff_ids is not the digest of the layer's archive"
    );
    Ok(Found {
        architecture: platform.architecture.clone(),
        config,
        tree: unpack(&archive)?,
    })
}

/// Reads a layer, member by member.
fn unpack(archive: &[u8]) -> Result<Tree> {
    let mut tree = Tree::new();
    let mut times = BTreeSet::new();
    let mut archive = tar::Archive::new(archive);
    for entry in archive.entries().context("read the layer")? {
        let mut entry = entry.context("read a member of the layer")?;
        let path = entry.path().context("read a member's path")?;
        let path = path.to_str().context("a path is not UTF-8")?.to_owned();
        let path = path.trim_end_matches('/');
        add(&mut tree, path, &mut entry).with_context(|| path.to_owned())?;
        times.insert(entry.header().mtime().context("read a member's time")?);
    }
    ensure!(times.len() == 1, "members have different times");
    Ok(tree)
}

fn add(tree: &mut Tree, path: &str, entry: &mut tar::Entry<'_, &[u8]>) -> Result<()> {
    let header = entry.header().clone();
    ensure!(tree.get(path).is_none(), "is there twice");
    if let Some((parent, _)) = path.rsplit_once('/') {
        let parent = tree.get(parent).map(|member| &member.content);
        ensure!(parent == Some(&Content::Folder), "comes before its folder");
    }
    let (mode, owner) = (header.mode()?, u32::try_from(header.uid()?)?);
    ensure!(mode & 0o6000 == 0, "has a set-id bit");
    ensure!(header.gid()? == u64::from(owner), "has a group of its own");
    tree.insert(path, mode, content(entry)?);
    tree.give(path, owner);
    for extension in entry.pax_extensions()?.into_iter().flatten() {
        let extension = extension?;
        match extension.key() {
            Ok("SCHILY.xattr.security.capability") => {
                tree.permit(path, extension.value_bytes().to_vec());
            }
            other => bail!("has an extension that we do not write: {other:?}"),
        }
    }
    Ok(())
}

fn content(entry: &mut tar::Entry<'_, &[u8]>) -> Result<Content> {
    let kind = entry.header().entry_type();
    if kind == EntryType::Directory {
        Ok(Content::Folder)
    } else if kind == EntryType::Regular {
        let mut octets = Vec::new();
        entry.read_to_end(&mut octets)?;
        Ok(Content::File(octets))
    } else if kind == EntryType::Symlink {
        let target = entry.link_name()?.context("is a link to nowhere")?;
        Ok(Content::Link(target.to_string_lossy().into_owned()))
    } else {
        bail!("is neither folder nor file nor symbolic link, but {kind:?}")
    }
}

struct Blobs {
    folder: PathBuf,
}

impl Blobs {
    fn read(
        &self,
        descriptor: &Descriptor,
        media_type: &str,
        used: &mut BTreeSet<String>,
    ) -> Result<Vec<u8>> {
        ensure!(
            descriptor.media_type == media_type,
            "{} instead of {media_type}",
            descriptor.media_type
        );
        let name = descriptor
            .digest
            .strip_prefix("sha256:")
            .with_context(|| format!("{} is no SHA-256", descriptor.digest))?;
        let octets = file(&self.folder.join(name))?;
        ensure!(
            octets.len() as u64 == descriptor.size,
            "{name} has {} octets instead of {}",
            octets.len(),
            descriptor.size
        );
        ensure!(digest::sha256(&octets) == name, "{name} has another digest");
        used.insert(name.to_owned());
        Ok(octets)
    }

    fn ensure_only(&self, used: &BTreeSet<String>) -> Result<()> {
        let entries = fs::read_dir(&self.folder)
            .with_context(|| format!("list {}", self.folder.display()))?;
        for entry in entries {
            let name = entry.context("list the blobs")?.file_name();
            let name = name.to_string_lossy();
            ensure!(used.contains(&*name), "no image has the blob {name}");
        }
        Ok(())
    }
}

fn file(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("read {}", path.display()))
}

fn json<T: for<'a> Deserialize<'a>>(octets: &[u8], what: &str) -> Result<T> {
    serde_json::from_slice(octets).with_context(|| format!("read {what}"))
}

#[cfg(test)]
mod tests;
