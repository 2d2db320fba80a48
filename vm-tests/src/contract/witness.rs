//! Who answers for the VIPs, as seen from the laptop.

use std::time::{Duration, Instant};

use serde_json::json;

use super::{NODE, container::PART};
use crate::{
    kubernetes::Cluster,
    lab::{
        Lab,
        failure::{Failure, expected},
        probe, topology,
        www::VIP,
    },
};

const LAPTOP: &str = "laptop";
const WITNESS: &str = "laptop-witness";

/// What a reconnection takes at most: a token is accepted for 10 s after its end, a Lease runs 15 s.
pub(super) const RECONNECTION: Duration = Duration::from_secs(45);

/// One question each second, and a busy machine.
const NEXT_ANSWER: Duration = Duration::from_secs(5);

/// Asks for the VIP once a second, as long as the lab lives.
pub(super) fn start(lab: &mut Lab) -> anyhow::Result<()> {
    let vip = VIP.to_string();
    lab.start(LAPTOP, "witness", "arping", &["-b", "-I", "eth0", &vip])
        .map(drop)
}

/// A time that is looked at.
pub(super) struct Watch {
    begin: Instant,
    answers_before: usize,
}

impl Watch {
    pub(super) fn begin(lab: &Lab) -> Self {
        Self {
            begin: Instant::now(),
            answers_before: answers(lab).len(),
        }
    }

    /// Nobody but the node answered, and how often it did.
    pub(super) fn no_move(&self, lab: &Lab) -> Result<usize, Failure> {
        let answers = answers(lab);
        let since = &answers[self.answers_before..];
        match since.iter().find(|machine| *machine != NODE) {
            Some(other) => Err(expected(
                &format!("{VIP} to stay at {NODE}"),
                &format!("{other} answered"),
            )
            .part(PART)),
            None => Ok(since.len()),
        }
    }

    /// Waits for one more answer, so that a quick change is not over before anybody has asked.
    pub(super) fn next_answer(lab: &Lab) -> Result<(), Failure> {
        let before = answers(lab).len();
        lab.eventually(NEXT_ANSWER, "the next answer", PART, || {
            if answers(lab).len() > before {
                Ok(())
            } else {
                Err(format!("{before} so far"))
            }
        })
    }

    /// The node answered all the time. A restart costs at least five answers; of one question each second up to four
    /// are under way, cut off, or not asked because this computer had something else to do.
    pub(super) fn no_gap(&self, lab: &Lab) -> Result<usize, Failure> {
        let answered = self.no_move(lab)?;
        let asked = usize::try_from(self.begin.elapsed().as_secs()).unwrap_or(usize::MAX);
        if answered + 4 < asked {
            let seen = format!("{answered} answers to {asked} questions");
            return Err(
                expected(&format!("{NODE} to answer for {VIP} all the time"), &seen).part(PART),
            );
        }
        Ok(answered)
    }
}

/// The machine behind each answer so far.
fn answers(lab: &Lab) -> Vec<String> {
    let log = lab.site.logs().join(format!("{WITNESS}.log"));
    let text = std::fs::read_to_string(log).unwrap_or_default();
    text.lines()
        .filter(|line| line.contains(" reply from "))
        .filter_map(|line| line.split_once('[')?.1.split_once(']'))
        .map(|(mac, _)| topology::machine_with(mac).unwrap_or(mac).to_owned())
        .collect()
}

/// Waits until the node answers for the VIP.
pub(super) fn await_answer(lab: &Lab, within: Duration) -> Result<(), Failure> {
    await_owner(lab, &VIP.to_string(), within)
}

fn await_owner(lab: &Lab, address: &str, within: Duration) -> Result<(), Failure> {
    let laptop = lab.machine(LAPTOP)?;
    let what = format!("{NODE} to answer ARP for {address}");
    lab.eventually(within, &what, PART, || {
        match probe::owner(laptop, address)? {
            NODE => Ok(()),
            other => Err(format!("{other} answers")),
        }
    })
}

/// Nobody answers for the VIP.
pub(super) fn silence(lab: &Lab) -> Result<(), Failure> {
    nobody_answers(lab, &VIP.to_string())
}

fn nobody_answers(lab: &Lab, address: &str) -> Result<(), Failure> {
    match probe::owner(lab.machine(LAPTOP)?, address) {
        // Anything else than a question without an answer is no silence.
        Err(text) if text.starts_with(probe::NOBODY) => Ok(()),
        Err(text) => Err(expected(&format!("to ask for {address}"), &text).part(PART)),
        Ok(machine) => Err(expected(
            &format!("nobody to answer for {address}"),
            &format!("{machine} answers"),
        )
        .part(PART)),
    }
}

/// The service follows the API: a Service whose only endpoint is on the node is announced from there. Returns its
/// address, 10.10.10.`host`, which nobody else may have asked for.
pub(super) fn new_service_is_announced(lab: &Lab, host: u8) -> Result<String, Failure> {
    let address = format!("10.10.10.{host}");
    nobody_answers(lab, &address)?;
    let name = format!("contract-{host}");
    let api = Cluster::of(&lab.site).admin();
    api.create(
        "/api/v1/namespaces/default/services",
        &json!({
            "apiVersion": "v1", "kind": "Service",
            "metadata": { "name": name, "annotations": { "metallb.io/loadBalancerIPs": address } },
            "spec": { "type": "LoadBalancer", "externalTrafficPolicy": "Local", "ports": [{ "port": 80 }] },
        }),
    )?;
    api.create(
        "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices",
        &json!({
            "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
            "metadata": { "name": name, "labels": { "kubernetes.io/service-name": name } },
            "ports": [{ "port": 8000 }],
            "endpoints": [{
                "addresses": ["192.168.1.202"], "nodeName": NODE, "conditions": { "ready": true, "serving": true },
            }],
        }),
    )?;
    await_owner(lab, &address, RECONNECTION)?;
    Ok(address)
}
