//! The first start on a node that is still coming up, and how the service is confined.

use std::{fs, os::unix::fs::MetadataExt, thread, time::Duration};

use anyhow::Context;

use super::{
    NODE, audit,
    container::{self, PART},
    host::Host,
    service::{await_no_problem, await_problem, logged_once, metric},
    witness,
};
use crate::{
    kubernetes::{self, SERVER},
    lab::{
        Lab,
        failure::{Failure, expected},
        probe,
        step::Outcome,
        www,
    },
};

/// What the service does on its own.
const SOON: Duration = Duration::from_secs(15);
/// Long enough to see a line that comes every second.
const A_WHILE: Duration = Duration::from_secs(3);

/// The control plane and the other worker run ordinary daemons, with the same identity.
pub(super) fn start_other_nodes(lab: &mut Lab) -> Outcome {
    let others: Vec<&str> = www::NODES
        .into_iter()
        .filter(|node| *node != NODE)
        .collect();
    for node in &others {
        kubernetes::start_on_kubelets_behalf(lab, node)?;
    }
    for node in &others {
        let machine = lab.machine(node)?;
        lab.eventually(
            SOON,
            &format!("{node} to be ready"),
            &format!("{node}-lanlord"),
            || probe::http_ok(machine, "http://127.0.0.1:7472/readyz"),
        )?;
    }
    Ok(format!(
        "{} run lanlord node by their kubelets' credentials",
        others.join(" and ")
    ))
}

/// The service may start before the kubelet has written anything.
pub(super) fn it_waits_for_the_kubeconfig(lab: &mut Lab) -> Outcome {
    container::prepare(lab)?;
    container::start(lab)?;
    let missing = "kubeconfig-kubelet is not there";
    await_problem(lab, SOON, &[missing])?;
    thread::sleep(A_WHILE);
    logged_once(lab, missing)?;
    let waiting = metric(lab, "lanlord_api_waiting{for=\"kubeconfig\"}")?;
    if waiting != Some(1) {
        return Err(expected(
            "lanlord_api_waiting{for=\"kubeconfig\"} 1",
            &format!("{waiting:?}"),
        )
        .part(PART));
    }
    witness::silence(lab)?;
    Ok(format!(
        "the extension runs on {NODE} before its kubelet has a kubeconfig: status, metrics and one line in the log say so"
    ))
}

/// The kubeconfig is there, the certificate that it names is not.
pub(super) fn it_waits_for_the_certificate(lab: &mut Lab) -> Outcome {
    Host::of(lab)?.write_kubeconfig(lab, SERVER)?;
    let missing = "kubelet-client-current.pem is not there";
    await_problem(lab, SOON, &["the kubelet's client certificate", missing])?;
    thread::sleep(A_WHILE);
    logged_once(lab, missing)?;
    Ok("with the kubeconfig it waits for the kubelet's certificate, and says so".to_owned())
}

/// Both steps of the identity, and what they are for.
pub(super) fn it_announces(lab: &mut Lab) -> Outcome {
    let host = Host::of(lab)?;
    let fingerprint = host.rotate(lab, "2026-01-01-00-00-00")?;
    witness::await_answer(lab, SOON)?;
    let seen = audit::certificates_seen(lab)?;
    if !seen.contains(&fingerprint) {
        return Err(expected(
            "the Secret read by the kubelet's certificate",
            &format!("{seen:?}"),
        )
        .part(PART));
    }
    await_no_problem(lab, SOON, "waiting for")?;
    let status = www::node_status(lab, NODE)?;
    if status.node != NODE {
        return Err(expected(
            &format!("the name {NODE}, from the certificate"),
            &status.node,
        )
        .part(PART));
    }
    let token = host.path("/var/lib/lanlord/token");
    let mode = fs::metadata(&token)
        .context("look at the saved token")?
        .mode()
        & 0o7777;
    if mode != 0o600 {
        return Err(expected(
            "a saved token with mode 0600",
            &format!("{mode:o}"),
        ));
    }
    witness::start(lab)?;
    Ok(format!(
        "with the certificate it reads its token, is {NODE} and ServiceAccount lanlord, and answers for {}",
        www::VIP
    ))
}

/// Seen from outside: as on Talos, nothing is taken for granted that a stock node does not give.
pub(super) fn it_is_confined(lab: &mut Lab) -> Outcome {
    let pid = container::first_process(lab)?;
    let read = |name: &str| {
        fs::read_to_string(format!("/proc/{pid}/{name}"))
            .with_context(|| format!("read {name} of the service"))
    };
    let status = read("status")?;
    let field = |name: &str| {
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        line.unwrap_or_default().trim().to_owned()
    };
    let first = field("NSpid").split_whitespace().next_back() == Some("1");
    let environment = read("environ")?;
    let variables: Vec<&str> = environment
        .split('\0')
        .filter(|text| !text.is_empty())
        .collect();
    let mounts = read("mountinfo")?;
    let mut root = mounts.lines().filter_map(|line| {
        let fields: Vec<&str> = line.split(' ').collect();
        (fields.get(4) == Some(&"/")).then(|| {
            fields
                .get(5)
                .is_some_and(|options| options.split(',').any(|option| option == "ro"))
        })
    });
    let read_only = root.next_back() == Some(true);
    // The runtime gives HOME to everybody.
    let bare = variables
        .iter()
        .all(|variable| variable.starts_with("HOME="));
    let confined = field("NoNewPrivs") == "1" && field("Seccomp") == "2";
    if !(first && bare && read_only && confined) {
        let seen = format!(
            "NSpid {}, NoNewPrivs {}, Seccomp {}, root read-only: {read_only}, environment {variables:?}",
            field("NSpid"),
            field("NoNewPrivs"),
            field("Seccomp")
        );
        return Err::<String, Failure>(
            expected(
                "process 1, no_new_privs, a seccomp filter, a read-only root, no environment",
                &seen,
            )
            .part(PART),
        );
    }
    Ok(format!(
        "it is process 1 with no_new_privs, seccomp, a read-only root and no environment; capabilities {}",
        field("CapEff")
    ))
}
