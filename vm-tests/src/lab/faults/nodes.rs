//! Nodes that are cut off, killed, stopped.

use std::time::{Duration, Instant};

use anyhow::Context;

use super::page_comes_back;
use crate::lab::{
    Lab,
    failure::{Failure, expected},
    kube_proxy, probe,
    step::Outcome,
    topology::{self, CABLES, HOST},
    www::{self, SOON, VIP, WORKERS},
};

/// Routing table of the daemons in which assigned VIPs are unreachable.
const TABLE: &str = "27756";

/// As `cargo lab fail` and `heal` do.
pub(super) fn cut_node_loses_vip(lab: &mut Lab) -> Outcome {
    let before = www::owner(lab, SOON)?;
    let cable = CABLES
        .iter()
        .find(|cable| cable.machine == before)
        .context("the owner has a cable")?;
    topology::plug(lab.machine(HOST)?, cable, false)?;
    let took = vip_moves_from(lab, before)?;
    mark(lab, before, true)?;
    topology::plug(lab.machine(HOST)?, cable, true)?;
    one_owner_soon(lab)?;
    Ok(format!(
        "{before} cut off and NotReady: {VIP} is at {} after {took} ms",
        other(before)
    ))
}

/// Power loss, as far as a daemon can show it.
pub(super) fn killed_node_loses_vip(lab: &mut Lab) -> Outcome {
    let before = www::owner(lab, SOON)?;
    lab.part(&format!("{before}-lanlord"))?.kill();
    let took = vip_moves_from(lab, before)?;
    www::start_node(lab, before)?;
    mark(lab, before, true)?;
    one_owner_soon(lab)?;
    Ok(format!(
        "lanlord on {before} killed, Node NotReady: {VIP} is at {} after {took} ms",
        other(before)
    ))
}

/// SIGTERM: quick, and nothing is left that would black-hole or loop traffic.
pub(super) fn stopped_node_leaves_no_trace(lab: &mut Lab) -> Outcome {
    let node = www::owner(lab, SOON)?;
    let part = format!("{node}-lanlord");
    let limit = Duration::from_secs(2);
    let (status, took) = lab.part(&part)?.terminate(limit).map_err(|error| {
        expected("SIGTERM to end the node within 2 s", &format!("{error:#}")).part(&part)
    })?;
    if !status.success() {
        return Err(expected("exit code 0 after SIGTERM", &status.to_string()).part(&part));
    }
    let machine = lab.machine(node)?;
    let rules = machine.succeed("ip", &["rule", "show"])?;
    let routes = machine.succeed(
        "sh",
        &[
            "-c",
            &format!("ip route show table {TABLE} 2>/dev/null || true"),
        ],
    )?;
    let socket = machine
        .outside(std::path::Path::new(crate::lab::SOCKET))
        .exists();
    if rules.contains(TABLE) || !routes.is_empty() || socket {
        let seen = format!("rules: {rules}\nroutes: {routes}\nsocket left: {socket}");
        return Err(expected("no rule, route or socket of a stopped node", &seen).part(&part));
    }
    www::start_node(lab, node)?;
    one_owner_soon(lab)?;
    Ok(format!(
        "SIGTERM ends lanlord on {node} in {} ms: no rule, route or socket is left",
        took.as_millis()
    ))
}

/// Marks the node and waits for the other worker and the page; how many milliseconds that took.
fn vip_moves_from(lab: &Lab, before: &str) -> Result<u128, Failure> {
    let begin = Instant::now();
    mark(lab, before, false)?;
    let to = other(before);
    let what = format!("{VIP} to move from {before} to {to}");
    // Asked first, because it answers at once; arping asks once a second.
    lab.eventually(SOON, &what, &format!("{to}-lanlord"), || {
        let announcing = www::announces(lab, to).map_err(|failure| failure.seen)?;
        announcing
            .then_some(())
            .ok_or_else(|| format!("{to} does not announce it"))
    })?;
    let took = begin.elapsed().as_millis();
    let client = lab.machine("talos-client")?;
    lab.eventually(SOON, &what, &format!("{to}-lanlord"), || {
        let owner = probe::owner(client, &VIP.to_string())?;
        if owner == to {
            Ok(())
        } else {
            Err(format!("{owner} answers"))
        }
    })?;
    let page = page_comes_back(lab, "from the other worker")?;
    if page.server != to {
        return Err(expected(
            &format!("the page from {to}"),
            &format!("{page:?}"),
        ));
    }
    Ok(took)
}

fn mark(lab: &Lab, node: &str, ready: bool) -> Result<(), Failure> {
    lab.manifests.mark_ready(node, ready)?;
    kube_proxy::program_all(lab, VIP)?;
    Ok(())
}

fn other(node: &str) -> &'static str {
    if node == WORKERS[0] {
        WORKERS[1]
    } else {
        WORKERS[0]
    }
}

/// After a node came back, one worker answers and the same one announces.
fn one_owner_soon(lab: &Lab) -> Result<(), Failure> {
    lab.eventually(
        SOON,
        "one worker to announce and to answer",
        "talos-2-lanlord",
        || {
            let announcing = www::announcing(lab).map_err(|failure| failure.seen)?;
            let answering = probe::owner(
                lab.machine("talos-client")
                    .map_err(|error| error.to_string())?,
                &VIP.to_string(),
            )?;
            if announcing == [answering] {
                Ok(())
            } else {
                Err(format!("{announcing:?} announce, {answering} answers"))
            }
        },
    )?;
    page_comes_back(lab, "after the node came back")?;
    Ok(())
}
