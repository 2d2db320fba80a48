//! The container, through the programs of lxc.

use std::{
    fmt::Write,
    path::{Path, PathBuf},
    process::Output,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

use crate::{
    images,
    lab::{Lab, topology},
    machine::{Machine, Process},
    wait,
};

/// The lab's machine that stands for the Proxmox host.
pub(super) const HOST: &str = topology::HOST;
/// Where lxc keeps containers; a tmpfs of the host's own.
const HOME: &str = "/var/lib/lxc";
const NAME: &str = "router";
/// The part whose log is the container's console.
pub(super) const PART: &str = "router-lanlord";
/// Flags that `pct create` gives to tar.
const TAR: [&str; 15] = [
    "xpf",
    "-",
    "--zstd",
    "--one-file-system",
    "--sparse",
    "--numeric-owner",
    "--acls",
    "--xattrs",
    "--xattrs-include=user.*",
    "--xattrs-include=security.capability",
    "--warning=no-file-ignored",
    "--warning=no-xattr-write",
    "--skip-old-files",
    "--anchored",
    "--exclude=./dev/*",
];
/// How long lxc may take to start or end a container.
const SOON: Duration = Duration::from_secs(20);

/// What a container may be short of.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Shortage {
    pub(super) root_is_read_only: bool,
    pub(super) state_is_read_only: bool,
    pub(super) no_console: bool,
    /// Rules of seccomp, as lxc writes them.
    pub(super) denied: &'static str,
}

/// A file of the host's own.
pub(super) fn host_file(lab: &Lab, path: &str) -> Result<PathBuf> {
    Ok(lab.machine(HOST)?.outside(&Path::new(HOME).join(path)))
}

/// A file of the container's root, which may be stopped.
pub(super) fn root_file(lab: &Lab, path: &str) -> Result<PathBuf> {
    host_file(lab, &format!("rootfs/{path}"))
}

/// A file of the container's state.
pub(super) fn state_file(lab: &Lab, path: &str) -> Result<PathBuf> {
    host_file(lab, &format!("mp0/{path}"))
}

/// Prepares the host and unpacks the template, in a user namespace as `pct create` does.
pub(super) fn unpack(lab: &Lab) -> Result<PathBuf> {
    let template = images::ensure(&lab.lanlord)?.template;
    let host = lab.machine(HOST)?;
    let etc = host.directory().join("etc");
    for file in ["subuid", "subgid"] {
        let path = etc.join(file);
        // A link to the computer's own, if it has one.
        let _ = std::fs::remove_file(&path);
        std::fs::write(&path, "root:100000:65536\n")
            .with_context(|| format!("write {}", path.display()))?;
    }
    let script = format!(
        "set -e; mkdir -p {HOME}; mount -t tmpfs -o size=1g,mode=755 tmpfs {HOME}; cd {HOME}; \
         mkdir rootfs mp0 lxc; mount -t tmpfs -o size=4m,mode=755 tmpfs mp0; chown 100000:100000 rootfs mp0; \
         exec lxc-usernsexec -m u:0:100000:65536 -m g:0:100000:65536 -- tar {} -C {HOME}/rootfs < {}",
        TAR.map(|flag| format!("'{flag}'")).join(" "),
        template.display()
    );
    host.succeed("sh", &["-c", &script])
        .context("unpack the template")?;
    Ok(template)
}

/// Starts the container; its console is the log of the part.
pub(super) fn start(lab: &mut Lab, shortage: Shortage) -> Result<()> {
    lab.parts.remove(PART);
    let config = configuration(lab, shortage)?;
    std::fs::write(host_file(lab, "config")?, config).context("write the container's config")?;
    if !shortage.denied.is_empty() {
        let rules = format!("2\ndenylist\n{}\n", shortage.denied);
        std::fs::write(host_file(lab, "seccomp")?, rules).context("write seccomp rules")?;
    }
    let mut command = lab.machine(HOST)?.command("lxc-start");
    command.args(["-P", &format!("{HOME}/lxc"), "-n", NAME, "-F"]);
    command.args(["-f", &format!("{HOME}/config"), "-l", "WARN"]);
    command
        .arg("-o")
        .arg(lab.site.logs().join("router-lxc.log"));
    command.env(crate::machine::BOUND, "1");
    let part = Process::start(PART, &lab.site.logs(), command)?;
    lab.parts.insert(PART.to_owned(), part);
    adopt(lab)
}

/// Waits until the container runs; machine `router` is its inside from then on.
pub(super) fn adopt(lab: &mut Lab) -> Result<()> {
    let pid = wait::until(SOON, || init_pid(lab).ok()).with_context(|| {
        format!(
            "the container does not run: {}",
            crate::machine::tail(&lab.site.logs().join("router-lxc.log"), 10)
        )
    })?;
    lab.visit(NAME, pid)
}

