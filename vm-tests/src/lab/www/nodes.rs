//! `lanlord node` on three machines, beside what a Kubernetes node has.

use std::time::Duration;

use admin::types::{NodeStatus, Status};

use super::{NODES, SOON, VIP, WORKERS};
use crate::lab::{
    Lab, SOCKET,
    failure::{Failure, expected},
    kube_proxy, probe,
    step::Outcome,
};

/// Starts pods, kube-proxy's rules and the daemon on every node.
pub(super) fn ready(lab: &mut Lab) -> Outcome {
    stand_in_pods(lab)?;
    kube_proxy::program_all(lab, VIP)?;
    for node in NODES {
        start_node(lab, node)?;
    }
    for node in NODES {
        let machine = lab.machine(node)?;
        lab.eventually(
            Duration::from_secs(10),
            &format!("{node} to be ready"),
            &format!("{node}-lanlord"),
            || probe::http_ok(machine, "http://127.0.0.1:7472/readyz"),
        )?;
    }
    Ok(format!(
        "{} run lanlord node and are ready",
        NODES.join(", ")
    ))
}

/// The web servers that stand for Traefik's pods, on the host network of every node.
pub fn stand_in_pods(lab: &mut Lab) -> anyhow::Result<()> {
    for node in NODES {
        lab.start_stand_in(
            node,
            "pod",
            &["http", "--listen", "0.0.0.0:8000", "--name", node],
        )?;
    }
    Ok(())
}

/// Starts the daemon; its state survives in the machine's directory.
pub fn start_node(lab: &mut Lab, node: &str) -> anyhow::Result<String> {
    let manifests = lab.manifests.directory().to_string_lossy().into_owned();
    let state = lab
        .machine(node)?
        .directory()
        .join("state")
        .to_string_lossy()
        .into_owned();
    let program = lab.lanlord.to_string_lossy().into_owned();
    let args = [
        "node",
        "--manifests",
        &manifests,
        "--node-name",
        node,
        "--state",
        &state,
        "--socket",
        SOCKET,
    ];
    lab.start(node, "lanlord", &program, &args)
}

/// The machine that the LAN sees as the VIP's owner, as soon as there is one.
pub fn owner(lab: &Lab, patience: Duration) -> Result<&'static str, Failure> {
    let client = lab.machine("talos-client")?;
    lab.eventually(
        patience,
        &format!("somebody to answer ARP for {VIP}"),
        "talos-2-lanlord",
        || probe::owner(client, &VIP.to_string()),
    )
}

/// Exactly one worker answers for the VIP, and it is the one that the daemons name.
pub(super) fn one_owner(lab: &mut Lab) -> Outcome {
    let owner = owner(lab, SOON)?;
    let announcing = announcing(lab)?;
    if announcing != [owner] || !WORKERS.contains(&owner) {
        let seen = format!("{owner} answers, these announce: {}", announcing.join(", "));
        return Err(expected("one worker to answer and to announce", &seen)
            .part(&format!("{owner}-lanlord")));
    }
    Ok(format!(
        "{VIP} is at {owner}, and nobody else answers for it"
    ))
}

/// Talos labels control planes out of load balancing.
pub(super) fn control_plane_is_silent(lab: &mut Lab) -> Outcome {
    let status = node_status(lab, "talos-1")?;
    if let Some(vip) = status.vips.iter().find(|vip| !vip.interfaces.is_empty()) {
        return Err(
            expected("talos-1 to announce nothing", &format!("{vip:?}")).part("talos-1-lanlord")
        );
    }
    for node in WORKERS {
        let addresses = lab.succeed(node, "ip", &["-4", "address", "show"])?;
        if addresses.contains(" 10.10.10.") {
            return Err(expected("the VIP on no interface", &addresses));
        }
    }
    let holder = if status.lease_holder {
        " but allocates as the lease holder"
    } else {
        ""
    };
    Ok(format!(
        "talos-1, a control plane, announces nothing{holder}; the VIP is on no interface"
    ))
}

/// The ports that Kubernetes and Prometheus ask.
pub(super) fn health_and_metrics(lab: &mut Lab) -> Outcome {
    let mut asked = 0;
    let client = lab.machine("talos-client")?;
    for (machine, base) in [
        ("talos-2", "http://192.168.1.202:7472"),
        ("talos-3", "http://192.168.1.203:7472"),
        ("router", "http://192.168.1.200"),
    ] {
        for path in ["/healthz", "/readyz", "/metrics"] {
            let body = probe::http_ok(client, &format!("{base}{path}"))
                .map_err(|seen| expected("200", &seen).part(&format!("{machine}-lanlord")))?;
            if path == "/metrics" && !body.contains("# TYPE") {
                return Err(expected("metrics in the text format", &body)
                    .part(&format!("{machine}-lanlord")));
            }
            asked += 1;
        }
    }
    Ok(format!(
        "/healthz, /readyz and /metrics answer ({asked} asked)"
    ))
}

/// What a node says of itself.
pub fn node_status(lab: &Lab, node: &str) -> Result<NodeStatus, Failure> {
    match probe::status_of(lab, node) {
        Ok(Status::Node(status)) => Ok(status),
        Ok(Status::Router(_)) => Err(expected("the status of a node", "that of a router")),
        Err(seen) => {
            Err(expected("`lanlord status` of the node", &seen).part(&format!("{node}-lanlord")))
        }
    }
}

/// Whether a node says that it announces the VIP.
pub fn announces(lab: &Lab, node: &str) -> Result<bool, Failure> {
    let status = node_status(lab, node)?;
    Ok(status
        .vips
        .iter()
        .any(|vip| vip.vip == std::net::IpAddr::V4(VIP) && !vip.interfaces.is_empty()))
}

/// The nodes that say they announce the VIP.
pub fn announcing(lab: &Lab) -> Result<Vec<&'static str>, Failure> {
    let mut found = Vec::new();
    for node in NODES {
        if announces(lab, node)? {
            found.push(node);
        }
    }
    Ok(found)
}
