//! The holder's side of a machine: makes the namespaces and their private folders, then waits for the end of its stdin.
//!
//! `/etc` is a folder of symbolic links to the computer's own, but for what a DHCP client and a resolver read or write:
//! so a stock client may change `resolv.conf` by any means without touching the computer.

use std::{
    io::{Read, Write},
    os::unix::fs::symlink,
    path::Path,
    process::Command,
};

use anyhow::{Context, Result, ensure};
use nix::{
    mount::{MsFlags, mount},
    sched::{CloneFlags, unshare},
    sys::{prctl::set_pdeathsig, signal::Signal},
    unistd::sethostname,
};

use super::Users;

/// Entries of `/etc` that a machine has for itself.
const OWN: [&str; 6] = [
    "resolv.conf",
    "hosts",
    "hostname",
    "nsswitch.conf",
    "dhcp",
    "resolvconf",
];

/// Becomes the machine `name`, says `ready`, and returns when stdin is closed.
pub fn hold(name: &str, directory: &Path, users: Users) -> Result<()> {
    let lab = nix::unistd::getppid();
    users.receive()?;
    set_pdeathsig(Signal::SIGKILL).context("bind to the lab")?;
    ensure!(
        nix::unistd::getppid() == lab,
        "the lab ended before this machine began"
    );
    unshare(CloneFlags::CLONE_NEWNET | CloneFlags::CLONE_NEWNS | CloneFlags::CLONE_NEWUTS)
        .context("unshare network, mount and UTS namespaces (needs root or a user namespace)")?;
    mount(
        None::<&str>,
        "/",
        None::<&str>,
        MsFlags::MS_REC | MsFlags::MS_PRIVATE,
        None::<&str>,
    )
    .context("make the mounts private")?;
    sethostname(name).context("set the host name")?;
    private_etc(name, directory)?;
    for folder in ["/run", "/var/lib/dhcp", "/var/lib/dhcpcd"] {
        if Path::new(folder).is_dir() {
            private_tmpfs(folder)?;
        }
    }
    // /sys shows the interfaces of the namespace it was mounted in. Where a container forbids the mount, only tools
    // that read /sys/class/net miss it.
    let _ = mount(
        Some("sysfs"),
        "/sys",
        Some("sysfs"),
        MsFlags::empty(),
        None::<&str>,
    );
    writable_sysctls();
    let status = Command::new("ip")
        .args(["link", "set", "lo", "up"])
        .status()
        .context("run ip")?;
    ensure!(status.success(), "bring up lo: {status}");
    let mut stdout = std::io::stdout();
    writeln!(stdout, "ready")?;
    stdout.flush()?;
    std::io::stdin()
        .read_to_end(&mut Vec::new())
        .context("wait for the lab")?;
    Ok(())
}

fn private_etc(name: &str, directory: &Path) -> Result<()> {
    let computer = directory.join("etc-of-the-computer");
    let etc = directory.join("etc");
    std::fs::create_dir_all(&computer)?;
    std::fs::create_dir_all(etc.join("dhcp"))?;
    bind(Path::new("/etc"), &computer)?;
    for entry in std::fs::read_dir(&computer).context("list /etc")? {
        let entry = entry?.file_name();
        if !OWN.iter().any(|own| entry == *own) {
            let link = etc.join(&entry);
            symlink(computer.join(&entry), &link)
                .with_context(|| format!("link {}", link.display()))?;
        }
    }
    // Of the client's hooks only its own: others tell the computer's daemons about the lease.
    std::fs::create_dir_all(etc.join("dhcp/dhclient-exit-hooks.d"))?;
    for file in [
        "dhclient.conf",
        "debug",
        "dhclient-exit-hooks.d/rfc3442-classless-routes",
    ] {
        if computer.join("dhcp").join(file).exists() {
            symlink(
                computer.join("dhcp").join(file),
                etc.join("dhcp").join(file),
            )?;
        }
    }
    let hosts = format!("127.0.0.1 localhost\n127.0.1.1 {name}\n");
    std::fs::write(etc.join("hosts"), hosts)?;
    std::fs::write(etc.join("hostname"), format!("{name}\n"))?;
    std::fs::write(etc.join("resolv.conf"), "")?;
    let switch = "passwd: files\ngroup: files\nshadow: files\nhosts: files dns\nservices: files\n";
    std::fs::write(etc.join("nsswitch.conf"), switch)?;
    bind(&etc, Path::new("/etc"))
}

fn bind(from: &Path, to: &Path) -> Result<()> {
    mount(
        Some(from),
        to,
        None::<&str>,
        MsFlags::MS_BIND | MsFlags::MS_REC,
        None::<&str>,
    )
    .with_context(|| format!("bind {} to {}", from.display(), to.display()))
}

fn private_tmpfs(folder: &str) -> Result<()> {
    mount(
        Some("tmpfs"),
        folder,
        Some("tmpfs"),
        MsFlags::empty(),
        Some("mode=0755"),
    )
    .with_context(|| format!("mount a tmpfs on {folder}"))
}

/// Containers often mount `/proc/sys` read-only; in a mount namespace of our own that may be taken back.
fn writable_sysctls() {
    let sys = "/proc/sys";
    if nix::unistd::access(
        &format!("{sys}/net/ipv4/ip_forward")[..],
        nix::unistd::AccessFlags::W_OK,
    )
    .is_ok()
    {
        return;
    }
    let flags = MsFlags::MS_REMOUNT | MsFlags::MS_BIND;
    // Where this fails, the daemons name the sysctl that they could not write.
    let _ = mount(None::<&str>, sys, None::<&str>, flags, None::<&str>);
}
