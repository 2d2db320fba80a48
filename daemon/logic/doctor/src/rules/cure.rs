//! How to give a host what it lacks, depending on where it runs.

use crate::{Environment, Finding, Host, Platform};

/// File of kernel modules that are loaded at boot.
const MODULES: &str = "/etc/modules-load.d/lanlord.conf";
/// File of kernel settings that are made at boot.
const SETTINGS: &str = "/etc/sysctl.d/90-lanlord.conf";

/// The line that loads kernel modules now and at each boot.
pub(super) fn module(host: &Host, names: &[&str]) -> String {
    let list = names.join("\\n");
    let words = names.join(" ");
    let line = format!("printf '{list}\\n' >> {MODULES} && modprobe -a {words}");
    match &host.environment.platform {
        Platform::Machine => line,
        Platform::Container(_) => format!("on {}: {line}", outside(&host.environment)),
        Platform::Talos => {
            let entries: Vec<_> = names
                .iter()
                .map(|name| format!("{{name: {name}}}"))
                .collect();
            format!(
                "in the machine configuration: machine.kernel.modules: [{}]",
                entries.join(", ")
            )
        }
    }
}

/// The line that makes a kernel setting now and at each boot; `key` is a path below `/proc/sys`.
pub(super) fn setting(host: &Host, key: &str, value: &str) -> String {
    let key_of_sysctl = dotted(key);
    let entry = format!("{key_of_sysctl}={value}");
    let line = format!("echo {entry} >> {SETTINGS} && sysctl -w {entry}");
    match &host.environment.platform {
        Platform::Machine => line,
        Platform::Container(_) if host.sysctls_writable && is_namespaced(key) => {
            format!("in this container: sysctl -w {entry}")
        }
        Platform::Container(_) => format!("on {}: {line}", outside(&host.environment)),
        Platform::Talos => format!(
            "in the machine configuration: machine.sysctls: {{{key_of_sysctl}: \"{value}\"}}"
        ),
    }
}

/// The line that stops a program which is in the way.
pub(super) fn stop(host: &Host, program: &str) -> String {
    let unit = match program {
        "systemd-resolve" | "systemd-resolved" => {
            return "in /etc/systemd/resolved.conf: DNSStubListener=no, then systemctl restart systemd-resolved"
                .to_string();
        }
        "dhcpd" => "isc-dhcp-server",
        "kea-dhcp4" => "kea-dhcp4-server",
        other => other,
    };
    if host.environment.systemd {
        format!("systemctl disable --now {unit}")
    } else {
        format!("stop {program} here, or keep it from starting")
    }
}

/// Who owns the kernel of a container.
pub(super) fn outside(environment: &Environment) -> &'static str {
    match &environment.platform {
        Platform::Container(kind) if kind == "lxc" => "the Proxmox host",
        Platform::Container(_) => "the container's host",
        Platform::Machine | Platform::Talos => "this host",
    }
}

pub(super) fn strict_arp(finding: Finding) -> Finding {
    finding
        .because("every node answers ARP for every VIP, whoever owns it")
        .cured_by("kubectl edit -n kube-system configmap kube-proxy: ipvs.strictARP: true, then restart kube-proxy")
        .cured_by("on Talos: cluster.proxy.extraArgs: {ipvs-strict-arp: \"true\"}")
}

/// Settings of the connection table and of socket buffers belong to the whole machine.
fn is_namespaced(key: &str) -> bool {
    key.starts_with("net/ipv4/") || key.starts_with("net/ipv6/")
}

/// A setting as `sysctl` takes it: dots and slashes change places, as an interface may have a dot in its name.
fn dotted(key: &str) -> String {
    let swap = |letter| match letter {
        '/' => '.',
        '.' => '/',
        other => other,
    };
    key.chars().map(swap).collect()
}
