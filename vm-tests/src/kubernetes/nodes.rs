//! The cluster's nodes: what runs on each beside its Pods.

use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::json;

use super::{
    NODES, SOON,
    api::Patch,
    control_plane::{MACHINE, account_kubeconfig, admin},
    files::{Files, text},
    kubelet::condition,
};
use crate::lab::{Lab, SOCKET, probe, step::Outcome};

/// Starts kubelet stand-in and kube-proxy on every node.
pub(super) fn join(lab: &mut Lab) -> Outcome {
    join_without_kube_proxy(lab)?;
    let files = Files::of(&lab.site);
    for (node, _) in NODES {
        start_kube_proxy(lab, &files, node)?;
    }
    for (node, _) in NODES {
        lab.eventually(
            SOON,
            "kube-proxy to have written its rules",
            &format!("{node}-kube-proxy"),
            || {
                lab.succeed(node, "nft", &["list", "table", "ip", "kube-proxy"])
                    .map(drop)
                    .map_err(|error| format!("{error:#}"))
            },
        )?;
    }
    Ok(
        "talos-1, talos-2 and talos-3 are Ready; kube-proxy (nftables) has its rules on each"
            .to_owned(),
    )
}

/// Starts the kubelet stand-in on every node.
pub(super) fn join_without_kube_proxy(lab: &mut Lab) -> Outcome {
    let files = Files::of(&lab.site);
    for (node, address) in NODES {
        // A guest is like that from its start.
        if !lab.is_guest(node) {
            lab.machine(node)?.feed(
                "sysctl",
                &["-q", "-p", "-"],
                "net.ipv4.ip_forward = 1\nnet.ipv4.conf.all.rp_filter = 0\n",
            )?;
        }
        start_kubelet(lab, node, address)?;
    }
    let admin = admin(&files);
    for (node, _) in NODES {
        let path = format!("/api/v1/nodes/{node}");
        let what = format!("the Node {node} to be Ready");
        lab.eventually(SOON, &what, &format!("{node}-kubelet"), || {
            let object = admin.get(&path).map_err(|error| format!("{error:#}"))?;
            let ready = condition(&object, "Ready").unwrap_or("not known yet");
            if ready == "True" {
                Ok(())
            } else {
                Err(format!("Ready is {ready}"))
            }
        })?;
    }
    // A node may not give itself these; on Talos the machine controller does.
    let labels = json!({ "metadata": { "labels": {
        "node-role.kubernetes.io/control-plane": "",
        "node.kubernetes.io/exclude-from-external-load-balancers": "",
    }}});
    admin.patch(&format!("/api/v1/nodes/{MACHINE}"), Patch::Merge, &labels)?;
    Ok("talos-1, talos-2 and talos-3 are Ready".to_owned())
}

/// Starts the daemons of some nodes: on workers as on Talos, by the kubelet's credentials and without a name; on the control
/// plane with a kubeconfig of the ServiceAccount. All of them are the ServiceAccount of `lanlord manifests` in the end.
pub(crate) fn start_daemons(lab: &mut Lab, nodes: &[&str]) -> Outcome {
    let (account, _) = account_kubeconfig(lab, "metallb-system", "lanlord-token")?;
    for node in nodes {
        // A guest runs the extension, which starts by itself.
        if lab.is_guest(node) {
            continue;
        }
        if *node == MACHINE {
            start_daemon(lab, node, &["--kubeconfig", &account, "--node-name", node])?;
        } else {
            start_on_kubelets_behalf(lab, node)?;
        }
    }
    let asker = lab.machine(MACHINE)?;
    for (node, address) in NODES.iter().filter(|(node, _)| nodes.contains(node)) {
        let what = format!("{node} to be ready");
        lab.eventually(Duration::from_secs(10), &what, &lab.daemon(node), || {
            probe::http_ok(asker, &format!("http://{address}:7472/readyz"))
        })?;
    }
    Ok(format!(
        "lanlord node is ready on {} and watches the API as ServiceAccount metallb-system/lanlord, whose token workers read \
         as their kubelets",
        nodes.join(", ")
    ))
}

/// Starts a daemon on a node as on Talos: by the kubelet's credentials, and without a name.
pub(crate) fn start_on_kubelets_behalf(lab: &mut Lab, node: &str) -> Result<String> {
    let kubelet = text(&Files::of(&lab.site).kubeconfig(node));
    start_daemon(lab, node, &["--kubelet-kubeconfig", &kubelet])
}

fn start_daemon(lab: &mut Lab, node: &str, identity: &[&str]) -> Result<String> {
    let state = text(&lab.machine(node)?.directory().join("state"));
    let program = text(&lab.lanlord);
    let arguments = [
        &["node"],
        identity,
        &["--state", &state, "--socket", SOCKET],
    ]
    .concat();
    lab.start(node, "lanlord", &program, &arguments)
}

pub(super) fn start_kubelet(lab: &mut Lab, node: &str, address: &str) -> Result<String> {
    let files = Files::of(&lab.site);
    let kubectl = files.program("kubectl");
    let kubeconfig = text(&files.kubeconfig(node));
    let socket = text(&files.socket(node));
    let arguments = [
        "kubelet",
        "--node",
        node,
        "--address",
        address,
        "--kubectl",
        &kubectl,
        "--kubeconfig",
        &kubeconfig,
        "--socket",
        &socket,
    ];
    lab.start_stand_in(node, "kubelet", &arguments)
        .with_context(|| format!("start the kubelet stand-in of {node}"))
}

/// The Node object must be there. Without the conntrack flags it would write sysctls that no namespace has.
pub(super) fn start_kube_proxy(lab: &mut Lab, files: &Files, node: &str) -> Result<String> {
    let kubeconfig = format!(
        "--kubeconfig={}",
        text(&files.kubeconfig("system:kube-proxy"))
    );
    let name = format!("--hostname-override={node}");
    let arguments = [
        &kubeconfig,
        &name,
        "--proxy-mode=nftables",
        "--cluster-cidr=10.244.0.0/16",
        "--conntrack-max-per-core=0",
        "--conntrack-tcp-timeout-established=0",
        "--conntrack-tcp-timeout-close-wait=0",
        "--healthz-bind-address=0.0.0.0:10256",
        "--metrics-bind-address=127.0.0.1:10249",
        "--nodeport-addresses=primary",
    ];
    lab.start(node, "kube-proxy", &files.program("kube-proxy"), &arguments)
}
