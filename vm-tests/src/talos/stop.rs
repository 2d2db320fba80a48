//! The machine is turned off: in order, and without a trace.

use std::time::Duration;

use super::{MACHINE, SERVICE, machine::PART, service::process};
use crate::{
    lab::{Lab, failure::expected, step::Outcome},
    machine::{Process, cgroup},
};

/// Ten seconds is what a service has before it is killed.
const OFF: Duration = Duration::from_secs(15);

/// The kubelet goes first, with all Pods, whatever depends on it; containerd last, because all others run in it.
const ORDER: [&str; 3] = ["kubelet", SERVICE, "containerd"];

/// SIGTERM to PID 1, as a container's runtime sends it.
pub(super) fn leaves_nothing(lab: &mut Lab) -> Outcome {
    let running = process(lab).map_err(|seen| expected("the daemon's process", &seen))?;
    let part = lab.part(PART)?;
    let read = |part: &Process| std::fs::read_to_string(&part.log).map_err(anyhow::Error::from);
    let before = read(part)?.len();
    let (status, took) = part.terminate(OFF)?;
    let log = read(part)?.split_off(before);
    if !status.success() {
        return Err(expected("the machine to turn itself off", &status.to_string()).part(PART));
    }
    let finished = format!("service[{SERVICE}](Finished)");
    if !log.contains(&finished) {
        return Err(expected(&format!("{finished} in its log"), "no such line").part(PART));
    }
    let stopping: Vec<&str> = log
        .lines()
        .filter_map(|line| {
            let (before, _) = line.split_once("](Stopping): Sending SIGTERM")?;
            before.rsplit_once("service[").map(|(_, name)| name)
        })
        .collect();
    let place = |name: &str| stopping.iter().position(|stopped| *stopped == name);
    let places: Vec<_> = ORDER.into_iter().map(place).collect();
    if places.contains(&None) || !places.is_sorted() {
        let what = format!("{} to be stopped in this order", ORDER.join(", "));
        return Err(expected(&what, &stopping.join(", ")).part(PART));
    }
    if std::path::Path::new(&format!("/proc/{}", running.pid)).exists() {
        return Err(expected(
            "the daemon gone",
            &format!("process {}", running.pid),
        ));
    }
    cgroup::remove(&lab.site.directory)?;
    Ok(format!(
        "SIGTERM to Talos on {MACHINE}: stopped {} and is off after {:.1} s; no process and no control group is left",
        stopping.join(", "),
        took.as_secs_f32()
    ))
}
