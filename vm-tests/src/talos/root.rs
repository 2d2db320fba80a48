//! The lower layer of the root file system: what Talos' own image has, as far as a node's services need it.
//!
//! machined and containerd are Talos'. runc and the C library are Debian's, and so is busybox, for the shell script that
//! stands before runc. The empty files are what machined mounts its own over; it makes none itself.

use std::{
    fs::{self, Permissions},
    os::unix::fs::{PermissionsExt, symlink},
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, ensure};

use super::files::{scenario, text};
use crate::{packages, tools::talos::Talos};

const FOLDERS: [&str; 30] = [
    "boot",
    "dev",
    "etc/cni/net.d",
    "etc/containerd",
    "etc/cri/conf.d/hosts",
    "etc/iscsi",
    "etc/kubernetes/manifests",
    "etc/nvme",
    "etc/selinux/targeted/contexts/files",
    "etc/ssl/certs",
    "mnt",
    "opt/containerd/bin",
    "opt/containerd/lib",
    "proc",
    "root",
    "run",
    "sys",
    "system",
    "tmp",
    "usr/bin",
    "usr/etc",
    "usr/lib/modules",
    "usr/lib/udev/rules.d",
    "usr/lib64",
    "usr/libexec/kubernetes",
    "usr/local/lib/containers",
    "usr/local/lib/kubelet/credentialproviders",
    "usr/local/share/spdx",
    "usr/share/spdx",
    "var",
];

const EMPTY_FILES: [&str; 14] = [
    "etc/cri/conf.d/01-registries.part",
    "etc/cri/conf.d/20-customization.part",
    "etc/cri/conf.d/base-spec.json",
    "etc/cri/conf.d/cri.toml",
    "etc/extensions.yaml",
    "etc/hosts",
    "etc/iscsi/initiatorname.iscsi",
    "etc/machine-id",
    "etc/nvme/hostid",
    "etc/nvme/hostnqn",
    "etc/resolv.conf",
    "etc/selinux/targeted/contexts/files/file_contexts",
    "etc/ssl/certs/ca-certificates.crt",
    // Tells machined that it runs in a container.
    "usr/etc/in-container",
];

const LINKS: [(&str, &str); 7] = [
    ("usr/bin", "bin"),
    ("usr/bin", "sbin"),
    ("usr/lib", "lib"),
    ("usr/lib64", "lib64"),
    ("/usr/share/zoneinfo/Etc/UTC", "etc/localtime"),
    ("busybox", "usr/bin/sh"),
    ("busybox", "usr/bin/sed"),
];

/// Makes it in a folder.
pub(super) fn build(root: &Path, talos: &Talos, name: &str) -> Result<()> {
    for folder in FOLDERS {
        let folder = root.join(folder);
        fs::create_dir_all(&folder).with_context(|| format!("create {}", folder.display()))?;
    }
    for (target, link) in LINKS {
        let link = root.join(link);
        symlink(target, &link).with_context(|| format!("link {}", link.display()))?;
    }
    for file in EMPTY_FILES {
        let file = root.join(file);
        fs::write(&file, "").with_context(|| format!("write {}", file.display()))?;
    }
    copy_tree(&talos.files, root)?;
    fs::write(root.join("etc/hostname"), format!("{name}\n")).context("name the machine")?;

    install(&talos.machined, &root.join("usr/bin/init"))?;
    install(&talos.containerd, &root.join("usr/bin/containerd"))?;
    install(&talos.shim, &root.join("usr/bin/containerd-shim-runc-v2"))?;
    install(&scenario("runc.sh"), &root.join("usr/bin/runc"))?;
    install_with_libraries("runc", root, "usr/bin/runc.debian")?;
    install_with_libraries("busybox", root, "usr/bin/busybox")
}

/// A program of Debian, with the libraries it is linked to at the places where it looks for them.
pub(super) fn install_with_libraries(program: &str, root: &Path, place: &str) -> Result<()> {
    let found = packages::find(program)
        .with_context(|| format!("find {program}, which the packages should have brought"))?;
    install(&found, &root.join(place))?;
    for library in libraries(&found)? {
        install(
            &library,
            &root.join(library.strip_prefix("/").unwrap_or(&library)),
        )?;
    }
    Ok(())
}

/// A file that may be run.
pub(super) fn install(from: &Path, to: &Path) -> Result<()> {
    let folder = to.parent().context("a file lies in a folder")?;
    fs::create_dir_all(folder).with_context(|| format!("create {}", folder.display()))?;
    fs::copy(from, to)
        .and_then(|_| fs::set_permissions(to, Permissions::from_mode(0o755)))
        .with_context(|| format!("copy {} to {}", from.display(), to.display()))
}

/// What `ldd` says, without the kernel's own: lines are `name => path (address)` or `path (address)`.
fn libraries(program: &Path) -> Result<Vec<PathBuf>> {
    let output = Command::new("ldd")
        .arg(program)
        .output()
        .context("run ldd")?;
    let said = String::from_utf8_lossy(&output.stdout);
    ensure!(
        output.status.success() && !said.contains("not found"),
        "ldd {}: {said}",
        text(program)
    );
    Ok(said
        .split_whitespace()
        .filter(|word| word.starts_with('/'))
        .map(PathBuf::from)
        .collect())
}

fn copy_tree(from: &Path, to: &Path) -> Result<()> {
    for entry in fs::read_dir(from).with_context(|| format!("list {}", from.display()))? {
        let entry = entry.with_context(|| format!("list {}", from.display()))?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if source.is_dir() {
            fs::create_dir_all(&target).with_context(|| format!("create {}", target.display()))?;
            copy_tree(&source, &target)?;
        } else {
            fs::copy(&source, &target).with_context(|| format!("copy {}", source.display()))?;
        }
    }
    Ok(())
}
