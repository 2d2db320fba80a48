//! `lanlord router` in its container.

use std::time::Duration;

use admin::types::{RouterStatus, Status};
use anyhow::Context;

use super::{ROUTER, VIP, uplink};
use crate::lab::{
    Lab, SOCKET, build,
    failure::{Failure, expected},
    page, probe,
    step::Outcome,
};

/// It probes the LAN for other servers before it serves.
const READY: Duration = Duration::from_secs(15);

/// Starts the router with the scenario's configuration, the key goes into the cluster's objects.
pub(super) fn ready(lab: &mut Lab) -> Outcome {
    let from = build::workspace().join("vm-tests/scenarios/www/router.toml");
    let to = lab.machine("router")?.directory().join("router.toml");
    std::fs::copy(&from, &to).with_context(|| format!("copy {}", from.display()))?;
    let part = start_router(lab)?;
    let status = await_serving(lab, &part)?;
    let key_file = lab
        .machine("router")?
        .directory()
        .join("state/keys/lab.key");
    let key = std::fs::read_to_string(&key_file)
        .with_context(|| format!("read the cluster's key {}", key_file.display()))?;
    lab.manifests.write_router_secret(ROUTER, &key)?;
    Ok(serves(&status))
}

/// What a router that is ready says of itself, in a sentence.
pub fn serves(status: &RouterStatus) -> String {
    let interfaces: Vec<String> = status
        .interfaces
        .iter()
        .map(|interface| {
            format!(
                "{} {} ({})",
                interface.name,
                interface.addresses.join(" "),
                interface.role
            )
        })
        .collect();
    format!("router serves DHCP and DNS: {}", interfaces.join(", "))
}

/// Starts the daemon; its state survives in the machine's directory.
pub fn start_router(lab: &mut Lab) -> anyhow::Result<String> {
    let directory = lab.machine("router")?.directory();
    let config = directory.join("router.toml").to_string_lossy().into_owned();
    let state = directory.join("state").to_string_lossy().into_owned();
    let program = lab.lanlord.to_string_lossy().into_owned();
    lab.start(
        "router",
        "lanlord",
        &program,
        &[
            "router", "--config", &config, "--state", &state, "--socket", SOCKET,
        ],
    )
}

/// Waits until DHCP is served, the firewall is in force and nothing is wrong.
pub fn await_serving(lab: &Lab, part: &str) -> Result<RouterStatus, Failure> {
    lab.eventually(
        READY,
        "`lanlord status` of the router: DHCP serving, firewall in force",
        part,
        || {
            let status = as_router(probe::status_of(lab, "router")?)?;
            let serving =
                !status.dhcp.is_empty() && status.dhcp.iter().all(|dhcp| dhcp.state == "serving");
            if serving && status.firewall.is_ok() && status.problems.is_empty() {
                Ok(status)
            } else {
                Err(format!(
                    "dhcp {:?}, firewall {:?}, problems {:?}",
                    status
                        .dhcp
                        .iter()
                        .map(|dhcp| &dhcp.state)
                        .collect::<Vec<_>>(),
                    status.firewall,
                    status.problems
                ))
            }
        },
    )
}

/// What the router says of itself.
pub fn router_status(lab: &Lab) -> Result<RouterStatus, Failure> {
    let look = || as_router(probe::status_of(lab, "router")?);
    look().map_err(|seen| expected("`lanlord status` of the router", &seen).part("router-lanlord"))
}

/// The laptop's packets to the VIP pass the router while the answers do not: it must not track them.
pub(super) fn hairpin_is_untracked(lab: &mut Lab) -> Outcome {
    let laptop = lab.machine("laptop")?;
    let route = laptop.succeed("ip", &["route", "get", &VIP.to_string()])?;
    if !route.contains(&format!("via {ROUTER}")) {
        return Err(expected(
            "the laptop to send to the VIP by way of the router",
            &route,
        ));
    }
    for _ in 0..10 {
        page::fetch(laptop, super::PAGE).map_err(|seen| {
            expected("every request of ten to be answered", &seen).part("router-lanlord")
        })?;
    }
    let after = laptop.succeed("ip", &["route", "get", &VIP.to_string()])?;
    if after.contains("redirected") || !after.contains(ROUTER) {
        return Err(
            expected("no ICMP redirect to pin the laptop to a node", &after).part("router-lanlord"),
        );
    }
    let tracked = if lab.is_guest("router") {
        lab.succeed(
            "router",
            "lab",
            &["in-guest", "read", "/proc/net/nf_conntrack"],
        )?
    } else {
        lab.succeed("router", "conntrack", &["-L"])?
    };
    if !tracked.contains(uplink::WEB) {
        return Err(expected(
            "the connection to the Internet in the router's table",
            &tracked,
        ));
    }
    if let Some(line) = tracked.lines().find(|line| line.contains(&VIP.to_string())) {
        return Err(
            expected("no connection to the VIP in the router's table", line).part("router-lanlord"),
        );
    }
    Ok("ten requests hairpin through the router: none lost, none tracked, no redirect".to_owned())
}

fn as_router(status: Status) -> Result<RouterStatus, String> {
    match status {
        Status::Router(status) => Ok(status),
        Status::Node(_) => Err("the status of a node".to_owned()),
    }
}
