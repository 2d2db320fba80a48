//! A router that is misconfigured, killed, stopped, flushed.

use std::time::Duration;

use admin::types::RouterStatus;

use super::{conversation::Conversation, page_comes_back, page_is_served};
use crate::lab::{
    Lab, SOCKET, dhcp_client,
    failure::{Failure, expected},
    probe,
    step::Outcome,
    www::{self, ROUTER, SOON},
};

const PART: &str = "router-lanlord";
/// The Internet's echo server.
const ECHO: (&str, &str) = ("198.51.100.80", "7");

/// The last good configuration stays in force, and `status` says so.
pub(super) fn bad_configuration_is_not_taken(lab: &mut Lab) -> Outcome {
    let file = lab.machine("router")?.directory().join("router.toml");
    let good = std::fs::read_to_string(&file).map_err(anyhow::Error::from)?;
    let bad = good.replace("lease_time =", "lease_tme =");
    std::fs::write(&file, bad).map_err(anyhow::Error::from)?;
    let error = lab.eventually(SOON, "`lanlord status` to name the wrong key", PART, || {
        let error = www::router_status(lab)
            .map_err(|failure| failure.seen)?
            .config
            .error;
        error
            .filter(|text| text.contains("lease_tme"))
            .ok_or_else(|| "no error".to_owned())
    })?;
    page_is_served(lab, "under the last good configuration")?;
    std::fs::write(&file, good).map_err(anyhow::Error::from)?;
    lab.eventually(
        SOON,
        "the error to be gone with the typing error",
        PART,
        || {
            let error = www::router_status(lab)
                .map_err(|failure| failure.seen)?
                .config
                .error;
            error.map_or(Ok(()), Err)
        },
    )?;
    let line = error.lines().next().unwrap_or_default();
    Ok(format!(
        "a wrong key on reload changes nothing, and status says: {line}"
    ))
}

/// SIGKILL: leases and names are on disk.
pub(super) fn killed_router_remembers(lab: &mut Lab) -> Outcome {
    let before = leases(&www::router_status(lab)?);
    let mut conversation = Conversation::open(lab.machine("laptop")?, ECHO.0, ECHO.1)?;
    // The names must come from the router's disk, not from the next push of a node.
    for node in www::NODES {
        lab.part(&format!("{node}-lanlord"))?.kill();
    }
    lab.part(PART)?.kill();
    stranger_is_kept_out(lab, "while the router is dead")?;
    www::start_router(lab)?;
    let status = www::await_serving(lab, PART)?;
    let after = leases(&status);
    let found = probe::resolve(lab.machine("laptop")?, ROUTER, "www.example.com");
    for node in www::NODES {
        www::start_node(lab, node)?;
    }
    if found.as_deref().ok() != Some(&["10.10.10.10".to_owned()][..]) {
        return Err(
            expected("www.example.com after the restart", &format!("{found:?}")).part(PART),
        );
    }
    if before != after {
        return Err(expected(&format!("the leases {before:?}"), &format!("{after:?}")).part(PART));
    }
    conversation.go_on().map_err(|error| {
        expected("the open connection to go on", &format!("{error:#}")).part(PART)
    })?;
    page_comes_back(lab, "after the router was killed")?;
    Ok(format!(
        "router killed and restarted: {} leases, the names and an open connection are still there",
        after.len()
    ))
}

/// SIGTERM: a restart must neither open the uplink nor cut connections.
pub(super) fn stopped_router_keeps_its_guard(lab: &mut Lab) -> Outcome {
    let mut conversation = Conversation::open(lab.machine("laptop")?, ECHO.0, ECHO.1)?;
    let took = stop(lab)?;
    let going = conversation.go_on();
    stranger_is_kept_out(lab, "while the router is stopped")?;
    www::start_router(lab)?;
    www::await_serving(lab, PART)?;
    going.and_then(|()| conversation.go_on()).map_err(|error| {
        expected("the open connection to go on", &format!("{error:#}")).part(PART)
    })?;
    page_comes_back(lab, "after the router's restart")?;
    Ok(format!(
        "SIGTERM ends the router in {} ms: the firewall stays, an open connection goes on",
        took.as_millis()
    ))
}

/// `lanlord router --flush` takes back what a stopped router left.
pub(super) fn flushed_router_leaves_no_trace(lab: &mut Lab) -> Outcome {
    stop(lab)?;
    let router = lab.machine("router")?;
    let directory = router.directory();
    let config = directory.join("router.toml").to_string_lossy().into_owned();
    let state = directory.join("state").to_string_lossy().into_owned();
    router.succeed(
        "lanlord",
        &[
            "router", "--config", &config, "--state", &state, "--socket", SOCKET, "--flush",
        ],
    )?;
    let rules = router.succeed("nft", &["list", "ruleset"])?;
    let routes = router.succeed("ip", &["route", "show", "table", "all"])?;
    let socket = router.outside(std::path::Path::new(SOCKET)).exists();
    if !rules.is_empty() || routes.contains("10.10.10.0/24") || socket {
        let seen = format!("rules: {rules}\nroutes: {routes}\nsocket left: {socket}");
        return Err(expected("no trace of a flushed router", &seen).part(PART));
    }
    www::start_router(lab)?;
    www::await_serving(lab, PART)?;
    page_comes_back(lab, "after the flushed router was started again")?;
    let lease = dhcp_client::lease(lab.machine("laptop")?)
        .map_err(|seen| expected("the laptop's lease", &seen))?;
    Ok(format!(
        "lanlord router --flush leaves no rule and no route; started again, it serves {}",
        lease.address
    ))
}

fn stop(lab: &mut Lab) -> Result<Duration, Failure> {
    let (status, took) = lab
        .part(PART)?
        .terminate(Duration::from_secs(2))
        .map_err(|error| {
            expected(
                "SIGTERM to end the router within 2 s",
                &format!("{error:#}"),
            )
            .part(PART)
        })?;
    if status.success() {
        Ok(took)
    } else {
        Err(expected("exit code 0 after SIGTERM", &status.to_string()).part(PART))
    }
}

fn stranger_is_kept_out(lab: &Lab, when: &str) -> Result<(), Failure> {
    let stranger = lab.machine("stranger")?;
    let script = "curl --silent --max-time 1 http://10.10.10.10/ || curl --silent --max-time 1 http://192.168.1.202:8000/ || true";
    let answer = stranger.succeed("sh", &["-c", script])?;
    if answer.is_empty() {
        Ok(())
    } else {
        Err(expected(&format!("nothing for a stranger {when}"), &answer).part(PART))
    }
}

/// Addresses and names of leases that are held.
fn leases(status: &RouterStatus) -> Vec<(String, String)> {
    let mut found: Vec<_> = status
        .dhcp
        .iter()
        .flat_map(|dhcp| &dhcp.leases)
        .filter(|lease| lease.expires_in_secs.is_some())
        .map(|lease| {
            (
                lease.address.to_string(),
                lease.hostname.clone().unwrap_or_default(),
            )
        })
        .collect();
    found.sort();
    found
}
