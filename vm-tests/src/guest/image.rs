//! What guests start from: our images, made bootable with what is not ours.

use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};

use super::{
    debian::{self, Parts, run},
    disk::{self, Compression, program},
    initramfs,
    qemu::Boot,
};
use crate::{
    images::{self, Images},
    lab::{Lab, build::workspace},
    packages, tools,
};

/// For the kernel. Its own console driver stays quiet: every letter costs an emulated port a microsecond or two.
const KERNEL: &str = "console=ttyS0 quiet panic=0 net.ifnames=0";

/// The container's default, and a node that runs more than ours.
const ROUTER_MIB: u32 = 256;
const NODE_MIB: u32 = 512;

/// Room for two versions of lanlord and the state.
const ROUTER_DISK_MIB: u64 = 128;

/// Folders of the node's base root; mount points among them, because the root is read-only.
const FOLDERS: [&str; 20] = [
    "bin",
    "dev",
    "etc/cni",
    "etc/kubernetes",
    "lib",
    "opt",
    "proc",
    "root",
    "run",
    "sbin",
    "sys",
    "system",
    "tmp",
    "usr/bin",
    "usr/lib",
    "usr/local/etc/containers",
    "usr/local/lib/containers",
    "usr/sbin",
    "usr/share/udhcpc",
    "var",
];

/// Takes what the server says; the resolver is where Talos has it.
const DHCP_SCRIPT: &str = r#"#!/bin/sh
case "$1" in
deconfig) ip link set "$interface" up ;;
bound | renew)
    ip address replace "$ip/$mask" dev "$interface"
    ip route replace default via "${router%% *}"
    for server in $dns; do echo "nameserver $server"; done >/run/resolv.conf ;;
esac
"#;

/// What had to be fetched and built before the lab was put up.
#[derive(Clone, Debug)]
pub struct Prepared {
    parts: Parts,
    images: Images,
}

/// Fetches and builds what is not there yet. Call it before entering a network namespace.
///
/// # Errors
/// When a package cannot be had or an image not be built.
pub fn prepare(lanlord: &Path) -> Result<Prepared> {
    ensure!(
        cfg!(target_arch = "x86_64"),
        "guests are emulated x86_64 computers, and run the lanlord of this computer: it must be one too"
    );
    packages::ensure(&packages::GUESTS)?;
    Ok(Prepared {
        parts: debian::ensure()?,
        images: images::ensure(lanlord)?,
    })
}

/// What nodes are started from.
#[derive(Clone, Debug)]
pub(super) struct NodeImage {
    boot: Boot,
}

impl NodeImage {
    /// For the node of this name.
    pub(super) fn boot(&self, name: &str) -> Boot {
        Boot {
            command_line: format!("{KERNEL} lanlord.node={name} -- in-guest node"),
            ..self.boot.clone()
        }
    }

    /// Where an earlier step has put it.
    pub(super) fn of(prepared: &Prepared, lab: &Lab) -> Self {
        let folder = lab.site.directory.join("guests/nodes");
        Self {
            boot: Boot {
                kernel: prepared.parts.kernel.clone(),
                initramfs: folder.join("initramfs"),
                disk: folder.join("disk"),
                writable: false,
                memory_mib: NODE_MIB,
                command_line: KERNEL.to_owned(),
            },
        }
    }
}

impl Prepared {
    /// The router's disk, with the configuration of the scenario as `pct push` would bring it.
    pub(super) fn router(&self, lab: &Lab, folder: &Path) -> Result<Boot> {
        let root = folder.join("root");
        disk::unpack_template(&self.images.template, &root)?;
        let from = workspace().join("vm-tests/scenarios/www/router.toml");
        let to = root.join("etc/lanlord/router.toml");
        fs::copy(&from, &to).with_context(|| format!("copy to {}", to.display()))?;
        let boot = Boot {
            kernel: self.parts.kernel.clone(),
            initramfs: folder.join("initramfs"),
            disk: folder.join("disk"),
            writable: true,
            memory_mib: ROUTER_MIB,
            command_line: format!("{KERNEL} -- in-guest router"),
        };
        disk::ext4(&root, &boot.disk, ROUTER_DISK_MIB)?;
        initramfs::router(&self.parts, &lab.site.lab_binary, &boot.initramfs)?;
        Ok(boot)
    }

