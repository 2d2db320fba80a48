//! Privileges.

use super::cure;
use crate::{Finding, Host, Platform, Role};

/// Name, number in linux/capability.h, and what suffers.
const NEEDED: [(&str, u32, &str); 3] = [
    ("CAP_NET_ADMIN", 12, "addresses, routes, firewall and NAT"),
    ("CAP_NET_RAW", 13, "ARP answers and DHCP"),
    (
        "CAP_NET_BIND_SERVICE",
        10,
        "DNS, DHCP and metrics below port 1024",
    ),
];

pub(super) fn examine(host: &Host, _: Role) -> Vec<Finding> {
    let has = |set: u64, bit: u32| set & (1 << bit) != 0;
    let mut findings = Vec::new();
    for (name, bit, purpose) in NEEDED {
        if has(host.capabilities.effective, bit) {
            continue;
        }
        let could_have = has(host.capabilities.bounding, bit);
        findings.push(if could_have && !host.environment.root {
            Finding::hint("capability", format!("the doctor runs without {name}"))
                .because("some things cannot be tried; the daemon may have it all the same")
                .cured_by("run it as root: sudo lanlord doctor")
        } else {
            Finding::problem("capability", format!("{name} is missing"))
                .because(format!("without it: no {purpose}"))
                .cured_by(grant(host, name))
        });
    }
    if findings.is_empty() {
        findings.push(Finding::ok("capability", "all capabilities are there"));
    }
    findings
}

fn grant(host: &Host, name: &str) -> String {
    let short = name.trim_start_matches("CAP_");
    match &host.environment.platform {
        Platform::Container(kind) if kind == "lxc" => {
            let lower = short.to_ascii_lowercase();
            let outside = cure::outside(&host.environment);
            format!("on {outside}: remove `lxc.cap.drop: {lower}` from /etc/pve/lxc/<id>.conf")
        }
        Platform::Container(_) => {
            format!("in the pod or container: securityContext.capabilities.add: [{short}]")
        }
        Platform::Talos => format!("in the extension's service: keep {name}"),
        Platform::Machine => {
            format!("in the systemd unit: AmbientCapabilities={name}, or run as root")
        }
    }
}
