//! The image for DaemonSets and for Proxmox' OCI containers: one program and empty folders.
//!
//! It runs as an ordinary user. The capabilities on the file let that user have what the container grants and the
//! daemon needs; they are permitted and not in effect, so that the program also starts where some are withheld, and the
//! daemon raises those that it got.

use crate::{oci::Start, tree::Tree};

/// Where the program stands.
pub(crate) const PROGRAM: &str = "usr/local/bin/lanlord";
/// The user and the group it runs as: those of distroless' `nonroot`.
pub(crate) const USER: u32 = 65_532;

/// Bits of linux/capability.h: NET_BIND_SERVICE, NET_ADMIN, NET_RAW, IPC_LOCK, SYS_NICE.
const CAPABILITIES: [u32; 5] = [10, 12, 13, 14, 23];

/// The whole root filesystem.
pub(crate) fn tree(program: &[u8], licence: &str) -> Tree {
    let mut tree = Tree::new();
    tree.program(PROGRAM, program);
    tree.permit(PROGRAM, file_capabilities());
    for folder in ["dev", "etc/lanlord", "proc", "sys"] {
        tree.folder(folder);
    }
    tree.folder_with_mode("tmp", 0o1777);
    for folder in ["run/lanlord", "var/lib/lanlord"] {
        tree.folder(folder);
        tree.give(folder, USER);
    }
    tree.file(
        "etc/passwd",
        format!("root:x:0:0:root:/:\nlanlord:x:{USER}:{USER}:lanlord:/var/lib/lanlord:\n"),
    );
    tree.file("etc/group", format!("root:x:0:\nlanlord:x:{USER}:\n"));
    tree.file("usr/share/doc/lanlord/copyright", licence);
    tree
}

/// `struct vfs_cap_data`, revision 2, without the effective bit.
fn file_capabilities() -> Vec<u8> {
    const REVISION_2: u32 = 0x0200_0000;
    let permitted = CAPABILITIES.iter().fold(0_u32, |set, bit| set | 1 << bit);
    // Permitted and inheritable of the first 32 capabilities, then of the others.
    [REVISION_2, permitted, 0, 0, 0]
        .iter()
        .flat_map(|word| word.to_le_bytes())
        .collect()
}

/// How it is started; the argument is for a node, and a router's container says `router` instead.
pub(crate) fn start() -> Start {
    Start {
        user: Some(format!("{USER}:{USER}")),
        entrypoint: vec![format!("/{PROGRAM}")],
        cmd: vec!["node".to_owned()],
        stop_signal: Some("SIGTERM".to_owned()),
        working_dir: Some("/".to_owned()),
    }
}
