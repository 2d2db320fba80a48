//! Programs of the distribution: installed where that is allowed, else the exact command is printed.

use std::{path::Path, process::Command};

use anyhow::{Context, Result, bail};

use crate::output::complain;

/// A program and the Debian package that brings it.
#[derive(Clone, Copy, Debug)]
pub struct Program {
    /// Name on the search path.
    pub name: &'static str,
    /// Debian package.
    pub package: &'static str,
}

const fn program(name: &'static str, package: &'static str) -> Program {
    Program { name, package }
}

/// What the lab calls.
pub const LAB: [Program; 7] = [
    program("ip", "iproute2"),
    program("nft", "nftables"),
    program("curl", "curl"),
    program("dig", "bind9-dnsutils"),
    program("arping", "iputils-arping"),
    program("conntrack", "conntrack"),
    program("sysctl", "procps"),
];

/// What the namespace tests call besides.
pub const TESTS: [Program; 6] = [
    program("named", "bind9"),
    program("nsupdate", "bind9-dnsutils"),
    program("busybox", "busybox"),
    program("ping", "iputils-ping"),
    program("setpriv", "util-linux"),
    program("shellcheck", "shellcheck"),
];

/// What judges the images.
pub const IMAGES: [Program; 9] = [
    program("apt-get", "apt"),
    program("dpkg-deb", "dpkg"),
    program("newuidmap", "uidmap"),
    program("nft", "nftables"),
    program("runc", "runc"),
    program("skopeo", "skopeo"),
    program("systemd-analyze", "systemd"),
    program("umoci", "umoci"),
    program("zstd", "zstd"),
];

/// What `cargo lab --talos` calls besides.
pub const TALOS: [Program; 7] = [
    program("runc", "runc"),
    program("busybox", "busybox"),
    program("mksquashfs", "squashfs-tools"),
    program("unsquashfs", "squashfs-tools"),
    program("cpio", "cpio"),
    program("zstd", "zstd"),
    program("tar", "tar"),
];

/// What the service contract calls besides.
pub const CONTRACT: [Program; 1] = [program("runc", "runc")];

/// What guests are made with and run under.
pub const GUESTS: [Program; 7] = [
    program("qemu-system-x86_64", "qemu-system-x86"),
    program("mksquashfs", "squashfs-tools"),
    program("mke2fs", "e2fsprogs"),
    program("zstd", "zstd"),
    program("runc", "runc"),
    program("tcpdump", "tcpdump"),
    program("ldd", "libc-bin"),
];

/// Stock DHCP clients, the preferred one first; one of them suffices.
pub const DHCP_CLIENTS: [Program; 3] = [
    program("dhclient", "isc-dhcp-client"),
    program("udhcpc", "udhcpc"),
    program("dhcpcd", "dhcpcd-base"),
];

/// Where a program is, if it is installed.
pub fn find(name: &str) -> Option<std::path::PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/sbin", "/sbin", "/usr/local/sbin"].map(Into::into))
        .map(|folder| folder.join(name))
        .find(|file| is_program(file))
}

/// The stock DHCP clients that are installed.
pub fn dhcp_clients() -> Vec<&'static str> {
    DHCP_CLIENTS
        .iter()
        .filter(|client| find(client.name).is_some())
        .map(|client| client.name)
        .collect()
}

/// Installs what `programs` lack.
pub fn ensure(programs: &[Program]) -> Result<()> {
    let missing: Vec<&str> = programs
        .iter()
        .filter(|program| find(program.name).is_none())
        .map(|program| program.package)
        .collect();
    install(&missing)
}

/// Installs a DHCP client when there is none.
pub fn ensure_dhcp_client() -> Result<()> {
    if dhcp_clients().is_empty() {
        install(&[DHCP_CLIENTS[0].package])?;
    }
    Ok(())
}

fn install(packages: &[&str]) -> Result<()> {
    if packages.is_empty() {
        return Ok(());
    }
    let list = packages.join(" ");
    let by_hand = format!("apt-get update && apt-get install --yes --no-install-recommends {list}");
    if !nix::unistd::geteuid().is_root() || find("apt-get").is_none() {
        bail!("these packages are missing: {list}\n  install them with:  sudo sh -c '{by_hand}'");
    }
    complain(format!("installing {list}"));
    for attempt in [
        &by_hand[by_hand.find("apt-get install").unwrap_or(0)..],
        &by_hand,
    ] {
        let output = Command::new("sh")
            .args(["-c", attempt])
            .env("DEBIAN_FRONTEND", "noninteractive")
            // Packages that bring a server must not start it here.
            .env("RUNLEVEL", "1")
            .output()
            .context("run apt-get")?;
        if output.status.success() {
            return Ok(());
        }
        complain(String::from_utf8_lossy(&output.stderr).trim());
    }
    bail!("installing {list} failed; try:  {by_hand}")
}

fn is_program(file: &Path) -> bool {
    nix::unistd::access(file, nix::unistd::AccessFlags::X_OK).is_ok() && file.is_file()
}
