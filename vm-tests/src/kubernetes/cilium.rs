//! `cargo lab --cilium`: nodes without kube-proxy, and a stand-in for the data path that Cilium has in its place.
//!
//! As Cilium's, it takes packets for a VIP where they come in on one of its `devices` (ConfigMap `cilium-config`), before
//! the node looks at their destination, and leaves alone what comes in elsewhere. It is a table of nftables made from
//! Services and EndpointSlices as they are; Cilium's custom resources are definitions of our own, as far as doctor reads
//! them.

use std::fmt::Write as _;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::{
    NODES, SOON,
    api::{Api, Patch},
    control_plane::{MACHINE, admin},
    files::{Files, text},
    kubelet::condition,
};
use crate::lab::{
    Lab, SOCKET,
    failure::{Failure, expected},
    page,
    step::Outcome,
    www::{PAGE, VIP},
};

const CONFIG: &str = "/api/v1/namespaces/kube-system/configmaps";
const GROUP: &str = "/apis/cilium.io";
/// Where the doctor is asked.
const NODE: &str = "talos-2";

/// Puts up the definitions, the configuration and the data path.
pub(super) fn start(lab: &mut Lab) -> Outcome {
    let api = admin(&Files::of(&lab.site));
    define(lab, &api)?;
    let config = json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": { "name": "cilium-config", "namespace": "kube-system" },
        "data": { "kube-proxy-replacement": "true", "devices": "eth0" },
    });
    api.create(CONFIG, &config)?;
    let rules = program(lab, &api)?;
    for (node, _) in NODES {
        let listing = lab.machine(node)?.succeed("nft", &["list", "ruleset"])?;
        if listing.contains("kube-proxy") {
            return Err(expected("no rule of kube-proxy", &listing));
        }
    }
    Ok(format!(
        "no kube-proxy: a stand-in for Cilium's data path has {rules} rules on each node, for what comes in on eth0"
    ))
}

/// A cluster that is as it should be, then one with three mistakes, then right again.
pub(super) fn doctor_finds_what_is_wrong(lab: &mut Lab) -> Outcome {
    let api = admin(&Files::of(&lab.site));
    must_find(lab, &[])?;

    let pool = json!({ "blocks": [{ "cidr": "10.10.10.64/26" }] });
    let policy = json!({ "loadBalancerIPs": true, "interfaces": ["^eth0$"] });
    let pools = format!("{GROUP}/v2/ciliumloadbalancerippools");
    let policies = format!("{GROUP}/v2alpha1/ciliuml2announcementpolicies");
    api.create(
        &pools,
        &object("v2", "CiliumLoadBalancerIPPool", "blue", &pool),
    )?;
    let kind = "CiliumL2AnnouncementPolicy";
    api.create(&policies, &object("v2alpha1", kind, "lan", &policy))?;
    set_config(
        &api,
        &json!({ "devices": "eth1", "enable-l2-announcements": "true" }),
    )?;
    program(lab, &api)?;
    let laptop = lab.machine("laptop")?;
    let unserved = probe_fails(laptop, PAGE);
    let words = must_find(lab, &["ciliumPool", "ciliumL2", "ciliumDevices"])?;
    if let Err(page) = unserved {
        return Err(expected(
            "no page where Cilium does not look at eth0",
            &page,
        ));
    }

    api.delete(&format!("{pools}/blue"))?;
    api.delete(&format!("{policies}/lan"))?;
    set_config(
        &api,
        &json!({ "devices": "eth+", "enable-l2-announcements": null }),
    )?;
    program(lab, &api)?;
    must_find(lab, &[])?;
    let laptop = lab.machine("laptop")?;
    page::fetch(laptop, PAGE).map_err(|seen| expected("the page again", &seen))?;
    Ok(format!(
        "lanlord doctor finds, and no more when they are gone: {}",
        words.join("; ")
    ))
}

fn probe_fails(laptop: &crate::machine::Machine, url: &str) -> Result<(), String> {
    match page::fetch(laptop, url) {
        Err(_) => Ok(()),
        Ok(page) => Err(format!("{page:?}")),
    }
}

/// Asks the doctor on a node; its problems must be exactly these. What they say.
fn must_find(lab: &Lab, wanted: &[&str]) -> Result<Vec<String>, Failure> {
    let files = Files::of(&lab.site);
    let machine = lab.machine(NODE)?;
    let (kubeconfig, state) = (
        text(&files.kubeconfig("admin")),
        text(&machine.directory().join("state")),
    );
    let program = text(&lab.lanlord);
    let arguments = [
        "doctor",
        "node",
        "--json",
        "--kubeconfig",
        &kubeconfig,
        "--state",
        &state,
        "--socket",
        SOCKET,
    ];
    let output = machine.run(&program, &arguments)?;
    let printed = String::from_utf8_lossy(&output.stdout);
    let report: Value = serde_json::from_str(&printed).with_context(|| {
        format!(
            "read the doctor's answer `{printed}`: {}",
            String::from_utf8_lossy(&output.stderr)
        )
    })?;
    let findings = report["findings"].as_array().cloned().unwrap_or_default();
    let problems: Vec<&Value> = findings
        .iter()
        .filter(|one| one["severity"] == "problem")
        .collect();
    let checks: Vec<&str> = problems
        .iter()
        .filter_map(|one| one["check"].as_str())
        .collect();
    let unread = findings.iter().any(|one| one["check"] == "unread");
    let code = i32::from(!wanted.is_empty());
    if checks != wanted || unread || output.status.code() != Some(code) {
        let what = format!("the doctor to find {wanted:?} and to end with {code}");
        return Err(expected(&what, &format!("{}: {printed}", output.status)));
    }
    let what = problems.iter().filter_map(|one| one["what"].as_str());
    Ok(what.map(str::to_owned).collect())
}

