//! What people install, built around the lanlord under test.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};
use images::{Kind, Options, Source, compress::Effort, digest, reader, tree::Tree};

use crate::lab::build::workspace;

/// What the images are made of besides the program; a change of any of them builds anew.
const INPUTS: [&str; 5] = [
    "Cargo.toml",
    "LICENSE",
    "extension",
    "images",
    "lxc-router/router.toml",
];
/// Any fixed time will do for images that do not ship: 2025-01-01.
const MTIME: u64 = 1_735_689_600;
/// Builds kept, the newest ones; several labs may run with different programs.
const KEPT: usize = 4;

/// Where the images are.
#[derive(Clone, Debug)]
pub struct Images {
    /// Talos system extension: the OCI layout, a folder.
    pub extension: PathBuf,
    /// What is in it: a folder with `manifest.yaml` and `rootfs`.
    pub extension_tree: PathBuf,
    /// Proxmox template of the router, `.tar.zst`.
    pub template: PathBuf,
    /// OCI layout of the image for DaemonSets, a folder.
    pub oci: PathBuf,
    /// Debian package of the router.
    pub deb: PathBuf,
    /// The plain program, without symbols.
    pub binary: PathBuf,
}

/// Builds the images around this program, unless that was done before.
///
/// The template takes `nft` from Debian packages: the first call needs the network, so make it before entering a
/// network namespace.
///
/// # Errors
/// When a package cannot be had, or the program is not static.
pub fn ensure(lanlord: &Path) -> Result<Images> {
    let parent = workspace().join("target/images-of-tests");
    fs::create_dir_all(&parent).with_context(|| format!("create {}", parent.display()))?;
    let folder = parent.join(key(lanlord)?);
    let lock = parent.join(".lock");
    let lock = File::create(&lock).with_context(|| format!("create {}", lock.display()))?;
    lock.lock().context("wait for other builds of the images")?;
    if !folder.is_dir() {
        build_into(lanlord, &folder)?;
        remove_old(&parent)?;
    }
    Ok(images_in(&folder))
}

fn build_into(lanlord: &Path, folder: &Path) -> Result<()> {
    // One name for all: under the lock nobody else builds, so what stands there is of a build that failed.
    let unfinished = folder.with_file_name(".unfinished");
    remove(&unfinished)?;
    let options = Options {
        source: Source::dated(MTIME),
        kinds: Kind::ALL.to_vec(),
        architectures: vec![images::architecture_of(lanlord)?],
        binary: Some(lanlord.to_owned()),
        out: unfinished.clone(),
        effort: Effort::Fast,
    };
    let built = images::build(&options).context("build the images")?;
    for (kind, name) in NAMES {
        let image = built.images.iter().find(|image| image.kind == kind);
        let path = image.and_then(|image| image.paths.first());
        let path = path.with_context(|| format!("the builder gave no {name}"))?;
        fs::rename(path, unfinished.join(name))
            .with_context(|| format!("rename {}", path.display()))?;
    }
    let tree = extension_tree(&unfinished.join("extension.oci"))?;
    let target = unfinished.join("extension");
    fs::create_dir(&target).with_context(|| format!("create {}", target.display()))?;
    tree.unpack(&target)?;
    fs::rename(&unfinished, folder).with_context(|| format!("rename to {}", folder.display()))
}

const NAMES: [(Kind, &str); 5] = [
    (Kind::Binary, "lanlord"),
    (Kind::Extension, "extension.oci"),
    (Kind::Template, "router.tar.zst"),
    (Kind::Oci, "lanlord.oci"),
    (Kind::Deb, "lanlord.deb"),
];

fn images_in(folder: &Path) -> Images {
    Images {
        extension: folder.join("extension.oci"),
        extension_tree: folder.join("extension"),
        template: folder.join("router.tar.zst"),
        oci: folder.join("lanlord.oci"),
        deb: folder.join("lanlord.deb"),
        binary: folder.join("lanlord"),
    }
}

/// The tree that the layout's one image has.
fn extension_tree(layout: &Path) -> Result<Tree> {
    let mut found = reader::read(layout).context("read the extension back")?;
    ensure!(found.len() == 1, "{} images in the extension", found.len());
    Ok(found.remove(0).tree)
}

/// Names the inputs of a build, shortened: it tells builds apart and guards nothing.
fn key(lanlord: &Path) -> Result<String> {
    let mut text = Vec::new();
    let octets = fs::read(lanlord).with_context(|| format!("read {}", lanlord.display()))?;
    text.extend_from_slice(digest::sha256(&octets).as_bytes());
    for input in INPUTS {
        let path = workspace().join(input);
        if path.is_file() {
            text.extend(fs::read(&path).with_context(|| format!("read {}", path.display()))?);
        } else {
            for (name, member) in Tree::read(&path)?.members() {
                text.extend_from_slice(format!("{name} {member:?}").as_bytes());
            }
        }
    }
    Ok(digest::sha256(&text)[..16].to_owned())
}

fn remove_old(parent: &Path) -> Result<()> {
    let mut folders = Vec::new();
    for entry in fs::read_dir(parent).with_context(|| format!("list {}", parent.display()))? {
        let path = entry.context("list the builds")?.path();
        if path.is_dir() && !path.ends_with(".unfinished") {
            folders.push((fs::metadata(&path).and_then(|data| data.modified())?, path));
        }
    }
    folders.sort();
    for (_, path) in folders.iter().rev().skip(KEPT) {
        remove(path)?;
    }
    Ok(())
}

fn remove(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("remove {}", folder.display()))
        }
        Ok(()) | Err(_) => Ok(()),
    }
}
