//! The Debian package of the router: the program, a unit, a configuration that belongs to the user.
//!
//! A `.deb` is an `ar` archive of three members: the format's version, `control.tar` and `data.tar`.

use anyhow::{Result, ensure};

use crate::{
    architecture::Architecture,
    archive::{self, Style},
    compress::{self, Effort},
    source::{Source, VERSION},
    tree::Tree,
};

/// Where the unit stands in the package.
pub(crate) const UNIT: &str = "usr/lib/systemd/system/lanlord-router.service";
const SOURCES: &str = "images/debian";
const CONFIGURATION: &str = "etc/lanlord/router.toml";

/// The octets of the package.
pub(crate) fn build(
    source: &Source,
    architecture: Architecture,
    program: &[u8],
    effort: Effort,
) -> Result<Vec<u8>> {
    let data = data(source, program)?;
    let control = control(source, architecture, &data)?;
    let style = Style {
        prefix: "./",
        mtime: source.mtime(),
        first: None,
    };
    let member = |tree: &Tree| compress::zstd(&archive::pack(tree, style)?, effort);
    let members = [
        ("debian-binary", b"2.0\n".to_vec()),
        ("control.tar.zst", member(&control)?),
        ("data.tar.zst", member(&data)?),
    ];
    ar(&members, source.mtime())
}

fn data(source: &Source, program: &[u8]) -> Result<Tree> {
    let mut tree = Tree::new();
    tree.program("usr/bin/lanlord", program);
    tree.link("usr/bin/kubectl-lanlord", "lanlord");
    tree.file(CONFIGURATION, source.text("lxc-router/router.toml")?);
    tree.file(
        UNIT,
        source.text(&format!("{SOURCES}/lanlord-router.service"))?,
    );
    tree.file("usr/share/doc/lanlord/copyright", source.text("LICENSE")?);
    Ok(tree)
}

fn control(source: &Source, architecture: Architecture, data: &Tree) -> Result<Tree> {
    let mut tree = Tree::new();
    let installed = data.size().div_ceil(1024);
    tree.file(
        "control",
        format!(
            "Package: lanlord\n\
             Version: {VERSION}-1\n\
             Architecture: {architecture}\n\
             Maintainer: The lanlord authors\n\
             Installed-Size: {installed}\n\
             Depends: nftables\n\
             Section: net\n\
             Priority: optional\n\
             Description: DHCP, DNS, NAT and VIP routes for a LAN with Kubernetes on it\n \
             The router of lanlord as a systemd service (lanlord-router), and the command\n \
             lanlord, which also is kubectl lanlord. The service is neither enabled nor\n \
             started before /etc/lanlord/router.toml fits your network.\n"
        ),
    );
    tree.file("conffiles", format!("/{CONFIGURATION}\n"));
    for script in ["postinst", "postrm", "prerm"] {
        tree.program(script, source.text(&format!("{SOURCES}/{script}"))?);
    }
    Ok(tree)
}

/// The common format of `ar`: a line of sixty octets before each member, members at even offsets.
fn ar(members: &[(&str, Vec<u8>)], mtime: u64) -> Result<Vec<u8>> {
    let mut archive = b"!<arch>\n".to_vec();
    for (name, octets) in members {
        let header = format!(
            "{name:<16}{mtime:<12}{:<6}{:<6}{:<8}{:<10}`\n",
            0,
            0,
            "100644",
            octets.len()
        );
        ensure!(header.len() == 60, "{name} does not fit into a line of ar");
        archive.extend_from_slice(header.as_bytes());
        archive.extend_from_slice(octets);
        if octets.len() % 2 == 1 {
            archive.push(b'\n');
        }
    }
    Ok(archive)
}

#[cfg(test)]
mod tests;
