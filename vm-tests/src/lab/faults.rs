//! Faults: each step breaks one thing and looks who survives. Every step leaves the lab as it found it.

mod conversation;
mod nodes;
mod objects;
mod router;

pub(crate) use conversation::Conversation;

use super::{
    Lab,
    failure::{Failure, expected},
    page,
    step::Step,
    www::{self, PAGE, SOON},
};

/// The steps, in order.
pub fn steps() -> Vec<Step> {
    let step = |name, run| Step { name, run };
    vec![
        step("half-written", objects::half_written_file_withdraws_nothing),
        step("bad-object", objects::bad_object_is_refused_alone),
        step("deleted-object", objects::deleted_file_withdraws),
        step("node-cut", nodes::cut_node_loses_vip),
        step("node-killed", nodes::killed_node_loses_vip),
        step("node-stopped", nodes::stopped_node_leaves_no_trace),
        step("bad-reload", router::bad_configuration_is_not_taken),
        step("router-killed", router::killed_router_remembers),
        step("router-stopped", router::stopped_router_keeps_its_guard),
        step("router-flushed", router::flushed_router_leaves_no_trace),
    ]
}

/// The page is served, to the laptop, now.
fn page_is_served(lab: &Lab, when: &str) -> Result<(), Failure> {
    let laptop = lab.machine("laptop")?;
    page::fetch(laptop, PAGE)
        .map_err(|seen| expected(&format!("the page {when}"), &seen).part("router-lanlord"))?;
    Ok(())
}

/// The page is served to the laptop again soon.
fn page_comes_back(lab: &Lab, when: &str) -> Result<page::Page, Failure> {
    let laptop = lab.machine("laptop")?;
    lab.eventually(SOON, &format!("the page {when}"), "router-lanlord", || {
        page::fetch(laptop, PAGE)
    })
}

/// Waits until a node lists a problem that contains all of `words`.
fn problem_is_listed(lab: &Lab, node: &str, words: &[&str]) -> Result<String, Failure> {
    let what = format!(
        "`lanlord status` of {node} to list a problem with {}",
        words.join(" and ")
    );
    lab.eventually(SOON, &what, &format!("{node}-lanlord"), || {
        let status = www::node_status(lab, node).map_err(|failure| failure.seen)?;
        let found = status
            .problems
            .iter()
            .find(|problem| words.iter().all(|word| problem.contains(word)));
        found
            .cloned()
            .ok_or_else(|| format!("problems: {:?}", status.problems))
    })
}

/// Waits until a node lists no problem.
fn no_problem_is_listed(lab: &Lab, node: &str) -> Result<(), Failure> {
    let what = format!("`lanlord status` of {node} to list no problem");
    lab.eventually(SOON, &what, &format!("{node}-lanlord"), || {
        let status = www::node_status(lab, node).map_err(|failure| failure.seen)?;
        if status.problems.is_empty() {
            Ok(())
        } else {
            Err(format!("{:?}", status.problems))
        }
    })
}
