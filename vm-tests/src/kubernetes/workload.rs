//! What the cluster serves: Traefik and two web services on the host network of the workers. Each is a process of the
//! lab and a Pod object; the endpoint slices between them and the Services are the controller manager's work.

use anyhow::Result;
use serde_json::{Value, json};

use super::{
    NODES, SERVER, SOON,
    control_plane::{MACHINE, account_kubeconfig, admin},
    files::{Files, text},
};
use crate::lab::{Lab, failure::Failure, step::Outcome, www::WORKERS};

/// Processes that are Pods.
struct Workload {
    namespace: &'static str,
    name: &'static str,
    account: &'static str,
    labels: &'static [(&'static str, &'static str)],
    ports: &'static [(&'static str, u16)],
}

const TRAEFIK: Workload = Workload {
    namespace: "traefik",
    name: "traefik",
    account: "traefik",
    labels: &[
        ("app.kubernetes.io/name", "traefik"),
        ("app.kubernetes.io/instance", "traefik-traefik"),
    ],
    ports: &[("web", 8000), ("websecure", 8443)],
};

const EXAMPLE: Workload = Workload {
    namespace: "default",
    name: "example-service",
    account: "example",
    labels: &[("app.kubernetes.io/name", "example-service")],
    ports: &[("http", 9080)],
};

const SECOND: Workload = Workload {
    namespace: "default",
    name: "second-service",
    account: "example",
    labels: &[("app.kubernetes.io/name", "second-service")],
    ports: &[("http", 9090)],
};

/// Starts the processes and makes their Pods.
pub(super) fn start(lab: &mut Lab) -> Outcome {
    let files = Files::of(&lab.site);
    let admin = admin(&files);
    for (node, address) in NODES.into_iter().filter(|(node, _)| WORKERS.contains(node)) {
        start_on(lab, node, address)?;
        for workload in [&TRAEFIK, &EXAMPLE, &SECOND] {
            let path = format!("/api/v1/namespaces/{}/pods", workload.namespace);
            admin.create(&path, &workload.pod(node))?;
        }
    }
    for workload in [&TRAEFIK, &EXAMPLE, &SECOND] {
        await_endpoints(lab, workload)?;
    }
    for (node, address) in NODES.into_iter().filter(|(node, _)| WORKERS.contains(node)) {
        await_route(lab, node, address)?;
    }
    Ok("Traefik, example-service and second-service run on talos-2 and talos-3, all endpoints are ready".to_owned())
}

/// Starts the processes of one worker.
pub(super) fn start_on(lab: &mut Lab, node: &str, address: &str) -> Result<(), Failure> {
    let files = Files::of(&lab.site);
    let (_, token) = account_kubeconfig(lab, TRAEFIK.namespace, "traefik-token")?;
    start_traefik(lab, &files, node, address, &token)?;
    start_page(lab, &EXAMPLE, node, node)?;
    start_page(lab, &SECOND, node, SECOND.name)?;
    Ok(())
}

/// On ports above 1024, as in Traefik's chart.
fn start_traefik(
    lab: &mut Lab,
    files: &Files,
    node: &str,
    address: &str,
    token: &str,
) -> Result<String> {
    let arguments = [
        format!("--entrypoints.web.address={address}:8000"),
        format!("--entrypoints.websecure.address={address}:8443"),
        "--entrypoints.websecure.http.tls=true".to_owned(),
        "--providers.kubernetesingress=true".to_owned(),
        format!("--providers.kubernetesingress.endpoint={SERVER}"),
        format!("--providers.kubernetesingress.token={token}"),
        format!(
            "--providers.kubernetesingress.certauthfilepath={}",
            text(&files.authority())
        ),
        "--providers.kubernetesingress.ingressendpoint.publishedservice=traefik/traefik".to_owned(),
        "--log.nocolor=true".to_owned(),
        "--global.checknewversion=false".to_owned(),
        "--global.sendanonymoususage=false".to_owned(),
    ];
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    lab.start(node, "traefik", &files.program("traefik"), &arguments)
}

fn start_page(lab: &mut Lab, workload: &Workload, node: &str, name: &str) -> Result<()> {
    for (_, port) in workload.ports {
        let listen = format!("0.0.0.0:{port}");
        lab.start_stand_in(
            node,
            workload.name,
            &["http", "--listen", &listen, "--name", name],
        )?;
    }
    Ok(())
}

impl Workload {
    /// The Pod on a node. Nothing schedules it, nothing pulls its image.
    fn pod(&self, node: &str) -> Value {
        let labels: serde_json::Map<String, Value> = self
            .labels
            .iter()
            .map(|(key, value)| ((*key).to_owned(), json!(value)))
            .collect();
        let ports: Vec<Value> = self
            .ports
            .iter()
            .map(|(name, port)| json!({ "name": name, "containerPort": port, "hostPort": port }))
            .collect();
        json!({
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": { "name": format!("{}-{node}", self.name), "namespace": self.namespace, "labels": labels },
            "spec": {
                "nodeName": node,
                "hostNetwork": true,
                "serviceAccountName": self.account,
                "automountServiceAccountToken": false,
                "tolerations": [{ "operator": "Exists" }],
                "containers": [{ "name": self.name, "image": "lab.invalid/process", "ports": ports }],
            },
        })
    }
}

/// Waits until this Traefik has the Ingress: it leaves one out whose Service has no endpoint, and looks again at its leisure.
fn await_route(lab: &Lab, node: &str, address: &str) -> Result<(), Failure> {
    let client = lab.machine("talos-client")?;
    let url = format!("http://{address}:8000/");
    let ask = [
        "--silent",
        "--show-error",
        "--fail",
        "--max-time",
        "1",
        "--header",
        "Host: www.example.com",
        &url,
    ];
    let what = format!("Traefik on {node} to serve www.example.com");
    lab.eventually(SOON, &what, &format!("{node}-traefik"), || {
        client
            .succeed("curl", &ask)
            .map(drop)
            .map_err(|error| format!("{error:#}"))
    })
}

/// Waits until the Service has a ready endpoint on every worker.
fn await_endpoints(lab: &Lab, workload: &Workload) -> Result<(), Failure> {
    let admin = admin(&Files::of(&lab.site));
    let path = format!(
        "/apis/discovery.k8s.io/v1/namespaces/{}/endpointslices?labelSelector=kubernetes.io/service-name={}",
        workload.namespace, workload.name
    );
    let what = format!("a ready endpoint of {} on every worker", workload.name);
    let part = format!("{MACHINE}-kube-controller-manager");
    lab.eventually(SOON, &what, &part, || {
        let slices = admin.get(&path).map_err(|error| format!("{error:#}"))?;
        let ready = slices["items"]
            .as_array()
            .into_iter()
            .flatten()
            .flat_map(|slice| slice["endpoints"].as_array().into_iter().flatten())
            .filter(|endpoint| endpoint["conditions"]["ready"] == true)
            .count();
        if ready == WORKERS.len() {
            Ok(())
        } else {
            Err(format!("{ready} ready"))
        }
    })
}
