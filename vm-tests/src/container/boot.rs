//! From the template to a router that serves.

use std::time::Instant;

use anyhow::Context;

use super::lxc::{self, PART, Shortage};
use crate::lab::{
    Lab, build,
    failure::expected,
    step::Outcome,
    topology,
    www::{self, ROUTER},
};

/// All cables but the router's, which lxc lays.
pub(super) fn network(lab: &mut Lab) -> Outcome {
    let cables: Vec<_> = topology::CABLES
        .into_iter()
        .filter(|cable| cable.machine != "router")
        .collect();
    topology::build(lab, &cables)?;
    Ok(format!(
        "{} machines, all links of vmbr0 and vmbr1 are up",
        lab.machines().count()
    ))
}

/// `pct create`.
pub(super) fn unpacks(lab: &mut Lab) -> Outcome {
    let template = lxc::unpack(lab)?;
    let from = build::workspace().join("vm-tests/scenarios/www/router.toml");
    let to = lxc::root_file(lab, "etc/lanlord/router.toml")?;
    std::fs::copy(&from, &to).with_context(|| format!("copy {}", from.display()))?;
    let size = std::fs::metadata(&template).map_or(0, |data| data.len());
    Ok(format!(
        "the template ({:.1} MB) unpacks as `pct create` does it, as user 100000",
        size as f64 / 1e6
    ))
}

/// `pct start`: nothing but cables from the host.
pub(super) fn boots(lab: &mut Lab) -> Outcome {
    let begin = Instant::now();
    lxc::start(lab, Shortage::default())?;
    www::await_serving(lab, PART)?;
    let took = begin.elapsed();
    let key = std::fs::read_to_string(lxc::state_file(lab, "keys/lab.key")?)
        .context("read the key that the first start makes")?;
    lab.manifests.write_router_secret(ROUTER, &key)?;
    let console = lxc::console(lab);
    for line in [
        "192.168.1.200/24 (LAN)",
        "pct exec ID -- /sbin/init talos-patch > lanlord.yaml",
        "talosctl patch mc --patch @lanlord.yaml",
    ] {
        if !console.contains(line) {
            return Err(expected(&format!("`{line}` on the console"), &console).part(PART));
        }
    }
    Ok(format!(
        "the unprivileged container boots and serves after {:.1} s; its console shows address and next step",
        took.as_secs_f32()
    ))
}

/// `pct exec ID -- /sbin/init status`.
pub(super) fn answers_commands(lab: &mut Lab) -> Outcome {
    let status = lxc::exec_ok(lab, &["status"])?;
    for line in ["router.home.arpa", "Firewall and NAT: in force", "laptop"] {
        if !status.contains(line) {
            return Err(expected(&format!("`{line}` in the status"), &status).part(PART));
        }
    }
    let key = lxc::exec_ok(lab, &["router", "key", "show"])?;
    let stored =
        std::fs::read_to_string(lxc::state_file(lab, "keys/lab.key")?).context("read the key")?;
    if key.trim() != stored.trim() {
        return Err(expected("the stored key from `router key show`", &key).part(PART));
    }
    Ok("`pct exec ID -- /sbin/init status` and `… router key show` answer".to_owned())
}
