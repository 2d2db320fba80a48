//! Credentials and addresses change under the running service. It is never restarted, and nothing moves.

use std::{fs, time::Duration};

use anyhow::Context;
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::json;

use super::{
    NODE, audit,
    container::{self, PART},
    host::Host,
    service::{await_no_problem, await_problem, logged_once, metric},
    witness::{self, RECONNECTION, Watch},
};
use crate::{
    kubernetes::{Cluster, SECOND_ADDRESS},
    lab::{
        Lab,
        failure::{Failure, expected},
        step::Outcome,
    },
};

const SOON: Duration = Duration::from_secs(10);
const SECRETS: &str = "/api/v1/namespaces/metallb-system/secrets";
const SECRET: &str = "/api/v1/namespaces/metallb-system/secrets/lanlord-token";
/// The API server by name: in the service's /etc/hosts and in the server's certificate.
const NAME: &str = "kubernetes.default.svc";

/// Runs `change`, and asserts that it was the same process, without a gap.
fn unharmed(lab: &mut Lab, change: impl FnOnce(&mut Lab) -> Result<String, Failure>) -> Outcome {
    let (watch, before) = (Watch::begin(lab), container::first_process(lab)?);
    let sentence = change(lab)?;
    Watch::next_answer(lab)?;
    let after = container::first_process(lab)?;
    if before != after {
        return Err(expected(
            "the same process all the time",
            &format!("{before}, then {after}"),
        )
        .part(PART));
    }
    let answers = watch.no_gap(lab)?;
    Ok(format!("{sentence}; {answers} answers without a gap"))
}

/// Reads the Secret by the new certificate, and goes on with the connection that it has.
pub(super) fn it_follows_the_certificate(lab: &mut Lab) -> Outcome {
    unharmed(lab, |lab| {
        let connections = metric(lab, "lanlord_api_connections_total")?;
        let fingerprint = Host::of(lab)?.rotate(lab, "2026-07-01-00-00-00")?;
        await_reading_by(lab, &fingerprint)?;
        let after = metric(lab, "lanlord_api_connections_total")?;
        if connections.is_none() || connections != after {
            return Err(expected(
                "no new connection for the certificate",
                &format!("{connections:?}, then {after:?}"),
            )
            .part(PART));
        }
        Ok("a rotated kubelet certificate is used for the next reading of the Secret".to_owned())
    })
}

/// Talos removes the folder when the node's name or the authority changes; the kubelet makes it anew.
pub(super) fn it_survives_without_pki(lab: &mut Lab) -> Outcome {
    unharmed(lab, |lab| {
        let host = Host::of(lab)?;
        host.remove_pki()?;
        let address = witness::new_service_is_announced(lab, 101)?;
        let fingerprint = host.rotate(lab, "2026-08-01-00-00-00")?;
        await_reading_by(lab, &fingerprint)?;
        Ok(format!(
            "without the kubelet's pki folder it goes on ({address} is new), and finds the new one"
        ))
    })
}

/// The token is revoked with its Secret.
pub(super) fn it_says_that_the_secret_is_missing(lab: &mut Lab) -> Outcome {
    unharmed(lab, |lab| {
        Cluster::of(&lab.site).admin().delete(SECRET)?;
        let missing = "Secret metallb-system/lanlord-token is not there";
        await_problem(lab, RECONNECTION, &[missing, "lanlord talos-patch"])?;
        std::thread::sleep(Duration::from_secs(12));
        logged_once(lab, missing)?;
        Ok("with its Secret deleted it says what is missing and how to get it, once".to_owned())
    })
}

/// A new Secret, a new token.
pub(super) fn it_follows_the_token(lab: &mut Lab) -> Outcome {
    unharmed(lab, |lab| {
        let saved = Host::of(lab)?.path("/var/lib/lanlord/token");
        let read = || fs::read_to_string(&saved).context("read the saved token");
        let old = read()?;
        let api = Cluster::of(&lab.site).admin();
        api.create(
            SECRETS,
            &json!({
                "apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/service-account-token",
                "metadata": {
                    "name": "lanlord-token", "namespace": "metallb-system",
                    "annotations": { "kubernetes.io/service-account.name": "lanlord" },
                },
            }),
        )?;
        await_no_problem(lab, RECONNECTION, "waiting for")?;
        let address = witness::new_service_is_announced(lab, 102)?;
        let secret = api.get(SECRET)?;
        let token = secret["data"]["token"].as_str().unwrap_or_default();
        let token = STANDARD.decode(token).context("decode the token")?;
        let token = String::from_utf8_lossy(&token).into_owned();
        let new = read()?;
        if new == old || !new.contains(&token) || token.is_empty() {
            return Err(expected("the new token in the state folder", "another one").part(PART));
        }
        await_no_problem(lab, RECONNECTION, "Kubernetes API")?;
        Ok(format!(
            "with a new Secret it has the new token, and announces a new Service at {address}"
        ))
    })
}

/// Another address, and a name in its place.
pub(super) fn it_follows_the_address(lab: &mut Lab) -> Outcome {
    unharmed(lab, |lab| {
        let second = format!("{SECOND_ADDRESS}/24");
        lab.machine("talos-1")?
            .succeed("ip", &["address", "add", &second, "dev", "eth0"])?;
        // In place: the service's /etc/hosts is a bind of this file.
        let line = format!("echo {SECOND_ADDRESS} {NAME} >> /etc/hosts");
        lab.machine(NODE)?.succeed("sh", &["-c", &line])?;
        if connected_to(lab, SECOND_ADDRESS)? != 0 {
            return Err(expected("no connection to the second address yet", "one"));
        }
        Host::of(lab)?.write_kubeconfig(lab, &format!("https://{NAME}:6443"))?;
        lab.eventually(SOON, "connections to the new address only", PART, || {
            let count = |address| connected_to(lab, address).map_err(|error| format!("{error:#}"));
            match (count(SECOND_ADDRESS)?, count("192.168.1.201")?) {
                (1.., 0) => Ok(()),
                (new, old) => Err(format!("{new} to the new one, {old} to the old one")),
            }
        })?;
        let address = witness::new_service_is_announced(lab, 103)?;
        Ok(format!(
            "with https://{NAME}:6443 in the kubeconfig it moves over to {SECOND_ADDRESS} and announces a new Service at {address}"
        ))
    })
}

/// Connections of the service to port 6443 of an address.
fn connected_to(lab: &Lab, address: &str) -> anyhow::Result<usize> {
    let text = lab.machine(NODE)?.succeed(
        "ss",
        &[
            "-Hntp",
            "state",
            "established",
            "dst",
            &format!("{address}:6443"),
        ],
    )?;
    Ok(text
        .lines()
        .filter(|line| line.contains("\"lanlord\""))
        .count())
}

fn await_reading_by(lab: &Lab, fingerprint: &str) -> Result<(), Failure> {
    lab.eventually(
        SOON,
        "the Secret to be read by the new certificate",
        PART,
        || match audit::certificates_seen(lab) {
            Ok(seen) if seen.contains(fingerprint) => Ok(()),
            Ok(seen) => Err(format!("{seen:?}, wanted {fingerprint}")),
            Err(error) => Err(format!("{error:#}")),
        },
    )
}
