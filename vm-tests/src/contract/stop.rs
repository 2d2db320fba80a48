//! The service's ends and beginnings.

use std::time::Duration;

use nix::sys::signal::Signal;

use super::{
    NODE,
    container::{self, PART},
    service::await_problem,
    witness::{self, RECONNECTION, Watch},
};
use crate::{
    kubernetes::Cluster,
    lab::{Lab, failure::expected, step::Outcome, www::VIP},
};

/// What Talos gives between SIGTERM and SIGKILL.
const TALOS_PATIENCE: Duration = Duration::from_secs(10);
/// A start from saved state.
const SOON: Duration = Duration::from_secs(20);
/// Routing table of the daemon in which assigned VIPs are unreachable.
const TABLE: &str = "27756";

pub(super) fn it_ends_on_sigterm(lab: &mut Lab) -> Outcome {
    let watch = Watch::begin(lab);
    let pid = container::first_process(lab)?;
    let (status, took) = container::process(lab)?
        .terminate(TALOS_PATIENCE)
        .map_err(|error| {
            expected("SIGTERM to end it within 10 s", &format!("{error:#}")).part(PART)
        })?;
    if !status.success() {
        return Err(expected("exit code 0 after SIGTERM", &status.to_string()).part(PART));
    }
    if std::path::Path::new(&format!("/proc/{pid}")).exists() {
        return Err(expected(
            "the service's process to be gone",
            &format!("{pid} is there"),
        )
        .part(PART));
    }
    let rules = lab.machine(NODE)?.succeed("ip", &["rule", "show"])?;
    if rules.contains(TABLE) {
        return Err(expected("no rule of a stopped service", &rules).part(PART));
    }
    witness::silence(lab)?;
    container::start_again(lab)?;
    witness::await_answer(lab, SOON)?;
    watch.no_move(lab)?;
    Ok(format!(
        "SIGTERM ends it in {} ms with code 0 and no trace; started again after 5 s it answers, and no VIP has moved",
        took.as_millis()
    ))
}

pub(super) fn it_comes_back_after_sigkill(lab: &mut Lab) -> Outcome {
    let watch = Watch::begin(lab);
    container::signal(lab, Signal::SIGKILL)?;
    let status = container::process(lab)?.wait(TALOS_PATIENCE)?;
    if status.success() {
        return Err(expected("a killed service", &status.to_string()).part(PART));
    }
    container::start_again(lab)?;
    witness::await_answer(lab, SOON)?;
    watch.no_move(lab)?;
    let address = witness::new_service_is_announced(lab, 100)?;
    Ok(format!(
        "kill -9, started again after 5 s: it answers for {VIP} and for a new Service at {address}, and no VIP has moved"
    ))
}

/// Design 5: a start while the API is away announces from saved state.
pub(super) fn it_announces_without_the_api(lab: &mut Lab) -> Outcome {
    let watch = Watch::begin(lab);
    let server = "talos-1-kube-apiserver";
    lab.part(server)?.kill();
    await_problem(lab, RECONNECTION, &["Kubernetes API:"])?;
    let (status, _) = container::process(lab)?
        .terminate(TALOS_PATIENCE)
        .map_err(|error| {
            expected("SIGTERM to end it without the API", &format!("{error:#}")).part(PART)
        })?;
    if !status.success() {
        return Err(expected("exit code 0 without the API", &status.to_string()).part(PART));
    }
    witness::silence(lab)?;
    container::start_again(lab)?;
    witness::await_answer(lab, SOON)?;
    await_problem(lab, SOON, &["Kubernetes API:"])?;
    watch.no_move(lab)?;
    lab.part(server)?.restart()?;
    let api = Cluster::of(&lab.site).admin();
    lab.eventually(
        RECONNECTION,
        "the API server to be ready again",
        server,
        || api.is_ready(),
    )?;
    let address = witness::new_service_is_announced(lab, 105)?;
    watch.no_move(lab)?;
    Ok(format!(
        "restarted without the API server it answers for {VIP} from saved state and says what is away; with the API back it \
         announces a new Service at {address}"
    ))
}

/// With everything in force; the runtime takes the container and its control group away.
pub(super) fn it_ends_for_good(lab: &mut Lab) -> Outcome {
    let (status, took) = container::process(lab)?.terminate(TALOS_PATIENCE)?;
    if !status.success() {
        return Err(expected("exit code 0 at the end", &status.to_string()).part(PART));
    }
    let log = container::log(lab);
    if log.contains("panicked") {
        return Err(expected("no panic in its log", &log).part(PART));
    }
    Ok(format!(
        "SIGTERM ends it once more in {} ms; its log has no panic",
        took.as_millis()
    ))
}
