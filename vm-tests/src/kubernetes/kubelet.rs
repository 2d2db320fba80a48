//! What a kubelet tells the API server about its node, without running any container: the processes of the lab are the
//! containers.
//!
//! It speaks with the node's own certificate, over the node's own network, so that NodeRestriction judges it and a cut
//! cable silences it. Every half second it looks at the Pods of its node: one whose ports accept connections is Ready.
//! Every ten seconds it renews its Lease; 40 s without that make the Node NotReady.

use std::{
    net::{IpAddr, SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use clap::Args;
use serde_json::{Value, json};

use super::{
    api::{Api, Patch},
    clock,
};
use crate::{output::say, wait};

/// Between two looks at the Pods.
const PODS: Duration = Duration::from_millis(500);

/// Between two signs of life, as a kubelet's.
const HEARTBEAT: Duration = Duration::from_secs(10);

/// kubectl listens long before.
const START: Duration = Duration::from_secs(30);

/// A port of this node answers at once or not at all.
const PROBE: Duration = Duration::from_millis(200);

/// Whose kubelet it is.
#[derive(Clone, Debug, Args)]
pub struct Kubelet {
    /// The node's name.
    #[arg(long)]
    node: String,
    /// The node's address, which is its Pods' too.
    #[arg(long)]
    address: IpAddr,
    /// Program that brings the requests to the API server.
    #[arg(long)]
    kubectl: PathBuf,
    /// The node's credentials.
    #[arg(long)]
    kubeconfig: PathBuf,
    /// Socket between the two.
    #[arg(long)]
    socket: PathBuf,
}

impl Kubelet {
    /// Reports until it is killed.
    pub(crate) fn run(&self) -> Result<()> {
        let mut proxy = start_proxy(&self.kubectl, &self.kubeconfig, &self.socket)?;
        let api = Api::at(&self.socket);
        wait::until(START, || api.is_ready().ok()).context("the API server does not answer")?;
        let mut next_heartbeat = Instant::now();
        let mut trouble = String::new();
        loop {
            if let Some(status) = proxy.try_wait().context("look after kubectl")? {
                bail!("kubectl proxy ended: {status}");
            }
            let mut round = || -> Result<()> {
                if Instant::now() >= next_heartbeat {
                    self.heartbeat(&api)?;
                    next_heartbeat = Instant::now() + HEARTBEAT;
                }
                self.report_pods(&api)
            };
            let now = round()
                .err()
                .map(|error| format!("{error:#}"))
                .unwrap_or_default();
            if now != trouble {
                say(if now.is_empty() { "reporting" } else { &now });
                trouble = now;
            }
            thread::sleep(PODS);
        }
    }

    fn heartbeat(&self, api: &Api) -> Result<()> {
        self.report_node(api)?;
        let leases = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases";
        let spec = json!({ "holderIdentity": self.node, "leaseDurationSeconds": 40, "renewTime": clock::now() });
        let lease = format!("{leases}/{}", self.node);
        if api.request("GET", &lease, "application/json", None)?.status == 404 {
            let object = json!({
                "apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
                "metadata": { "name": self.node, "namespace": "kube-node-lease" }, "spec": spec,
            });
            return api.create(leases, &object);
        }
        api.patch(&lease, Patch::Merge, &json!({ "spec": spec }))
            .map(drop)
    }

    /// Registers the Node, and says that it is Ready when the API server thinks otherwise.
    fn report_node(&self, api: &Api) -> Result<()> {
        let path = format!("/api/v1/nodes/{}", self.node);
        let known = api.request("GET", &path, "application/json", None)?;
        if known.status == 404 {
            let labels =
                json!({ "kubernetes.io/hostname": self.node, "kubernetes.io/os": "linux" });
            let node = json!({
                "apiVersion": "v1", "kind": "Node",
                "metadata": { "name": self.node, "labels": labels },
            });
            api.create("/api/v1/nodes", &node)?;
        } else if condition(&known.body, "Ready") == Some("True") {
            return Ok(());
        }
        let status = json!({
            "addresses": [
                { "type": "InternalIP", "address": self.address },
                { "type": "Hostname", "address": self.node },
            ],
            "conditions": [{
                "type": "Ready", "status": "True", "reason": "KubeletReady", "message": "the lab says so",
                "lastHeartbeatTime": clock::now_seconds(), "lastTransitionTime": clock::now_seconds(),
            }],
            "nodeInfo": { "kubeletVersion": "v1.36.3", "operatingSystem": "linux" },
        });
        api.patch(
            &format!("{path}/status"),
            Patch::Strategic,
            &json!({ "status": status }),
        )
        .map(drop)
    }

    fn report_pods(&self, api: &Api) -> Result<()> {
        let pods = api.get(&format!(
            "/api/v1/pods?fieldSelector=spec.nodeName={}",
            self.node
        ))?;
        for pod in pods["items"].as_array().into_iter().flatten() {
            let name = |field: &str| {
                pod["metadata"][field]
                    .as_str()
                    .unwrap_or_default()
                    .to_owned()
            };
            let path = format!(
                "/api/v1/namespaces/{}/pods/{}",
                name("namespace"),
                name("name")
            );
            if pod["metadata"]["deletionTimestamp"].is_string() {
                api.delete(&format!("{path}?gracePeriodSeconds=0"))?;
                continue;
            }
            let ready = if self.accepts(pod) { "True" } else { "False" };
            if condition(pod, "Ready") != Some(ready) || pod["status"]["phase"] != "Running" {
                let status = self.pod_status(pod, ready);
                api.patch(
                    &format!("{path}/status"),
                    Patch::Strategic,
                    &json!({ "status": status }),
                )?;
            }
        }
        Ok(())
    }

    /// Whether every port of the Pod takes connections.
    fn accepts(&self, pod: &Value) -> bool {
        let containers = pod["spec"]["containers"].as_array().into_iter().flatten();
        containers
            .flat_map(|container| container["ports"].as_array().into_iter().flatten())
            .filter_map(|port| u16::try_from(port["containerPort"].as_u64()?).ok())
            .all(|port| {
                TcpStream::connect_timeout(&SocketAddr::new(self.address, port), PROBE).is_ok()
            })
    }

    fn pod_status(&self, pod: &Value, ready: &str) -> Value {
        let conditions: Vec<Value> = ["Initialized", "PodScheduled", "ContainersReady", "Ready"]
            .iter()
            .map(|kind| {
                let status = if kind.ends_with("Ready") { ready } else { "True" };
                json!({ "type": kind, "status": status, "lastTransitionTime": clock::now_seconds() })
            })
            .collect();
        let started = pod["status"]["startTime"].as_str();
        let started = started.map_or_else(clock::now_seconds, str::to_owned);
        json!({
            "phase": "Running", "startTime": started, "conditions": conditions,
            "hostIP": self.address, "hostIPs": [{ "ip": self.address }],
            "podIP": self.address, "podIPs": [{ "ip": self.address }],
        })
    }
}

/// Starts a `kubectl proxy` in the caller's process group, so that both end together.
fn start_proxy(kubectl: &Path, kubeconfig: &Path, socket: &Path) -> Result<Child> {
    // One of an earlier start would make the bind fail.
    let _ = std::fs::remove_file(socket);
    Command::new(kubectl)
        .arg("proxy")
        .arg("--kubeconfig")
        .arg(kubeconfig)
        .arg("--unix-socket")
        .arg(socket)
        .stdin(Stdio::null())
        .spawn()
        .context("start kubectl proxy")
}

/// The status of one of an object's conditions.
pub(super) fn condition<'a>(object: &'a Value, kind: &str) -> Option<&'a str> {
    let conditions = object["status"]["conditions"].as_array()?;
    let found = conditions
        .iter()
        .find(|condition| condition["type"] == kind)?;
    found["status"].as_str()
}
