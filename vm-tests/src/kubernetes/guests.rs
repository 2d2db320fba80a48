//! What a node that is a guest has of the cluster: it does not share this computer's files.

use std::fs;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::{
    NODES,
    api::Patch,
    cluster::Cluster,
    files::{Files, text},
    kubelet::condition,
    nodes, workload,
};
use crate::{
    lab::{Lab, failure::Failure},
    machine::Site,
};

/// Where Talos' kubelet has its kubeconfig, and the certificate that it names.
const KUBECONFIG: &str = "/etc/kubernetes/kubeconfig-kubelet";
const CERTIFICATE: &str = "/var/lib/kubelet/pki/kubelet-client-current.pem";

/// Paths in the guest and what is in them: first what the lab's own processes name by the paths of this computer, last the
/// kubelet's, laid out as on Talos.
pub(crate) fn node_files(site: &Site, node: &str) -> Result<Vec<(String, String)>> {
    let files = Files::of(site);
    let mut found = Vec::new();
    for path in [
        files.authority(),
        files.kubeconfig(node),
        files.kubeconfig("system:kube-proxy"),
    ] {
        let content =
            fs::read_to_string(&path).with_context(|| format!("read {}", path.display()))?;
        found.push((text(&path), content));
    }
    let path = files.kubeconfig(node);
    let content = fs::read(&path).with_context(|| format!("read {}", path.display()))?;
    let mut kubeconfig: Value =
        serde_json::from_slice(&content).with_context(|| format!("read {}", path.display()))?;
    kubeconfig["users"][0]["user"] =
        json!({ "client-certificate": CERTIFICATE, "client-key": CERTIFICATE });
    let pem = Cluster::of(site).node_credentials(node)?;
    found.push((CERTIFICATE.to_owned(), pem));
    found.push((KUBECONFIG.to_owned(), format!("{kubeconfig:#}\n")));
    Ok(found)
}

/// The folder by which the lab's processes are named.
pub(crate) fn programs(site: &Site) -> String {
    text(&Files::of(site).file("bin"))
}

/// Takes a node out of load balancing, or back, as its administrator would.
pub(crate) fn exclude(site: &Site, node: &str, excluded: bool) -> Result<()> {
    let value = if excluded { json!("") } else { Value::Null };
    let labels = json!({ "metadata": { "labels": {
        "node.kubernetes.io/exclude-from-external-load-balancers": value,
    }}});
    let path = format!("/api/v1/nodes/{node}");
    Cluster::of(site)
        .admin()
        .patch(&path, Patch::Merge, &labels)
        .map(drop)
}

/// Whether the cluster takes a node for Ready.
pub(crate) fn is_ready(site: &Site, node: &str) -> Result<bool> {
    let object = Cluster::of(site)
        .admin()
        .get(&format!("/api/v1/nodes/{node}"))?;
    Ok(condition(&object, "Ready") == Some("True"))
}

/// Starts again what runs on a worker beside the extension: kubelet, kube-proxy, and the processes of its Pods.
pub(crate) fn start_parts(lab: &mut Lab, node: &str) -> Result<(), Failure> {
    let (_, address) = NODES
        .into_iter()
        .find(|(name, _)| *name == node)
        .with_context(|| format!("the cluster has no node {node}"))?;
    nodes::start_kubelet(lab, node, address)?;
    nodes::start_kube_proxy(lab, &Files::of(&lab.site), node)?;
    workload::start_on(lab, node, address)
}