fn set_config(api: &Api, data: &Value) -> Result<()> {
    let path = format!("{CONFIG}/cilium-config");
    api.patch(&path, Patch::Merge, &json!({ "data": data }))
        .map(drop)
}

fn object(version: &str, kind: &str, name: &str, spec: &Value) -> Value {
    json!({
        "apiVersion": format!("cilium.io/{version}"), "kind": kind, "metadata": { "name": name }, "spec": spec,
    })
}

/// Definitions of Cilium's two kinds, which take any spec.
fn define(lab: &Lab, api: &Api) -> Result<(), Failure> {
    const DEFINITIONS: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    let kinds = [
        (
            "CiliumLoadBalancerIPPool",
            "ciliumloadbalancerippools",
            "v2",
        ),
        (
            "CiliumL2AnnouncementPolicy",
            "ciliuml2announcementpolicies",
            "v2alpha1",
        ),
    ];
    for (kind, plural, version) in kinds {
        let any = json!({ "type": "object", "x-kubernetes-preserve-unknown-fields": true });
        let definition = json!({
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": { "name": format!("{plural}.cilium.io") },
            "spec": {
                "group": "cilium.io", "scope": "Cluster",
                "names": { "kind": kind, "plural": plural, "singular": kind.to_lowercase() },
                "versions": [{
                    "name": version, "served": true, "storage": true,
                    "schema": { "openAPIV3Schema": { "type": "object", "properties": { "spec": any } } },
                }],
            },
        });
        api.create(DEFINITIONS, &definition)?;
        let (path, part) = (
            format!("{DEFINITIONS}/{plural}.cilium.io"),
            format!("{MACHINE}-kube-apiserver"),
        );
        lab.eventually(
            SOON,
            &format!("the definition of {kind} to be established"),
            &part,
            || {
                let found = api.get(&path).map_err(|error| format!("{error:#}"))?;
                match condition(&found, "Established") {
                    Some("True") => Ok(()),
                    other => Err(format!("Established is {other:?}")),
                }
            },
        )?;
    }
    Ok(())
}

/// Makes the table on every node from what the API server has; how many rules there are.
fn program(lab: &Lab, api: &Api) -> Result<usize> {
    let config = api.get(&format!("{CONFIG}/cilium-config"))?;
    let devices = config["data"]["devices"].as_str().unwrap_or_default();
    let devices: Vec<String> = devices
        .split_whitespace()
        .map(|device| format!("\"{}\"", device.replace('+', "*")))
        .collect();
    let services = api.get("/api/v1/services")?;
    let slices = api.get("/apis/discovery.k8s.io/v1/endpointslices")?;
    let rules = rules(&services, &slices, &devices);
    ensure!(
        rules.iter().any(|rule| rule.contains(&VIP.to_string())),
        "no rule for {VIP}: {rules:?}"
    );
    let mut table = String::from("table ip cilium\ndelete table ip cilium\ntable ip cilium {\n");
    table.push_str("chain from-netdev { type nat hook prerouting priority -150;\n");
    for rule in &rules {
        writeln!(table, "{rule}").context("write the rules")?;
    }
    table.push_str("}\nchain to-netdev { type nat hook postrouting priority 90; meta mark & 0x200 == 0x200 masquerade\n}\n}\n");
    for (node, _) in NODES {
        lab.machine(node)?.feed("nft", &["-f", "-"], &table)?;
    }
    Ok(rules.len())
}

/// One rule for each device and port of each VIP: to any ready endpoint, by way of this node.
fn rules(services: &Value, slices: &Value, devices: &[String]) -> Vec<String> {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let mut rules = Vec::new();
    for service in list(&services["items"]) {
        let Some(vip) = service["status"]["loadBalancer"]["ingress"][0]["ip"].as_str() else {
            continue;
        };
        for port in list(&service["spec"]["ports"]) {
            let targets: Vec<String> = list(&slices["items"])
                .iter()
                .filter(|slice| {
                    let label = &slice["metadata"]["labels"]["kubernetes.io/service-name"];
                    let place = |object: &Value| object["metadata"]["namespace"].clone();
                    *label == service["metadata"]["name"] && place(slice) == place(&service)
                })
                .flat_map(|slice| targets(slice, &port["name"]))
                .collect();
            let Some(choice) = choice(&targets) else {
                continue;
            };
            rules.extend(devices.iter().map(|device| {
                let number = &port["port"];
                format!("iifname {device} ip daddr {vip} tcp dport {number} meta mark set meta mark | 0x200 dnat to {choice}")
            }));
        }
    }
    rules
}

/// `address . port` of the ready endpoints of a slice.
fn targets(slice: &Value, name: &Value) -> Vec<String> {
    let ports = slice["ports"].as_array().into_iter().flatten();
    let number = ports
        .filter(|port| port["name"] == *name)
        .find_map(|port| port["port"].as_u64());
    let endpoints = slice["endpoints"].as_array().into_iter().flatten();
    let ready = endpoints.filter(|endpoint| endpoint["conditions"]["ready"] == true);
    let target = |endpoint: &Value| {
        Some(format!(
            "{} . {}",
            endpoint["addresses"][0].as_str()?,
            number?
        ))
    };
    ready.filter_map(target).collect()
}

/// A target by chance; none where there are none.
fn choice(targets: &[String]) -> Option<String> {
    let entries: Vec<String> = targets
        .iter()
        .enumerate()
        .map(|(index, target)| format!("{index} : {target}"))
        .collect();
    (!entries.is_empty()).then(|| {
        format!(
            "numgen random mod {} map {{ {} }}",
            targets.len(),
            entries.join(", ")
        )
    })
}
