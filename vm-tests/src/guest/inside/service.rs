//! The services of a node: those of extensions run by their contract under runc, those that the lab starts are plain
//! processes. Both come back after five seconds, which is Talos' pause.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{agent, boot};

/// Where extensions put what is to run.
const SPECS: &str = "/usr/local/etc/containers";
/// Where the roots of their containers are.
const ROOTS: &str = "/usr/local/lib/containers";
/// A file per service that has been started.
const STARTED: &str = "/run/services";
/// Talos' pause before a restart.
const PAUSE: Duration = Duration::from_secs(5);

/// What a service's file says, as far as ours uses it: an unknown key is an error here, as it would do nothing there.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Spec {
    name: String,
    container: Container,
    #[serde(default)]
    depends: Vec<BTreeMap<String, String>>,
    restart: String,
    #[serde(default, rename = "logToConsole")]
    _log_to_console: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Container {
    entrypoint: String,
    #[serde(default)]
    args: Vec<String>,
    #[serde(default)]
    environment: Vec<String>,
    #[serde(default)]
    mounts: Vec<Mount>,
    #[serde(default)]
    security: Security,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Mount {
    source: String,
    destination: String,
    #[serde(rename = "type")]
    kind: String,
    options: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Security {
    masked_paths: Option<Vec<String>>,
    readonly_paths: Option<Vec<String>>,
}

/// Runs the services of all extensions; returns only when one cannot be run at all.
pub(super) fn run_all() -> Result<()> {
    start(
        "dhcp",
        &[
            "/bin/busybox",
            "udhcpc",
            "-f",
            "-i",
            "eth0",
            "-s",
            "/usr/share/udhcpc/default.script",
        ]
        .map(str::to_owned),
    )?;
    let mut threads = Vec::new();
    for entry in fs::read_dir(SPECS).with_context(|| format!("list {SPECS}"))? {
        let file = entry?.path();
        let text = fs::read_to_string(&file).with_context(|| format!("read {}", file.display()))?;
        let spec: Spec =
            serde_saphyr::from_str(&text).with_context(|| format!("read {}", file.display()))?;
        threads.push(thread::spawn(move || run(&spec)));
    }
    for thread in threads {
        match thread.join() {
            Ok(result) => result?,
            Err(_) => bail!("the thread of a service panicked"),
        }
    }
    bail!("no service is left")
}

/// Starts a process of the lab in the background.
pub(super) fn start(name: &str, command: &[String]) -> Result<()> {
    let mut command = agent::command(command)?;
    command.stdin(Stdio::null());
    let mut child = command
        .spawn()
        .with_context(|| format!("start {command:?}"))?;
    let name = name.to_owned();
    fs::write(Path::new(STARTED).join(&name), "").context("note the start")?;
    thread::spawn(move || {
        loop {
            let status = child.wait();
            boot::say(&format!("{name} ended: {status:?}"));
            thread::sleep(PAUSE);
            match command.spawn() {
                Ok(again) => child = again,
                Err(error) => return boot::say(&format!("start {name}: {error}")),
            }
        }
    });
    Ok(())
}

fn run(spec: &Spec) -> Result<()> {
    for dependency in &spec.depends {
        await_dependency(spec, dependency)?;
    }
    let bundle = PathBuf::from("/run/bundles").join(&spec.name);
    fs::create_dir_all(&bundle).context("create the bundle")?;
    for mount in &spec.container.mounts {
        // As Talos does; the modes of those are the service's own business.
        fs::create_dir_all(&mount.source)
            .with_context(|| format!("create the source {}", mount.source))?;
    }
    fs::write(bundle.join("config.json"), oci(spec).to_string()).context("write the OCI spec")?;
    loop {
        boot::say(&format!("ext-{}: running", spec.name));
        let status = Command::new("/usr/sbin/runc")
            .args(["--root", "/run/runc", "run", "--bundle"])
            .arg(&bundle)
            .arg(&spec.name)
            .status()
            .context("run runc")?;
        boot::say(&format!("ext-{}: {status}", spec.name));
        match spec.restart.as_str() {
            "always" => {}
            "untilSuccess" if !status.success() => {}
            "untilSuccess" | "never" => return Ok(()),
            other => bail!("{}: restart: {other:?}", spec.name),
        }
        thread::sleep(PAUSE);
    }
}

/// Without a limit, as in Talos: the lab sees that the service does not come.
fn await_dependency(spec: &Spec, dependency: &BTreeMap<String, String>) -> Result<()> {
    let pairs: Vec<(&str, &str)> = dependency
        .iter()
        .map(|(kind, value)| (kind.as_str(), value.as_str()))
        .collect();
    let file = match pairs[..] {
        [("service", name)] => Path::new(STARTED).join(name),
        [("path", path)] => PathBuf::from(path),
        _ => bail!(
            "{}: this guest does not know the dependency {pairs:?}",
            spec.name
        ),
    };
    boot::say(&format!("ext-{}: waits for {}", spec.name, file.display()));
    while !file.exists() {
        thread::sleep(Duration::from_millis(100));
    }
    Ok(())
}

/// What Talos hands to containerd for it.
fn oci(spec: &Spec) -> Value {
    let mut args = vec![spec.container.entrypoint.clone()];
    args.extend(spec.container.args.iter().cloned());
    let capabilities = capabilities();
    let security = &spec.container.security;
    json!({
        "ociVersion": "1.0.2",
        "root": { "path": Path::new(ROOTS).join(&spec.name), "readonly": true },
        "hostname": "",
        "process": {
            "user": { "uid": 0, "gid": 0 },
            "args": args,
            "env": spec.container.environment,
            "cwd": "/",
            "noNewPrivileges": true,
            "oomScoreAdj": -600,
            "capabilities": { "bounding": capabilities, "effective": capabilities, "permitted": capabilities },
        },
        "mounts": mounts(spec),
        "linux": {
            "cgroupsPath": format!("/system/extensions/{}", spec.name),
            "resources": { "devices": [{ "allow": true, "access": "rwm" }] },
            "namespaces": [{ "type": "pid" }, { "type": "mount" }, { "type": "uts" }],
            "maskedPaths": security.masked_paths.clone().unwrap_or_else(|| owned(&MASKED)),
            "readonlyPaths": security.readonly_paths.clone().unwrap_or_else(|| owned(&READ_ONLY)),
        },
    })
}

fn mounts(spec: &Spec) -> Vec<Value> {
    let own = |destination, kind, options: &[&str]| json!({ "destination": destination, "type": kind, "source": kind, "options": options });
    let bound = |file| json!({ "destination": file, "type": "bind", "source": file, "options": ["rbind", "ro"] });
    let mut mounts = vec![
        own("/proc", "proc", &["nosuid", "noexec", "nodev"]),
        own(
            "/dev",
            "tmpfs",
            &["nosuid", "strictatime", "mode=755", "size=65536k"],
        ),
        own(
            "/dev/pts",
            "devpts",
            &[
                "nosuid",
                "noexec",
                "newinstance",
                "ptmxmode=0666",
                "mode=0620",
            ],
        ),
        own(
            "/dev/shm",
            "tmpfs",
            &["nosuid", "noexec", "nodev", "mode=1777", "size=65536k"],
        ),
        own("/dev/mqueue", "mqueue", &["nosuid", "noexec", "nodev"]),
        own("/sys", "sysfs", &["nosuid", "noexec", "nodev", "ro"]),
        own(
            "/run",
            "tmpfs",
            &["nosuid", "strictatime", "mode=755", "size=65536k"],
        ),
        bound("/etc/hosts"),
        bound("/etc/resolv.conf"),
    ];
    mounts.extend(spec.container.mounts.iter().map(|mount| {
        json!({
            "destination": mount.destination, "type": mount.kind, "source": mount.source, "options": mount.options,
        })
    }));
    mounts
}

/// All but the right to boot and to load modules.
fn capabilities() -> Vec<String> {
    const ALL: &str = "CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE \
        NET_BIND_SERVICE NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT \
        SYS_ADMIN SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP \
        MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE";
    ALL.split_whitespace()
        .map(|name| format!("CAP_{name}"))
        .collect()
}

/// containerd's list.
const MASKED: [&str; 11] = [
    "/proc/acpi",
    "/proc/asound",
    "/proc/kcore",
    "/proc/keys",
    "/proc/latency_stats",
    "/proc/timer_list",
    "/proc/timer_stats",
    "/proc/sched_debug",
    "/proc/scsi",
    "/sys/firmware",
    "/sys/devices/virtual/powercap",
];

/// containerd's list.
const READ_ONLY: [&str; 5] = [
    "/proc/bus",
    "/proc/fs",
    "/proc/irq",
    "/proc/sys",
    "/proc/sysrq-trigger",
];

fn owned(paths: &[&str]) -> Vec<String> {
    paths.iter().map(|path| (*path).to_owned()).collect()
}
