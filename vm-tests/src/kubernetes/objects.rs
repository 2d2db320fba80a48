//! The cluster's objects, applied as a person would: first what `lanlord manifests` prints, then the scenario's.

use std::process::Output;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::{
    SOON,
    control_plane::{MACHINE, admin},
    files::{Files, text},
    kubelet::condition,
    operator,
};
use crate::lab::{Lab, build, step::Outcome};

/// Objects of the scenario that are the same with and without Kubernetes, and the router's Secret.
const SHARED: [&str; 4] = [
    "lanlord-router.yaml",
    "pool.yaml",
    "traefik.yaml",
    "ingress.yaml",
];

/// Objects that only a cluster needs; the namespaces come first.
const OWN: [&str; 4] = [
    "namespaces.yaml",
    "traefik-access.yaml",
    "example-service.yaml",
    "second-service.yaml",
];

/// Applies all of them.
pub(super) fn apply(lab: &mut Lab) -> Outcome {
    let files = Files::of(&lab.site);
    let output = std::process::Command::new(&lab.lanlord)
        .arg("manifests")
        .output()
        .context("run lanlord manifests")?;
    // As an earlier lanlord would have left the cluster: a later step looks whether that is told.
    let install = operator::older(&printed(output, "lanlord manifests")?)?;
    let installed = files.file("lanlord.yaml");
    std::fs::write(&installed, install).context("keep what lanlord manifests printed")?;
    let created = kubectl_apply(lab, &files, &[text(&installed)])?;
    let definitions = await_definitions(lab, &files)?;

    let scenario = build::workspace().join("vm-tests/scenarios/kubernetes");
    let own = OWN.iter().map(|name| text(&scenario.join(name)));
    let shared = SHARED.iter().map(|name| text(&lab.manifests.file(name)));
    let paths: Vec<String> = own.chain(shared).collect();
    let more = kubectl_apply(lab, &files, &paths)?;
    Ok(format!(
        "{created} objects of `lanlord manifests` ({definitions} CRDs) and {more} of the scenario are applied"
    ))
}

/// Server-side apply of files; how many objects there were.
fn kubectl_apply(lab: &Lab, files: &Files, paths: &[String]) -> Result<usize> {
    let kubeconfig = text(&files.kubeconfig("admin"));
    let mut arguments = vec![
        "apply",
        "--server-side",
        "--validate=strict",
        "--kubeconfig",
        &kubeconfig,
    ];
    for path in paths {
        arguments.extend(["--filename", path]);
    }
    let output = lab
        .machine(MACHINE)?
        .run(&files.program("kubectl"), &arguments)?;
    Ok(printed(output, "kubectl apply")?.lines().count())
}

fn printed(output: Output, what: &str) -> Result<String> {
    ensure!(
        output.status.success(),
        "{what}: {}: {}",
        output.status,
        String::from_utf8_lossy(&output.stderr).trim()
    );
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Waits until the API server serves the CRDs; how many there are.
fn await_definitions(lab: &Lab, files: &Files) -> Result<usize, crate::lab::failure::Failure> {
    let admin = admin(files);
    let list = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    lab.eventually(
        SOON,
        "the CRDs to be established",
        &format!("{MACHINE}-kube-apiserver"),
        || {
            let all = admin.get(list).map_err(|error| format!("{error:#}"))?;
            let all = all["items"]
                .as_array()
                .map(Vec::as_slice)
                .unwrap_or_default();
            let waiting: Vec<&Value> = all
                .iter()
                .filter(|crd| condition(crd, "Established") != Some("True"))
                .map(|crd| &crd["metadata"]["name"])
                .collect();
            if waiting.is_empty() {
                Ok(all.len())
            } else {
                Err(format!("waiting for {waiting:?}"))
            }
        },
    )
}
