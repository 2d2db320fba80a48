//! One guest: how it is started, asked and switched off.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, Result, bail};

use super::{
    agent,
    inside::{PORT, Reply, Request},
    monitor::{self, Switch},
};
use crate::{
    lab::{
        Lab, SOCKET,
        failure::Failure,
        topology::{CABLES, Cable, HOST},
    },
    machine::Site,
};

/// From QEMU's start to the agent's first word; some ten seconds when nothing else runs. As all limits on looking, it is
/// four times as long beside guests.
const BOOT: Duration = Duration::from_secs(30);
/// QEMU ends at once when it is told to.
const QUIT: Duration = Duration::from_secs(10);
/// The extension's program, as the node's root shows it.
const EXTENSION: &str = "/usr/local/lib/containers/lanlord/usr/local/bin/lanlord";
/// How long a program in a guest may take when nothing else is said.
const COMMAND: u64 = 20;

/// A guest of a lab.
#[derive(Clone, Debug)]
pub struct Guest {
    name: String,
    directory: PathBuf,
}

/// What a guest is started from.
#[derive(Clone, Debug)]
pub(super) struct Boot {
    pub(super) kernel: PathBuf,
    pub(super) initramfs: PathBuf,
    pub(super) disk: PathBuf,
    pub(super) writable: bool,
    pub(super) memory_mib: u32,
    /// For the kernel, then after `--` for init.
    pub(super) command_line: String,
}

impl Guest {
    /// A guest of a lab by its name.
    pub fn of(site: &Site, name: &str) -> Self {
        Self {
            name: name.to_owned(),
            directory: site.directory.join("guests").join(name),
        }
    }

    /// The lab's part that is its QEMU, and whose log is its console.
    pub fn part(&self) -> String {
        format!("{HOST}-{}", self.name)
    }

    /// Its own files.
    pub(super) fn directory(&self) -> &Path {
        &self.directory
    }

    /// Starts QEMU; its taps are there already.
    pub(super) fn start(&self, lab: &mut Lab, boot: &Boot) -> Result<()> {
        let arguments = self.arguments(boot);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        lab.start(HOST, &self.name, "qemu-system-x86_64", &arguments)
            .map(drop)
    }

    /// Waits until its agent answers; the seconds since its kernel began.
    pub(super) fn await_agent(&self, lab: &Lab) -> Result<f32, Failure> {
        let what = format!("the agent of guest {} to answer", self.name);
        lab.eventually(BOOT, &what, &self.part(), || {
            self.uptime().map_err(|error| format!("{error:#}"))
        })
    }

    /// Seconds since its kernel began.
    pub(super) fn uptime(&self) -> Result<f32> {
        let text = self.must(Request {
            command: command("lab", &["in-guest", "uptime"]),
            limit_secs: 5,
            ..Request::default()
        })?;
        text.trim()
            .parse()
            .with_context(|| format!("understand the uptime {text:?}"))
    }

    /// Runs a program in it; what it printed. `lab` is the lab binary.
    pub fn succeed(&self, program: &str, args: &[&str]) -> Result<String> {
        self.must(Request {
            command: command(program, args),
            limit_secs: COMMAND,
            ..Request::default()
        })
    }

    /// What the daemon of our image says of itself, as JSON.
    pub fn status(&self) -> Result<String> {
        if self.name == "router" {
            return self.succeed("/sbin/init", &["status", "--json"]);
        }
        self.succeed(EXTENSION, &["status", "--json", "--socket", SOCKET])
    }

    /// Starts a program that stays, and is started again when it ends.
    pub fn start_service(&self, name: &str, program: &str, args: &[&str]) -> Result<()> {
        self.must(Request {
            command: command(program, args),
            service: Some(name.to_owned()),
            ..Request::default()
        })
        .map(drop)
    }

    /// Writes a file for root alone, with its folder.
    pub(super) fn write(&self, path: &Path, content: &str) -> Result<()> {
        self.must(Request {
            command: command("lab", &["in-guest", "write", &path.to_string_lossy()]),
            input: content.to_owned(),
            limit_secs: COMMAND,
            ..Request::default()
        })
        .map(drop)
    }