    /// What all nodes share: base root, extension, and the programs that Talos would pull.
    pub(super) fn nodes(&self, lab: &Lab) -> Result<NodeImage> {
        let folder = lab.site.directory.join("guests/nodes");
        let base = folder.join("base");
        self.base_root(&base)?;
        let (rootfs, extension) = (folder.join("rootfs.sqsh"), folder.join("0.sqsh"));
        disk::squashfs(&base, &rootfs, Compression::Zstd)?;
        let tree = self.images.extension_tree.join("rootfs");
        disk::squashfs(&tree, &extension, Compression::Zstd)?;

        let bin = folder.join("programs/bin");
        fs::create_dir_all(&bin).with_context(|| format!("create {}", bin.display()))?;
        let tools = tools::ensure()?;
        for from in [&tools.kubectl, &tools.kube_proxy, &tools.traefik] {
            copy(from, &bin)?;
        }
        let image = NodeImage::of(self, lab);
        let boot = &image.boot;
        disk::squashfs(&folder.join("programs"), &boot.disk, Compression::None)?;
        fs::remove_dir_all(folder.join("programs")).context("remove the copies of programs")?;
        initramfs::node(
            &self.parts,
            &lab.site.lab_binary,
            &rootfs,
            &extension,
            &boot.initramfs,
        )?;
        Ok(image)
    }

    /// As much of Talos' root as the service contract and the node's parts need.
    fn base_root(&self, root: &Path) -> Result<()> {
        for folder in FOLDERS {
            let folder = root.join(folder);
            fs::create_dir_all(&folder).with_context(|| format!("create {}", folder.display()))?;
        }
        copy(&self.parts.busybox, &root.join("bin"))?;
        for tool in ["cat", "ip", "ln", "ls", "sh"] {
            symlink("busybox", root.join("bin").join(tool)).context("link busybox")?;
        }
        for name in ["nft", "runc"] {
            let program = packages::find(name).with_context(|| format!("{name} is missing"))?;
            copy(&program, &root.join("usr/sbin"))?;
            for library in libraries(&program)? {
                let parent = library.parent().unwrap_or_else(|| Path::new("/"));
                let to = root.join(parent.strip_prefix("/").unwrap_or(parent));
                fs::create_dir_all(&to).with_context(|| format!("create {}", to.display()))?;
                copy(&library, &to)?;
            }
        }
        symlink("../run/resolv.conf", root.join("etc/resolv.conf")).context("link resolv.conf")?;
        for (file, text) in [
            ("etc/extensions.yaml", ""),
            ("etc/hosts", "127.0.0.1 localhost\n"),
            ("etc/passwd", "root:x:0:0:root:/root:/bin/sh\n"),
            ("usr/share/udhcpc/default.script", DHCP_SCRIPT),
        ] {
            let file = root.join(file);
            fs::write(&file, text).with_context(|| format!("write {}", file.display()))?;
            fs::set_permissions(&file, fs::Permissions::from_mode(0o755))
                .with_context(|| format!("change the mode of {}", file.display()))?;
        }
        Ok(())
    }
}

fn copy(from: &Path, into: &Path) -> Result<()> {
    let to = into.join(from.file_name().context("a program has a name")?);
    fs::copy(from, &to)
        .map(drop)
        .with_context(|| format!("copy {} to {}", from.display(), to.display()))
}

/// The libraries of a dynamic program and its loader, as the loader finds them here.
fn libraries(file: &Path) -> Result<Vec<PathBuf>> {
    let text = run(program("ldd")?.arg(file))?;
    Ok(text
        .lines()
        .filter_map(|line| {
            let path = line.split("=>").last()?.split_whitespace().next()?;
            path.starts_with('/').then(|| PathBuf::from(path))
        })
        .collect())
}
