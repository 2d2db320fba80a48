//! Our extension as Talos' users see it, and what it does for the network.

use std::time::Duration;

use super::{
    MACHINE, SERVICE,
    machine::PART,
    talosctl::{Service, Talosctl},
};
use crate::{
    kubernetes::Cluster,
    lab::{
        Lab,
        failure::expected,
        page, probe,
        step::Outcome,
        www::{self, PAGE, VIP},
    },
};

/// What a controller or a service does on its own.
const SOON: Duration = Duration::from_secs(20);

/// The kubelet's way to the API server, from Talos to Talos: KubePrism, which machined serves on every node.
const KUBE_PRISM: &str = "https://127.0.0.1:7445";
const KUBE_PRISM_PORT: &str = ":7445";

/// `talosctl get extensions`, and the label that Talos puts on the Node.
pub(super) fn extension_is_listed(lab: &mut Lab) -> Outcome {
    let talosctl = Talosctl::of(lab)?;
    let version = env!("CARGO_PKG_VERSION");
    let listed = talosctl
        .get("extensions", "0")
        .map_err(|seen| expected("our extension in the list", &seen).part(PART))?;
    let metadata = &listed["spec"]["metadata"];
    let found = metadata["version"].as_str().unwrap_or_default();
    if metadata["name"] != "lanlord" || found.trim_start_matches('v') != version {
        let what = format!("the extension lanlord, version {version}");
        return Err(expected(&what, &listed.to_string()).part(PART));
    }
    let table = talosctl
        .run(&["get", "extensions"])
        .map_err(|seen| expected("a table of extensions", &seen))?;
    let line = table.lines().nth(1).unwrap_or_default();
    let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
    let label = "extensions.talos.dev/lanlord";
    let admin = Cluster::of(&lab.site).admin();
    lab.eventually(
        SOON,
        &format!("the label {label} on the Node"),
        PART,
        || {
            let node = admin
                .get(&format!("/api/v1/nodes/{MACHINE}"))
                .map_err(|error| format!("{error:#}"))?;
            let labels = &node["metadata"]["labels"];
            if labels[label] == found {
                Ok(())
            } else {
                Err(labels.to_string())
            }
        },
    )?;
    Ok(format!(
        "talosctl get extensions: {line}; the Node has the label {label}={found}"
    ))
}

/// `talosctl service ext-lanlord`.
pub(super) fn runs(lab: &mut Lab) -> Outcome {
    let talosctl = Talosctl::of(lab)?;
    let service = lab.eventually(SOON, &format!("{SERVICE} to run"), PART, || {
        let service = talosctl.service(SERVICE)?;
        if service.state == "Running" {
            Ok(service)
        } else {
            Err(format!("{}: {:?}", service.state, service.events))
        }
    })?;
    let starts = starts(&service);
    if starts != 1 {
        return Err(expected(
            "the service to have started once",
            &format!("{starts} starts: {:?}", service.events),
        )
        .part(PART));
    }
    let running = process(lab).map_err(|seen| expected("the daemon's process", &seen))?;
    Ok(format!(
        "talosctl service {SERVICE}: {}, started once, waited for the kubelet; it is process {}",
        service.state, running.pid
    ))
}

