//! The node guest: its root is put together as Talos' init does it, read-only squashfs layers under an overlay, the
//! extension's above the base; what Talos keeps writable is in memory.

use std::{fs, thread, time::Duration};

use anyhow::{Context, Result, bail};
use nix::{
    mount::{MsFlags, mount},
    sys::wait::{WaitStatus, wait},
    unistd::sethostname,
};

use super::boot::{self, ROOT};

/// The base root, lowest of all layers.
const BASE: &str = "/rootfs.sqsh";
/// The extension, as the imager packs it.
const EXTENSION: &str = "/0.sqsh";
/// The disk with programs that Talos brings as container images.
const DISK: &str = "/dev/vda";

/// Becomes the node, and stays until it is switched off.
pub(super) fn become_node() -> Result<()> {
    boot::begin()?;
    overlay()?;
    boot::device(DISK)?;
    let programs = format!("{ROOT}/opt");
    boot::mount_new("squashfs", DISK, &programs, MsFlags::MS_RDONLY, None)?;
    boot::switch_root()?;
    writable_parts()?;
    let name = argument("lanlord.node").context("the kernel's command line names no node")?;
    sethostname(&name).context("set the host name")?;
    fs::write("/proc/sys/net/ipv4/ip_forward", "1").context("forward packets")?;
    boot::busybox(&["ip", "link", "set", "lo", "up"])?;
    boot::say("the root is Talos', the extension is a layer of it");

    let agent = start(&["agent"])?;
    let services = start(&["services"])?;
    loop {
        match wait() {
            Ok(WaitStatus::Exited(pid, _) | WaitStatus::Signaled(pid, _, _))
                if [agent, services].contains(&pid.as_raw()) =>
            {
                bail!("a part of the guest ended")
            }
            Ok(_) => {}
            Err(_) => thread::sleep(Duration::from_secs(1)),
        }
    }
}

/// As in Talos: each image on a loop device, then one read-only overlay of all, the base lowest.
fn overlay() -> Result<()> {
    let mut layers = Vec::new();
    for (number, image) in [EXTENSION, BASE].into_iter().enumerate() {
        let to = format!("/layers/layer{number}");
        fs::create_dir_all(&to).with_context(|| format!("create {to}"))?;
        boot::busybox(&["mount", "-t", "squashfs", "-o", "loop,ro", image, &to])?;
        layers.push(to);
    }
    let layers = format!("lowerdir={}", layers.join(":"));
    boot::mount_new(
        "overlay",
        "overlay",
        ROOT,
        MsFlags::MS_RDONLY,
        Some(&layers),
    )?;
    // The list of layers, where Talos and people look for it.
    let list = format!("{ROOT}/etc/extensions.yaml");
    mount(
        Some("/extensions.yaml"),
        list.as_str(),
        None::<&str>,
        MsFlags::MS_BIND,
        None::<&str>,
    )
    .with_context(|| format!("bind {list}"))
}

/// What is writable in Talos, with the folders that its kubelet has.
fn writable_parts() -> Result<()> {
    for folder in ["/run", "/system", "/tmp", "/var", "/etc/kubernetes"] {
        boot::mount_new(
            "tmpfs",
            "tmpfs",
            folder,
            MsFlags::empty(),
            Some("mode=0755"),
        )?;
    }
    for folder in ["/run/services", "/var/log", "/var/lib/kubelet"] {
        fs::create_dir_all(folder).with_context(|| format!("create {folder}"))?;
    }
    fs::write("/run/resolv.conf", "").context("write /run/resolv.conf")?;
    for (kind, to, options) in [
        ("devpts", "/dev/pts", Some("ptmxmode=0666")),
        ("tmpfs", "/dev/shm", None),
        ("mqueue", "/dev/mqueue", None),
        ("cgroup2", "/sys/fs/cgroup", Some("nsdelegate")),
        ("bpf", "/sys/fs/bpf", None),
    ] {
        boot::mount_new(kind, kind, to, MsFlags::empty(), options)?;
    }
    Ok(())
}

/// The value of `name=…` on the kernel's command line.
fn argument(name: &str) -> Option<String> {
    let line = fs::read_to_string("/proc/cmdline").ok()?;
    let value = line
        .split_whitespace()
        .find_map(|word| word.strip_prefix(name)?.strip_prefix('='))?;
    Some(value.to_owned())
}

fn start(what: &[&str]) -> Result<i32> {
    let child = boot::myself()
        .arg("in-guest")
        .args(what)
        .spawn()
        .with_context(|| format!("start {}", what.join(" ")))?;
    i32::try_from(child.id()).context("understand a process id")
}
