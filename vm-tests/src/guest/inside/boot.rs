//! The first moments of a guest: file systems of the kernel, modules, a new root.

use std::{
    fs::{self, File},
    os::unix::fs::symlink,
    path::Path,
    process::Command,
    thread,
    time::Duration,
};

use anyhow::{Context, Result, bail, ensure};
use nix::{
    kmod::{ModuleInitFlags, finit_module},
    mount::{MsFlags, mount},
    sys::{
        reboot::{RebootMode, reboot},
        signal::{Signal, kill},
    },
    unistd::{Pid, chdir, chroot},
};

use crate::{output::complain, wait};

/// Where the new root is put together.
pub(super) const ROOT: &str = "/root";
/// The static busybox in the first root.
pub(super) const BUSYBOX: &str = "/bin/busybox";

/// Devices appear shortly after their modules were loaded.
const DEVICE: Duration = Duration::from_secs(20);

/// PID 1 that ends would halt the kernel without a word of why.
pub(super) fn or_power_off(what: &str, become_it: fn() -> Result<()>) -> Result<()> {
    let error = match become_it() {
        Ok(()) => "it ended".to_owned(),
        Err(error) => format!("{error:#}"),
    };
    complain(format!("guest {what}: {error}; switching off"));
    ensure!(
        nix::unistd::getpid().as_raw() == 1,
        "{what} is for PID 1 of a guest"
    );
    // The console is slow; QEMU ends at once.
    thread::sleep(Duration::from_millis(200));
    reboot(RebootMode::RB_POWER_OFF).context("switch off")?;
    Ok(())
}

/// Mounts what the kernel has, and loads the modules of the first root in their order.
pub(super) fn begin() -> Result<()> {
    ensure!(
        nix::unistd::getpid().as_raw() == 1,
        "this is for PID 1 of a guest"
    );
    for (kind, to) in [("proc", "/proc"), ("sysfs", "/sys"), ("devtmpfs", "/dev")] {
        mount_new(kind, kind, to, MsFlags::empty(), None)?;
    }
    // As lxc and udev do; nft opens its input by name.
    for (name, to) in [
        ("fd", "/proc/self/fd"),
        ("stdin", "/proc/self/fd/0"),
        ("stdout", "/proc/self/fd/1"),
        ("stderr", "/proc/self/fd/2"),
    ] {
        symlink(to, Path::new("/dev").join(name)).with_context(|| format!("link /dev/{name}"))?;
    }
    let mut modules = Vec::new();
    for entry in fs::read_dir("/modules").context("list /modules")? {
        modules.push(entry?.path());
    }
    modules.sort();
    for module in &modules {
        let file = File::open(module).with_context(|| format!("open {}", module.display()))?;
        finit_module(&file, c"", ModuleInitFlags::empty())
            .with_context(|| format!("load {}", module.display()))?;
    }
    say(&format!("{} modules loaded", modules.len()));
    Ok(())
}

/// Moves what the kernel has to the new root, and makes that the root.
pub(super) fn switch_root() -> Result<()> {
    for folder in ["/dev", "/proc", "/sys"] {
        move_mount(folder, &format!("{ROOT}{folder}"))?;
    }
    chdir(ROOT).context("enter the new root")?;
    move_mount(".", "/")?;
    chroot(".").context("make it the root")?;
    chdir("/").context("enter the root")
}

/// Mounts something new; the folder is made where that is possible.
pub(super) fn mount_new(
    kind: &str,
    source: &str,
    to: &str,
    flags: MsFlags,
    options: Option<&str>,
) -> Result<()> {
    // A read-only root brings its mount points.
    let _ = fs::create_dir_all(to);
    mount(Some(source), to, Some(kind), flags, options)
        .with_context(|| format!("mount {kind} on {to}"))
}

fn move_mount(from: &str, to: &str) -> Result<()> {
    mount(Some(from), to, None::<&str>, MsFlags::MS_MOVE, None::<&str>)
        .with_context(|| format!("move {from} to {to}"))
}

/// Waits for a device node.
pub(super) fn device(path: &str) -> Result<()> {
    wait::until(DEVICE, || Path::new(path).exists().then_some(()))
        .with_context(|| format!("{path} did not appear within {} s", DEVICE.as_secs()))
}

/// Runs a tool of the first root.
pub(super) fn busybox(args: &[&str]) -> Result<()> {
    let output = Command::new(BUSYBOX)
        .args(args)
        .output()
        .context("run busybox")?;
    if !output.status.success() {
        bail!(
            "{}: {}: {}",
            args.join(" "),
            output.status,
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    Ok(())
}

/// A line on the console, with the time since the kernel began.
pub(super) fn say(text: &str) {
    complain(format!("guest [{}] {text}", uptime().unwrap_or_default()));
}

/// SIGINT to PID 1: what lxc sends for a reboot.
pub(super) fn restart() -> Result<()> {
    kill(Pid::from_raw(1), Signal::SIGINT).context("send SIGINT to PID 1")
}

/// Seconds since the kernel began.
pub(super) fn uptime() -> Result<String> {
    let text = fs::read_to_string("/proc/uptime").context("read /proc/uptime")?;
    let since = text.split(' ').next().unwrap_or_default();
    Ok(since.to_owned())
}

/// This program, wherever it lies.
pub(super) fn myself() -> Command {
    Command::new("/proc/self/exe")
}
