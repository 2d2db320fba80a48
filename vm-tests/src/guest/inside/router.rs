//! The router guest: what `pct start` does for the container, then the container's own `/sbin/init`.

use std::{convert::Infallible, os::unix::process::CommandExt, process::Command};

use anyhow::{Context, Result};
use nix::mount::MsFlags;

use super::boot::{self, ROOT};

/// The disk with the unpacked template.
const DISK: &str = "/dev/vda";

/// Becomes the template's init.
pub(super) fn become_router() -> Result<()> {
    boot::begin()?;
    boot::device(DISK)?;
    boot::mount_new("ext4", DISK, ROOT, MsFlags::empty(), None)?;
    boot::switch_root()?;
    boot::myself()
        .args(["in-guest", "agent"])
        .spawn()
        .context("start the agent")?;
    boot::say("the root is the template's, /sbin/init takes over");
    take_over().map(|never| match never {})
}

/// With the environment that a container's init gets.
fn take_over() -> Result<Infallible> {
    let error = Command::new("/sbin/init")
        .env_clear()
        .env("TERM", "linux")
        .env("container", "lxc")
        .exec();
    Err(error).context("run /sbin/init of the template")
}
