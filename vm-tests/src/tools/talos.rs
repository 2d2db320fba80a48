//! Talos' own programs: machined, talosctl and the imager, and what a node of it needs besides.
//!
//! Nobody publishes them as a module, so one is made: Talos' own `go.mod` and `go.sum` as the module proxy has them, changed
//! as `vm-tests/tools/talos/node/go.mod.edits` says, beside the little Go that this lab needs of its own.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use super::{
    cache_dir,
    module::{Module, Origin, go},
};

/// Where the built programs are.
#[derive(Clone, Debug)]
pub struct Talos {
    /// Its version, as `v1.13.9`.
    pub version: String,
    /// PID 1 of a node, and its apid under another name.
    pub machined: PathBuf,
    /// The person's way to a node.
    pub talosctl: PathBuf,
    /// Puts extensions into boot assets. It wants to be called `imager`.
    pub imager: PathBuf,
    /// Runs services and images.
    pub containerd: PathBuf,
    /// What containerd runs a container under.
    pub shim: PathBuf,
    /// A registry for images, and the way to push one.
    pub crane: PathBuf,
    /// Signs the certificates of workers.
    pub trustd: PathBuf,
    /// Files of its root file system, a folder.
    pub files: PathBuf,
}

/// Builds what is not built yet and returns where it all is.
///
/// # Errors
/// When Go is missing or too old, or a build fails; the text then ends with the tail of the build's log.
pub fn ensure() -> Result<Talos> {
    let built = NODE.ensure(&cache_dir()?)?;
    Ok(Talos {
        version: Edits::read(&folder())?.version,
        machined: built.join("machined"),
        talosctl: built.join("talosctl"),
        imager: built.join("installer"),
        containerd: built.join("containerd"),
        shim: built.join("containerd-shim-runc-v2"),
        crane: built.join("crane"),
        trustd: built.join("trustd"),
        files: built.join(FILES),
    })
}

const TALOS: &str = "github.com/siderolabs/talos";
const MACHINERY: &str = "github.com/siderolabs/talos/pkg/machinery";

/// Name of the folder with files of the root file system.
const FILES: &str = "rootfs";

/// Module, a file in it, and its place in the root file system, as in Talos' `Dockerfile`.
const ROOT_FILES: [(&str, &str, &str); 6] = [
    (TALOS, "hack/containerd.toml", "etc/containerd/config.toml"),
    (TALOS, "hack/cri-containerd.toml", "etc/cri/containerd.toml"),
    (TALOS, "hack/cri-plugin.part", "etc/cri/conf.d/00-base.part"),
    (TALOS, "hack/nfsmount.conf", "etc/nfsmount.conf"),
    (TALOS, "hack/zoneinfo/Etc/UTC", "usr/share/zoneinfo/Etc/UTC"),
    (MACHINERY, "version/os-release", "etc/os-release"),
];

const NODE: Module = Module {
    folder: "talos/node",
    commands: &[
        (
            "github.com/siderolabs/talos/internal/app/machined",
            "machined",
        ),
        ("github.com/siderolabs/talos/cmd/talosctl", "talosctl"),
        ("github.com/siderolabs/talos/cmd/installer", "installer"),
        (
            "github.com/containerd/containerd/v2/cmd/containerd",
            "containerd",
        ),
        (
            "github.com/containerd/containerd/v2/cmd/containerd-shim-runc-v2",
            "containerd-shim-runc-v2",
        ),
        ("github.com/google/go-containerregistry/cmd/crane", "crane"),
        ("./trustd", "trustd"),
    ],
    ldflags: "-s -w",
    origin: Origin::Made {
        go: "1.26.6",
        // The first two are Talos' own. Kubernetes' interface of containerd has nobody to serve here.
        tags: "tcell_minimal,grpcnotrace,no_cri",
        make,
    },
    minutes: 11,
};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tools")
        .join(NODE.folder)
}

/// Makes the module, and takes the files of the root file system out of Talos' own.
fn make(source: &Path, module: &Path, beside: &Path) -> Result<()> {
    let edits = Edits::read(source)?;
    let talos = download(TALOS, &edits.version)?.folder;
    for (from, name) in [
        (talos.as_path(), "go.mod"),
        (&talos, "go.sum"),
        (source, "trustd/main.go"),
    ] {
        copy(&from.join(name), &module.join(name))?;
    }
    printed(go(module).args(["mod", "edit"]).args(&edits.arguments))?;
    for (origin, name, place) in ROOT_FILES {
        let from = download(origin, &edits.version)?.folder.join(name);
        copy(&from, &beside.join(FILES).join(place))?;
    }
    Ok(())
}

/// By content: the module cache is read-only, and a copy is not.
fn copy(from: &Path, to: &Path) -> Result<()> {
    let folder = to.parent().context("a file lies in a folder")?;
    fs::create_dir_all(folder).with_context(|| format!("create {}", folder.display()))?;
    fs::read(from)
        .and_then(|content| fs::write(to, content))
        .with_context(|| format!("copy {} to {}", from.display(), to.display()))
}

/// The changes of Talos' `go.mod`.
struct Edits {
    version: String,
    arguments: Vec<String>,
}

impl Edits {
    fn read(source: &Path) -> Result<Self> {
        let file = source.join("go.mod.edits");
        let text = fs::read_to_string(&file).with_context(|| format!("read {}", file.display()))?;
        let arguments: Vec<String> = text
            .lines()
            .filter(|line| line.starts_with('-'))
            .map(str::to_owned)
            .collect();
        let requirement = format!("-require={TALOS}@");
        let version = arguments
            .iter()
            .find_map(|argument| argument.strip_prefix(&requirement))
            .with_context(|| format!("{} names no version of Talos", file.display()))?
            .to_owned();
        Ok(Self { version, arguments })
    }
}

/// A module in Go's cache.
#[derive(Deserialize)]
struct Download {
    #[serde(rename = "Dir")]
    folder: PathBuf,
}

/// Brings a module into Go's cache, verified by Go.
fn download(module: &str, version: &str) -> Result<Download> {
    let text = printed(go(Path::new("/")).args([
        "mod",
        "download",
        "-json",
        &format!("{module}@{version}"),
    ]))?;
    serde_json::from_slice(&text).with_context(|| format!("understand where Go put {module}"))
}

fn printed(command: &mut Command) -> Result<Vec<u8>> {
    let output = command
        .output()
        .with_context(|| format!("run {command:?}"))?;
    ensure!(
        output.status.success(),
        "{command:?}: {}: {}{}",
        output.status,
        String::from_utf8_lossy(&output.stderr).trim(),
        // Where it was asked for JSON, the reason is in there.
        String::from_utf8_lossy(&output.stdout).trim()
    );
    Ok(output.stdout)
}