/// With the kubelet's credentials alone, through KubePrism.
pub(super) fn reaches_the_cluster(lab: &mut Lab) -> Outcome {
    let machine = lab.machine(MACHINE)?;
    let running = process(lab).map_err(|seen| expected("the daemon's process", &seen))?;
    let inside = format!(
        "/proc/{}/root/etc/kubernetes/kubeconfig-kubelet",
        running.pid
    );
    let kubeconfig = std::fs::read_to_string(&inside).unwrap_or_default();
    if !kubeconfig.contains(KUBE_PRISM) {
        let what = format!("{KUBE_PRISM} in the kubelet's kubeconfig, as the daemon sees it");
        return Err(expected(&what, &kubeconfig).part(PART));
    }
    lab.eventually(
        SOON,
        "the daemon in the extension to be ready",
        PART,
        || probe::http_ok(machine, "http://127.0.0.1:7472/readyz"),
    )?;
    let status = www::node_status(lab, MACHINE)?;
    if status.node != MACHINE {
        return Err(expected(
            &format!("{MACHINE}, from the kubelet's certificate"),
            &status.node,
        ));
    }
    let sockets = machine.succeed("ss", &["-Htnp", "dport", "=", KUBE_PRISM_PORT])?;
    if !sockets.contains("\"lanlord\"") {
        let what = format!("a connection of the daemon to {KUBE_PRISM}");
        return Err(expected(&what, &sockets).part(PART));
    }
    Ok(format!(
        "lanlord in the extension is ready: node {}, {}, connected to {KUBE_PRISM}",
        status.node, status.source
    ))
}

/// `talosctl logs ext-lanlord`.
pub(super) fn log_is_read(lab: &mut Lab) -> Outcome {
    let log = Talosctl::of(lab)?
        .run(&["logs", SERVICE])
        .map_err(|seen| expected("the daemon's log", &seen).part(PART))?;
    let line = log
        .lines()
        .find(|line| line.contains("credentials in force") && line.contains(KUBE_PRISM))
        .ok_or_else(|| expected("a line of ours about the API server in the log", &log))?;
    let (_, line) = line.split_once(": ").unwrap_or(("", line));
    Ok(format!(
        "talosctl logs {SERVICE}: {} lines, among them: {line}",
        log.lines().count()
    ))
}

/// The extension owns the VIP, and the laptop is served through it.
pub(super) fn answers_for_the_vip(lab: &mut Lab) -> Outcome {
    let owner = www::owner(lab, SOON)?;
    if owner != MACHINE {
        return Err(expected(
            &format!("{VIP} at {MACHINE}, which runs Talos"),
            owner,
        ));
    }
    let addresses = lab
        .machine(MACHINE)?
        .succeed("ip", &["-brief", "address"])?;
    if addresses.contains(&VIP.to_string()) {
        return Err(expected("the VIP on no interface", &addresses));
    }
    let page = page::fetch(lab.machine("laptop")?, PAGE)
        .map_err(|seen| expected(&format!("{PAGE} through {MACHINE}"), &seen).part(PART))?;
    Ok(format!(
        "{VIP} is answered by {owner}, the real Talos, and is on no interface there; laptop gets {PAGE} from {}",
        page.server
    ))
}

/// How often containerd was told to start the service.
pub(super) fn starts(service: &Service) -> usize {
    let starts = service
        .events
        .iter()
        .filter(|event| event.contains("Started task"));
    starts.count()
}

/// The daemon in the extension.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Running {
    pub(super) pid: u32,
    /// In ticks since the computer's start: a process id alone may be given again.
    started: u64,
}

/// The one process of the machine that is our entrypoint.
pub(super) fn process(lab: &Lab) -> Result<Running, String> {
    let machine = lab.machine(MACHINE).map_err(|error| error.to_string())?;
    let all = machine.processes().map_err(|error| format!("{error:#}"))?;
    let found: Vec<Running> = all
        .into_iter()
        .filter(|pid| is_entrypoint(*pid))
        .filter_map(|pid| {
            Some(Running {
                pid,
                started: started(pid)?,
            })
        })
        .collect();
    match found.as_slice() {
        [one] => Ok(*one),
        others => Err(format!("{} of them: {others:?}", others.len())),
    }
}

fn is_entrypoint(pid: u32) -> bool {
    let arguments = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    arguments.starts_with(b"/usr/local/bin/lanlord\0node\0")
}

/// The 22nd field of stat; the second may have blanks and parentheses in it.
fn started(pid: u32) -> Option<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, rest) = stat.rsplit_once(") ")?;
    rest.split(' ').nth(19)?.parse().ok()
}
