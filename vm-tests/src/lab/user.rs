//! An ordinary user gets a user namespace of their own, in which they are root.

use std::{os::unix::process::CommandExt, path::Path, process::Command};

use anyhow::{Context, Result};
use nix::{
    sched::{CloneFlags, unshare},
    unistd::{getegid, geteuid},
};

/// Set inside the user namespace: the user id outside.
pub const OUTSIDE: &str = "LANLORD_LAB_USER";

/// As root, does nothing. As a user, starts this program again as root of new user, network and mount namespaces, and
/// does not return; `lanlord`, built outside, is not built again. Must be called while the process has one thread.
pub fn become_root(lanlord: &Path) -> Result<()> {
    let (user, group) = (geteuid(), getegid());
    if user.is_root() {
        return Ok(());
    }
    unshare(CloneFlags::CLONE_NEWUSER | CloneFlags::CLONE_NEWNS | CloneFlags::CLONE_NEWNET)
        .context(
            "make a user namespace; allow it with `sysctl -w kernel.unprivileged_userns_clone=1 \
         kernel.apparmor_restrict_unprivileged_userns=0`, or run as root",
        )?;
    for (file, text) in [
        ("setgroups", "deny".to_owned()),
        ("uid_map", format!("0 {user} 1")),
        ("gid_map", format!("0 {group} 1")),
    ] {
        let path = format!("/proc/self/{file}");
        std::fs::write(&path, text).with_context(|| format!("write {path}"))?;
    }
    // The new image is dumpable again, so that `cargo lab shell` of the same user may enter.
    let error = Command::new("/proc/self/exe")
        .args(std::env::args_os().skip(1))
        .env(OUTSIDE, user.to_string())
        .env("LANLORD_BINARY", lanlord)
        .exec();
    Err(error).context("start again inside the user namespace")
}
