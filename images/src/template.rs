//! The router as a Proxmox LXC template: a root filesystem that holds lanlord, `nft`, and hardly anything else.
//!
//! `ID=unmanaged` in os-release makes `pct create` and the web page accept it without a flag, and leave it alone: the
//! supervisor at `/sbin/init` brings up the network itself.

use anyhow::Result;

use crate::{
    architecture::Architecture,
    nft::Nft,
    source::{Source, VERSION},
    tree::Tree,
};

/// The member that tools for templates read; it comes first in the archive.
pub(crate) const APPLIANCE_INFO: &str = "etc/appliance.info";
/// The program.
const INIT: &str = "sbin/init";

/// The whole root filesystem.
pub(crate) fn tree(
    source: &Source,
    architecture: Architecture,
    program: &[u8],
    nft: &Nft,
) -> Result<Tree> {
    let mut tree = nft.tree.clone();
    tree.program(INIT, program);
    tree.link("usr/bin/lanlord", "../../sbin/init");
    tree.file(
        "etc/lanlord/router.toml",
        source.text("lxc-router/router.toml")?,
    );
    tree.file("etc/os-release", os_release());
    tree.file("etc/passwd", "root:x:0:0:root:/root:/sbin/init\n");
    tree.file("etc/group", "root:x:0:\n");
    tree.file("usr/share/doc/lanlord/copyright", source.text("LICENSE")?);
    for folder in ["dev", "proc", "run", "sys", "var/lib"] {
        tree.folder(folder);
    }
    // Keys are in there.
    tree.folder_with_mode("var/lib/lanlord", 0o700);
    tree.folder_with_mode("root", 0o700);
    tree.folder_with_mode("tmp", 0o1777);
    // Last, because it tells the size of all others.
    let info = appliance_info(architecture, tree.size());
    tree.file(APPLIANCE_INFO, info);
    Ok(tree)
}

fn os_release() -> String {
    format!(
        "ID=unmanaged\n\
         NAME=\"lanlord router\"\n\
         PRETTY_NAME=\"lanlord router {VERSION}\"\n\
         VERSION_ID=\"{VERSION}\"\n\
         VARIANT_ID=lanlord-router\n"
    )
}

fn appliance_info(architecture: Architecture, size: u64) -> String {
    format!(
        "Name: lanlord-router\n\
         Version: {VERSION}-1\n\
         Type: lxc\n\
         OS: unmanaged\n\
         Section: system\n\
         Maintainer: The lanlord authors\n\
         Architecture: {architecture}\n\
         Installed-Size: {}\n\
         Description: Router for a LAN with Kubernetes on it: DHCP, DNS, NAT, and routes to VIPs.\n",
        size.div_ceil(1024 * 1024)
    )
}
