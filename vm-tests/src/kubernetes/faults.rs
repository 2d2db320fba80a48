//! Faults of a real cluster: the API server away, the lease holder away.

use std::time::Duration;

use serde_json::json;

use super::{
    NODES, SOON,
    control_plane::{MACHINE, admin},
    files::Files,
    requests::await_address,
};
use crate::lab::{
    Lab,
    failure::{Failure, expected},
    page, probe,
    step::{Outcome, Step},
    www::{self, PAGE, ROUTER, VIP},
};

/// A lease that nobody renews runs out after 15 s; then somebody has to see that.
const TAKEOVER: Duration = Duration::from_secs(40);

/// The steps, in order; each leaves the lab as it found it.
pub fn steps() -> Vec<Step> {
    let step = |name, run| Step { name, run };
    vec![
        step("api-gone", gone_api_withdraws_nothing),
        step("api-back", returned_api_is_followed),
        step("holder-killed", another_node_allocates),
    ]
}

/// What is announced stays announced, names still resolve, and a restarted daemon goes on.
fn gone_api_withdraws_nothing(lab: &mut Lab) -> Outcome {
    let before = www::owner(lab, SOON)?;
    lab.part(&format!("{MACHINE}-kube-apiserver"))?.kill();
    for (node, _) in NODES {
        let part = format!("{node}-lanlord");
        let log = lab.part(&part)?.log.clone();
        lab.eventually(SOON, "every node to miss the API server", &part, || {
            let text = std::fs::read_to_string(&log).map_err(|error| error.to_string())?;
            if text.contains("watch failed") {
                Ok(())
            } else {
                Err("no line about it in its log".to_owned())
            }
        })?;
    }
    everything_works(lab, "while the API server is away")?;
    let after = www::owner(lab, SOON)?;
    if before != after {
        return Err(expected(&format!("{VIP} to stay at {before}"), after));
    }
    let part = format!("{before}-lanlord");
    lab.part(&part)?.restart()?;
    let owner = www::owner(lab, SOON)?;
    everything_works(
        lab,
        "with a node daemon that started without the API server",
    )?;
    Ok(format!(
        "kube-apiserver killed: {VIP} stays at {owner}, which announces it even after a restart; page and names go on"
    ))
}

/// A Service made afterwards gets its address.
fn returned_api_is_followed(lab: &mut Lab) -> Outcome {
    let part = format!("{MACHINE}-kube-apiserver");
    lab.part(&part)?.restart()?;
    let api = admin(&Files::of(&lab.site));
    lab.eventually(SOON, "the API server to be ready again", &part, || {
        api.is_ready()
    })?;
    let address = new_service(lab, "after-the-api")?;
    Ok(format!(
        "kube-apiserver is back: a new Service gets {address}"
    ))
}

/// The Lease runs out, another node takes it.
fn another_node_allocates(lab: &mut Lab) -> Outcome {
    let mut holder = None;
    for (node, _) in NODES {
        if www::node_status(lab, node)?.lease_holder {
            holder = Some(node);
        }
    }
    let holder = holder.ok_or_else(|| expected("one node to hold the Lease", "none does"))?;
    let part = format!("{holder}-lanlord");
    lab.part(&part)?.kill();
    let next = lab.eventually(
        TAKEOVER,
        "another node to hold the Lease",
        &part_of_others(holder),
        || {
            for (node, _) in NODES.into_iter().filter(|(node, _)| *node != holder) {
                if www::node_status(lab, node)
                    .map_err(|failure| failure.seen)?
                    .lease_holder
                {
                    return Ok(node);
                }
            }
            Err("nobody does".to_owned())
        },
    )?;
    let address = new_service(lab, "after-the-holder")?;
    lab.part(&part)?.restart()?;
    Ok(format!(
        "lanlord on {holder}, the lease holder, killed: {next} takes the Lease and gives a new Service {address}"
    ))
}

fn new_service(lab: &Lab, name: &str) -> Result<String, Failure> {
    let object = json!({
        "apiVersion": "v1", "kind": "Service", "metadata": { "name": name, "namespace": "default" },
        "spec": { "type": "LoadBalancer", "ports": [{ "port": 80 }] },
    });
    admin(&Files::of(&lab.site)).create("/api/v1/namespaces/default/services", &object)?;
    Ok(await_address(lab, "default", name)?.to_string())
}

fn everything_works(lab: &Lab, when: &str) -> Result<(), Failure> {
    let laptop = lab.machine("laptop")?;
    let name = probe::resolve(laptop, ROUTER, "www.example.com");
    if name.as_deref() != Ok(&[VIP.to_string()][..]) {
        return Err(
            expected(&format!("the name {when}"), &format!("{name:?}")).part("router-lanlord")
        );
    }
    page::fetch(laptop, PAGE)
        .map_err(|seen| expected(&format!("the page {when}"), &seen).part("talos-2-lanlord"))?;
    Ok(())
}

fn part_of_others(holder: &str) -> String {
    let other = NODES
        .into_iter()
        .map(|(node, _)| node)
        .find(|node| *node != holder);
    format!("{}-lanlord", other.unwrap_or(MACHINE))
}