fn configuration(lab: &Lab, shortage: Shortage) -> Result<String> {
    let mut text = format!(
        "lxc.include = /usr/share/lxc/config/common.conf\n\
         lxc.include = /usr/share/lxc/config/userns.conf\n\
         lxc.apparmor.profile = unconfined\n\
         lxc.uts.name = {NAME}\n\
         lxc.rootfs.path = dir:{HOME}/rootfs\n\
         lxc.idmap = u 0 100000 65536\n\
         lxc.idmap = g 0 100000 65536\n\
         lxc.mount.auto = proc:mixed sys:mixed\n\
         lxc.tty.max = 2\n\
         lxc.environment = TERM=linux\n"
    );
    let mode = |is_read_only: bool| if is_read_only { "ro" } else { "rw" };
    writeln!(
        text,
        "lxc.mount.entry = {HOME}/mp0 var/lib/lanlord none bind,{} 0 0",
        mode(shortage.state_is_read_only)
    )?;
    if shortage.root_is_read_only {
        writeln!(text, "lxc.rootfs.options = ro")?;
    }
    if shortage.no_console {
        writeln!(text, "lxc.console.path = none\nlxc.tty.max = 0")?;
    } else {
        let console = lab.site.logs().join(format!("{PART}.log"));
        writeln!(text, "lxc.console.logfile = {}", console.display())?;
    }
    if !shortage.denied.is_empty() {
        writeln!(text, "lxc.seccomp.profile = {HOME}/seccomp")?;
    }
    let cables = topology::CABLES.iter();
    for (index, cable) in cables.filter(|cable| cable.machine == NAME).enumerate() {
        writeln!(
            text,
            "lxc.net.{index}.type = veth\nlxc.net.{index}.link = {}\nlxc.net.{index}.name = {}\n\
             lxc.net.{index}.hwaddr = {}\nlxc.net.{index}.veth.pair = veth200i{index}",
            cable.bridge,
            cable.interface,
            cable.mac()
        )?;
    }
    Ok(text)
}

/// Process 1 of the container, as the host numbers it.
pub(super) fn init_pid(lab: &Lab) -> Result<u32> {
    let text = lab.machine(HOST)?.succeed(
        "lxc-info",
        &["-P", &format!("{HOME}/lxc"), "-n", NAME, "-pH"],
    )?;
    text.trim().parse().context("the container does not run")
}

/// The router inside, as the host numbers it.
pub(super) fn router_pid(lab: &Lab) -> Result<u32> {
    let init = init_pid(lab)?;
    let children = std::fs::read_to_string(format!("/proc/{init}/task/{init}/children"))
        .context("list the children of process 1")?;
    children
        .split_whitespace()
        .filter_map(|pid| pid.parse::<u32>().ok())
        .find(|pid| {
            let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            line.split(|octet| *octet == 0).nth(1) == Some(&b"router"[..])
        })
        .context("no router runs in the container")
}

/// Sends a signal to a process that the host sees.
pub(super) fn signal(pid: u32, signal: Signal) -> Result<()> {
    kill(Pid::from_raw(pid.cast_signed()), signal).with_context(|| format!("send {signal}"))
}

/// `pct exec ID -- /sbin/init …`
pub(super) fn exec(lab: &Lab, args: &[&str]) -> Result<Output> {
    let home = format!("{HOME}/lxc");
    let mut all = vec!["-P", &home, "-n", NAME, "--clear-env", "--", "/sbin/init"];
    all.extend(args);
    lab.machine(HOST)?.run("lxc-attach", &all)
}

/// The same, which must succeed; what it printed.
pub(super) fn exec_ok(lab: &Lab, args: &[&str]) -> Result<String> {
    let output = exec(lab, args)?;
    ensure!(
        output.status.success(),
        "/sbin/init {}: {}: {}",
        args.join(" "),
        output.status,
        String::from_utf8_lossy(&output.stderr).trim()
    );
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// A command that runs `/sbin/init …` inside while other things happen.
pub(super) fn exec_beside(lab: &Lab, args: &[&str]) -> Result<Process> {
    let mut command = lab.machine(HOST)?.command("lxc-attach");
    command.args(["-P", &format!("{HOME}/lxc"), "-n", NAME, "--", "/sbin/init"]);
    command.args(args).env(crate::machine::BOUND, "1");
    Process::start("router-exec", &lab.site.logs(), command)
}

/// `pct shutdown`: asks for the end and waits for it. How long that took.
pub(super) fn shut_down(lab: &mut Lab) -> Result<Duration> {
    let begin = Instant::now();
    lab.machine(HOST)?.succeed(
        "lxc-stop",
        &[
            "-P",
            &format!("{HOME}/lxc"),
            "-n",
            NAME,
            "--nokill",
            "-t",
            "20",
        ],
    )?;
    let took = begin.elapsed();
    ended(lab)?;
    Ok(took)
}

/// `pct stop`: kills everything in it.
pub(super) fn kill_all(lab: &mut Lab) -> Result<()> {
    lab.machine(HOST)?.succeed(
        "lxc-stop",
        &["-P", &format!("{HOME}/lxc"), "-n", NAME, "--kill"],
    )?;
    ended(lab)
}

/// Waits for the end of lxc-start, which ends with the container.
pub(super) fn ended(lab: &mut Lab) -> Result<()> {
    let part = lab
        .parts
        .get_mut(PART)
        .context("no container was started")?;
    part.wait(SOON)?;
    Ok(())
}

/// The container's console so far.
pub(super) fn console(lab: &Lab) -> String {
    let path = lab.site.logs().join(format!("{PART}.log"));
    String::from_utf8_lossy(&std::fs::read(path).unwrap_or_default()).replace('\r', "")
}

/// The inside, for programs that the template has.
pub(super) fn inside(lab: &Lab) -> Result<&Machine> {
    lab.machine(NAME)
}