    /// Cuts its power; QEMU is gone on return.
    pub(super) fn cut_power(&self, lab: &mut Lab) -> Result<()> {
        monitor::press(&self.socket("monitor"), Switch::Quit)?;
        lab.part(&self.part())?.wait(QUIT).map(drop)
    }

    /// Presses its reset button.
    pub(super) fn reset(&self) -> Result<()> {
        monitor::press(&self.socket("monitor"), Switch::Reset)
    }

    fn must(&self, request: Request) -> Result<String> {
        let what = request.command.join(" ");
        let Reply {
            success,
            stdout,
            stderr,
            ..
        } = agent::ask(&self.socket("agent"), request)?;
        if !success {
            bail!(
                "in guest {}: {what}: {}{}",
                self.name,
                stdout,
                stderr.trim()
            );
        }
        Ok(stdout)
    }

    fn socket(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    fn arguments(&self, boot: &Boot) -> Vec<String> {
        let text = |path: &Path| path.to_string_lossy().into_owned();
        let socket = |id: &str| {
            let path = text(&self.socket(id));
            format!("socket,id={id},path={path},server=on,wait=off")
        };
        let read_only = if boot.writable { "off" } else { "on" };
        let mut arguments: Vec<String> = [
            "-nodefaults -no-user-config -display none -smp 1",
            // KVM may be there and not work, so it is not asked; `max` has features that emulation cannot run.
            "-accel tcg -machine q35 -cpu Haswell-v4",
            "-chardev stdio,id=console,signal=off -serial chardev:console",
            "-mon chardev=monitor,mode=control",
            "-device virtio-serial-pci",
            // A kernel that panics ends the emulation at once.
            "-device pvpanic-pci -action panic=exit-failure",
            "-device virtio-rng-pci",
            "-device virtio-blk-pci,drive=disk",
        ]
        .iter()
        .flat_map(|line| line.split(' '))
        .map(str::to_owned)
        .collect();
        for (option, value) in [
            ("-name", self.name.clone()),
            ("-m", boot.memory_mib.to_string()),
            ("-kernel", text(&boot.kernel)),
            ("-initrd", text(&boot.initramfs)),
            ("-append", boot.command_line.clone()),
            ("-chardev", socket("monitor")),
            ("-chardev", socket("agent")),
            (
                "-device",
                format!("virtserialport,chardev=agent,name={PORT}"),
            ),
            (
                "-drive",
                // What the guest has flushed is in a file of this computer; QEMU's end does not take it away.
                format!(
                    "id=disk,if=none,format=raw,cache=unsafe,readonly={read_only},file={}",
                    text(&boot.disk)
                ),
            ),
        ] {
            arguments.extend([option.to_owned(), value]);
        }
        for cable in self.cables() {
            let (id, mac) = (cable.port(), cable.mac());
            arguments.extend([
                "-netdev".to_owned(),
                format!("tap,id={id},ifname={id},script=no,downscript=no,vhost=off"),
                "-device".to_owned(),
                format!("virtio-net-pci,netdev={id},mac={mac},romfile="),
            ]);
        }
        arguments
    }

    fn cables(&self) -> impl Iterator<Item = &'static Cable> {
        CABLES.iter().filter(|cable| cable.machine == self.name)
    }

    /// Makes the taps and puts them into the bridges.
    pub(super) fn plug_in(&self, lab: &Lab) -> Result<()> {
        std::fs::create_dir_all(&self.directory)
            .with_context(|| format!("create {}", self.directory.display()))?;
        let host = lab.machine(HOST)?;
        for cable in self.cables() {
            let port = cable.port();
            host.succeed("ip", &["tuntap", "add", "dev", &port, "mode", "tap"])?;
            host.succeed(
                "ip",
                &["link", "set", "dev", &port, "master", cable.bridge, "up"],
            )?;
        }
        Ok(())
    }
}

fn command(program: &str, args: &[&str]) -> Vec<String> {
    std::iter::once(program)
        .chain(args.iter().copied())
        .map(str::to_owned)
        .collect()
}
