//! Modules of the guests' kernel, in an order in which they can be loaded one by one.
//!
//! A module names those that it needs in its `.modinfo` section: strings, each ended by a zero octet, one of them
//! `depends=a,b`. No index is needed, which the unpacked package does not have.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};

/// What every guest needs: its devices, and the disk formats of Talos.
pub(super) const BASE: [&str; 9] = [
    "pvpanic_pci",
    "virtio_pci",
    "virtio_blk",
    "virtio_net",
    "virtio_console",
    "virtio_rng",
    "loop",
    "squashfs",
    "overlay",
];

/// What a Proxmox host has loaded for the router's rules: a container cannot load modules, and nor can this guest.
pub(super) const ROUTER: [&str; 13] = [
    "nf_tables",
    "nf_conntrack",
    "nft_ct",
    "nft_nat",
    "nft_masq",
    "nft_chain_nat",
    "nft_log",
    "nft_limit",
    "nft_reject_inet",
    "nft_fib_inet",
    "nft_redir",
    "nf_conntrack_netlink",
    "nf_log_syslog",
];

/// What is part of a Talos kernel and kube-proxy's rules use.
pub(super) const NODE: [&str; 18] = [
    "nf_tables",
    "nf_conntrack",
    "nft_ct",
    "nft_nat",
    "nft_masq",
    "nft_chain_nat",
    "nft_limit",
    "nft_log",
    "nft_numgen",
    "nft_hash",
    "nft_reject_inet",
    "nft_fib_inet",
    "nft_redir",
    "nft_reject_ipv4",
    "nft_reject_ipv6",
    "nft_quota",
    "nf_conntrack_netlink",
    "br_netfilter",
];

/// The files of these modules and of all that they need, each after those.
pub(super) fn in_order(folder: &Path, names: &[&str]) -> Result<Vec<PathBuf>> {
    let mut files = BTreeMap::new();
    collect(&folder.join("kernel"), &mut files)?;
    let mut done = BTreeSet::new();
    let mut order = Vec::new();
    for name in names {
        add(name, &files, &mut done, &mut order)?;
    }
    Ok(order)
}

fn add(
    name: &str,
    files: &BTreeMap<String, PathBuf>,
    done: &mut BTreeSet<String>,
    order: &mut Vec<PathBuf>,
) -> Result<()> {
    let name = name.replace('-', "_");
    if !done.insert(name.clone()) {
        return Ok(());
    }
    let file = files
        .get(&name)
        .with_context(|| format!("the kernel's package has no module {name}"))?;
    let octets = fs::read(file).with_context(|| format!("read {}", file.display()))?;
    for needed in depends(&octets) {
        add(&needed, files, done, order)?;
    }
    order.push(file.clone());
    Ok(())
}

/// The modules that a module names as needed.
fn depends(module: &[u8]) -> Vec<String> {
    module
        .split(|octet| *octet == 0)
        .filter_map(|entry| entry.strip_prefix(b"depends="))
        .flat_map(|list| list.split(|octet| *octet == b','))
        .filter(|name| !name.is_empty())
        .map(|name| String::from_utf8_lossy(name).into_owned())
        .collect()
}

fn collect(folder: &Path, files: &mut BTreeMap<String, PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("list {}", folder.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if let Some(name) = path
            .file_name()
            .and_then(|name| name.to_str()?.strip_suffix(".ko"))
        {
            files.insert(name.replace('-', "_"), path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
