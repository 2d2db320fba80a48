//! What a person who runs the cluster sees and types: `kubectl lanlord`, and manifests that are older than the daemon.

use anyhow::Context;
use serde_json::Value;

use super::{
    NODES, SOON,
    control_plane::{MACHINE, admin},
    files::{Files, text},
    requests::holder,
};
use crate::lab::{
    Lab,
    failure::{Failure, expected},
    probe,
    step::Outcome,
    www::VIP,
};

/// What [`older`] makes older.
const CRD: &str = "CustomResourceDefinition l2advertisements.metallb.io";
const STAMP: &str = "lanlord.dev/manifests: \"1\"";

/// The manifests as an earlier lanlord would have printed them: one CRD has a lower number.
pub(super) fn older(manifests: &str) -> anyhow::Result<String> {
    let name = manifests
        .find("name: l2advertisements.metallb.io")
        .context("`lanlord manifests` prints no CRD of L2Advertisements")?;
    let stamp = manifests[..name]
        .rfind(STAMP)
        .context("the CRD has no number")?;
    let (before, after) = (&manifests[..stamp], &manifests[stamp + STAMP.len()..]);
    Ok(format!("{before}{}{after}", STAMP.replace('1', "0")))
}

/// The lease holder says it in an event, in its status and in its metrics; the command that it names cures it.
pub(super) fn old_manifests_are_told_and_cured(lab: &mut Lab) -> Outcome {
    let files = Files::of(&lab.site);
    let api = admin(&files);
    let events = "/apis/events.k8s.io/v1/namespaces/metallb-system/events";
    let note = lab.eventually(SOON, "an event about old manifests", &holder(lab), || {
        let all = api.get(events).map_err(|error| format!("{error:#}"))?;
        let all = all["items"]
            .as_array()
            .map(Vec::as_slice)
            .unwrap_or_default();
        all.iter()
            .find(|event| event["reason"] == "ManifestsOutdated")
            .and_then(|event| event["note"].as_str().map(str::to_owned))
            .ok_or_else(|| format!("{} other events", all.len()))
    })?;
    let wanted = format!("{CRD} is of number 0; run `");
    let cure = note
        .split_once(&wanted)
        .and_then(|(_, rest)| rest.strip_suffix('`'))
        .ok_or_else(|| expected(&wanted, &note))?
        .to_owned();
    await_lines(lab, 1)?;
    let (first, second) = cure
        .split_once(" | kubectl ")
        .ok_or_else(|| expected("a line for a shell", &cure))?;
    let machine = lab.machine(MACHINE)?;
    let state = text(&machine.directory().join("no-state"));
    let words: Vec<&str> = first
        .split(' ')
        .skip(1)
        .chain(["--state", &state])
        .collect();
    let manifests = machine.succeed("lanlord", &words)?;
    let kubeconfig = text(&files.kubeconfig("admin"));
    let words: Vec<&str> = second
        .split(' ')
        .chain(["--kubeconfig", &kubeconfig])
        .collect();
    machine.feed(&files.program("kubectl"), &words, &manifests)?;
    await_lines(lab, 0)?;
    Ok(format!(
        "{CRD} of an older lanlord: an event, the status and a metric say so, and name the cure: {cure}"
    ))
}

/// Waits until the holder's status has so many lines about manifests, and its metrics count as many objects.
fn await_lines(lab: &Lab, wanted: usize) -> Result<(), Failure> {
    let what = format!("{wanted} lines about manifests in the status of the lease holder");
    lab.eventually(SOON, &what, &holder(lab), || {
        let part = holder(lab);
        let name = part.trim_end_matches("-lanlord");
        let lines = match probe::status_of(lab, name)? {
            admin::types::Status::Node(status) => status.problems,
            admin::types::Status::Router(_) => Vec::new(),
        };
        let about = |line: &&String| line.contains("manifests in the cluster");
        let seen = lines.iter().filter(about).count();
        // From a neighbour: the holder may be a guest.
        let neighbour = lab.machine(MACHINE).map_err(|error| format!("{error:#}"))?;
        let address = NODES.iter().find(|(node, _)| *node == name);
        let (_, address) = address.ok_or_else(|| format!("{name} is no node"))?;
        let metrics = probe::http_ok(neighbour, &format!("http://{address}:7472/metrics"))?;
        let metric = format!("lanlord_manifests_outdated {wanted}");
        if seen == wanted && metrics.lines().any(|line| line == metric) {
            Ok(())
        } else {
            Err(format!("{seen} lines: {}", lines.join("; ")))
        }
    })
}

/// The real kubectl finds the program on its PATH, and it shows what the API server has.
pub(super) fn kubectl_shows_the_cluster(lab: &mut Lab) -> Outcome {
    let files = Files::of(&lab.site);
    let kubectl = files.program("kubectl");
    let bin = files.file("bin");
    std::os::unix::fs::symlink(&lab.lanlord, bin.join("kubectl-lanlord"))
        .context("install the plugin")?;
    let path = format!("PATH={}", text(&bin));
    let kubeconfig = text(&files.kubeconfig("admin"));
    let machine = lab.machine(MACHINE)?;
    let lanlord = |words: &[&str]| {
        let plugin = [path.as_str(), &kubectl, "lanlord"];
        machine.run("/usr/bin/env", &[&plugin[..], words].concat())
    };
    let shown = lanlord(&["status", "--kubeconfig", &kubeconfig])?;
    let (out, err) = (
        String::from_utf8_lossy(&shown.stdout).into_owned(),
        String::from_utf8_lossy(&shown.stderr).into_owned(),
    );
    let vip = VIP.to_string();
    for wanted in [
        vip.as_str(),
        "www.example.com",
        "lease holder talos-",
        "labelled out",
    ] {
        if !out.contains(wanted) {
            return Err(expected(wanted, &format!("{out}{err}")));
        }
    }
    let json = lanlord(&["status", "--json", "--kubeconfig", &kubeconfig])?;
    let status: Value =
        serde_json::from_slice(&json.stdout).context("kubectl lanlord status --json")?;
    let nodes = status["nodes"].as_array().map_or(0, Vec::len);
    let owner = &status["vips"][0]["owner"];
    let owns = |node: &Value| node["owns"].as_u64().unwrap_or_default();
    let vips: u64 = status["nodes"]
        .as_array()
        .into_iter()
        .flatten()
        .map(owns)
        .sum();
    if nodes != NODES.len() || !owner.is_string() || vips == 0 {
        return Err(expected(
            "three nodes, and an owner of each VIP",
            &status.to_string(),
        ));
    }
    Ok(format!(
        "`kubectl lanlord status`: {nodes} nodes, {vips} VIPs, the first owned by {owner}, lease holder {}",
        status["lease_holder"]
    ))
}
