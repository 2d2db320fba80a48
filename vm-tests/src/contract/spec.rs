//! The OCI runtime specification of an extension service: what Talos 1.13 makes of a service file.
//!
//! Taken from what machined writes: network and IPC of the host, own PID, mount and UTS namespaces, every capability of
//! machined but SYS_BOOT and SYS_MODULE, no_new_privs, containerd's default seccomp profile, a root that is read-only,
//! no environment.

use std::path::Path;

use anyhow::{Context, Result};
use serde::Deserialize;
use serde_json::{Value, json};

/// The service file of an extension, `lanlord.yaml`.
#[derive(Debug, Deserialize)]
pub(super) struct Service {
    pub(super) name: String,
    pub(super) container: Container,
    pub(super) restart: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Container {
    entrypoint: String,
    #[serde(default)]
    args: Vec<String>,
    #[serde(default)]
    environment: Vec<String>,
    #[serde(default)]
    pub(super) mounts: Vec<Mount>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Mount {
    /// A path of the host.
    pub(super) source: String,
    destination: String,
    #[serde(rename = "type")]
    kind: String,
    options: Vec<String>,
}

const SYSCALLS: &str = include_str!("syscalls.txt");

/// Capabilities in the order of their numbers, from 0.
const CAPABILITIES: [&str; 41] = [
    "CHOWN",
    "DAC_OVERRIDE",
    "DAC_READ_SEARCH",
    "FOWNER",
    "FSETID",
    "KILL",
    "SETGID",
    "SETUID",
    "SETPCAP",
    "LINUX_IMMUTABLE",
    "NET_BIND_SERVICE",
    "NET_BROADCAST",
    "NET_ADMIN",
    "NET_RAW",
    "IPC_LOCK",
    "IPC_OWNER",
    "SYS_MODULE",
    "SYS_RAWIO",
    "SYS_CHROOT",
    "SYS_PTRACE",
    "SYS_PACCT",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_NICE",
    "SYS_RESOURCE",
    "SYS_TIME",
    "SYS_TTY_CONFIG",
    "MKNOD",
    "LEASE",
    "AUDIT_WRITE",
    "AUDIT_CONTROL",
    "SETFCAP",
    "MAC_OVERRIDE",
    "MAC_ADMIN",
    "SYSLOG",
    "WAKE_ALARM",
    "BLOCK_SUSPEND",
    "AUDIT_READ",
    "PERFMON",
    "BPF",
    "CHECKPOINT_RESTORE",
];
/// What Talos takes away.
const WITHHELD: [&str; 2] = ["SYS_BOOT", "SYS_MODULE"];

const MASKED: [&str; 12] = [
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
    "/sys/fs/selinux",
];
const READ_ONLY: [&str; 5] = [
    "/proc/bus",
    "/proc/fs",
    "/proc/irq",
    "/proc/sys",
    "/proc/sysrq-trigger",
];

/// `AF_ALG` and `AF_VSOCK`, which lie to both sides of 39.
const AF_ALG: u64 = 38;
const AF_VSOCK: u64 = 40;

impl Service {
    /// Of an extension's unpacked tree.
    pub(super) fn read(tree: &Path) -> Result<Self> {
        let path = tree.join("rootfs/usr/local/etc/containers/lanlord.yaml");
        let text =
            std::fs::read_to_string(&path).with_context(|| format!("read {}", path.display()))?;
        serde_saphyr::from_str(&text).with_context(|| format!("understand {}", path.display()))
    }

    /// The specification. `host` is the folder that stands for the host's root, `root` the container's.
    pub(super) fn runtime_spec(&self, host: &Path, root: &Path, cgroup: &str) -> Result<Value> {
        let container = &self.container;
        let arguments: Vec<&String> = [&container.entrypoint]
            .into_iter()
            .chain(&container.args)
            .collect();
        let capabilities = capabilities()?;
        Ok(json!({
            "ociVersion": "1.0.2",
            "hostname": "lanlord-extension",
            "process": {
                "user": { "uid": 0, "gid": 0 },
                "args": arguments,
                "env": container.environment,
                "cwd": "/",
                "noNewPrivileges": true,
                "capabilities": { "bounding": capabilities, "permitted": capabilities, "effective": capabilities },
            },
            "root": { "path": root, "readonly": true },
            "mounts": self.mounts(host),
            "linux": {
                "cgroupsPath": cgroup,
                "resources": { "devices": [{ "allow": true, "access": "rwm" }] },
                "namespaces": [{ "type": "pid" }, { "type": "mount" }, { "type": "uts" }],
                "maskedPaths": MASKED,
                "readonlyPaths": READ_ONLY,
                "seccomp": seccomp(),
            },
        }))
    }

    fn mounts(&self, host: &Path) -> Vec<Value> {
        let special = |destination: &str, kind: &str, options: &[&str]| json!({ "destination": destination, "type": kind, "source": kind, "options": options });
        let file = |path: &str| json!({ "destination": path, "type": "bind", "source": path, "options": ["rbind", "ro"] });
        let own = self.container.mounts.iter().map(|mount| {
            json!({
                "destination": mount.destination,
                "type": mount.kind,
                "source": under(host, &mount.source),
                "options": mount.options,
            })
        });
        vec![
            special("/proc", "proc", &["nosuid", "noexec", "nodev"]),
            special(
                "/dev",
                "tmpfs",
                &["nosuid", "strictatime", "mode=755", "size=65536k"],
            ),
            special(
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
            special(
                "/dev/shm",
                "tmpfs",
                &["nosuid", "noexec", "nodev", "mode=1777", "size=65536k"],
            ),
            special("/dev/mqueue", "mqueue", &["nosuid", "noexec", "nodev"]),
            special("/sys", "sysfs", &["nosuid", "noexec", "nodev", "ro"]),
            special(
                "/run",
                "tmpfs",
                &["nosuid", "strictatime", "mode=755", "size=65536k"],
            ),
            file("/etc/hosts"),
            file("/etc/resolv.conf"),
        ]
        .into_iter()
        .chain(own)
        .collect()
    }
}

/// A path of the host that `host` stands for.
pub(super) fn under(host: &Path, path: &str) -> std::path::PathBuf {
    host.join(path.trim_start_matches('/'))
}

/// All that this process may give away, but what Talos withholds.
fn capabilities() -> Result<Vec<String>> {
    let status = std::fs::read_to_string("/proc/self/status").context("read /proc/self/status")?;
    let bounding = status
        .lines()
        .find_map(|line| line.strip_prefix("CapBnd:"))
        .and_then(|text| u64::from_str_radix(text.trim(), 16).ok())
        .context("find CapBnd in /proc/self/status")?;
    let held = CAPABILITIES
        .iter()
        .enumerate()
        .filter(|(number, name)| bounding & (1 << number) != 0 && !WITHHELD.contains(name));
    Ok(held.map(|(_, name)| format!("CAP_{name}")).collect())
}

fn seccomp() -> Value {
    let names: Vec<&str> = SYSCALLS
        .lines()
        .filter(|line| !line.starts_with('#'))
        .flat_map(str::split_whitespace)
        .collect();
    let socket = |operator: &str, family: u64| {
        json!({
            "names": ["socket"], "action": "SCMP_ACT_ALLOW",
            "args": [{ "index": 0, "value": family, "op": operator }],
        })
    };
    let personality = |value: u64| {
        json!({
            "names": ["personality"], "action": "SCMP_ACT_ALLOW",
            "args": [{ "index": 0, "value": value, "op": "SCMP_CMP_EQ" }],
        })
    };
    json!({
        "defaultAction": "SCMP_ACT_ERRNO",
        "architectures": [if cfg!(target_arch = "aarch64") { "SCMP_ARCH_AARCH64" } else { "SCMP_ARCH_X86_64" }],
        "syscalls": [
            { "names": names, "action": "SCMP_ACT_ALLOW" },
            socket("SCMP_CMP_LT", AF_ALG),
            socket("SCMP_CMP_EQ", AF_ALG + 1),
            socket("SCMP_CMP_GT", AF_VSOCK),
            personality(0),
            personality(8),
            personality(0xffff_ffff),
        ],
    })
}
