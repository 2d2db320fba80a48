//! What the service says of itself: status, log, metrics.

use std::time::Duration;

use super::{
    NODE,
    container::{self, PART},
};
use crate::lab::{
    Lab,
    failure::{Failure, expected},
    probe, www,
};

/// Waits until a problem in the status has all of `words`; the problem.
pub(super) fn await_problem(
    lab: &Lab,
    within: Duration,
    words: &[&str],
) -> Result<String, Failure> {
    let what = format!("a problem in the status with: {}", words.join(", "));
    lab.eventually(within, &what, PART, || {
        let status = www::node_status(lab, NODE).map_err(|failure| failure.seen)?;
        let has_all = |problem: &&String| words.iter().all(|word| problem.contains(word));
        match status.problems.iter().find(has_all) {
            Some(problem) => Ok(problem.clone()),
            None => Err(format!("{:?}", status.problems)),
        }
    })
}

/// Waits until no problem in the status has `word`.
pub(super) fn await_no_problem(lab: &Lab, within: Duration, word: &str) -> Result<(), Failure> {
    let what = format!("no problem in the status with: {word}");
    lab.eventually(within, &what, PART, || {
        let status = www::node_status(lab, NODE).map_err(|failure| failure.seen)?;
        match status
            .problems
            .iter()
            .find(|problem| problem.contains(word))
        {
            Some(problem) => Err(problem.clone()),
            None => Ok(()),
        }
    })
}

/// The log says it once, however long it lasts.
pub(super) fn logged_once(lab: &Lab, words: &str) -> Result<(), Failure> {
    let log = container::log(lab);
    let lines: Vec<&str> = log.lines().filter(|line| line.contains(words)).collect();
    if lines.len() == 1 {
        return Ok(());
    }
    let seen = format!("{} lines: {lines:?}", lines.len());
    Err(expected(&format!("one line in the log with: {words}"), &seen).part(PART))
}

/// A number from the metrics; none where there is no such line.
pub(super) fn metric(lab: &Lab, name: &str) -> Result<Option<u64>, Failure> {
    let metrics = probe::http_ok(lab.machine(NODE)?, "http://127.0.0.1:7472/metrics")
        .map_err(|seen| expected("metrics", &seen).part(PART))?;
    let line = metrics
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    Ok(line.and_then(|value| value.trim().parse().ok()))
}
