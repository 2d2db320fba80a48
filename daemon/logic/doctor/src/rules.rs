//! Facts in, findings out: one function for each thing that can be wrong.

mod capability;
mod cilium;
mod clock;
mod cluster;
mod cure;
mod interfaces;
mod kernel;
mod ports;
mod programs;
mod state;
mod sysctls;

pub(crate) use self::{cluster::rival_images, kernel::PARTS, ports::needed, programs::KNOWN};
use crate::{Daemon, Facts, Finding, Host, Role};

/// Everything there is to say, the worst first; within one severity in the order in which a person would look.
pub fn examine(facts: &Facts) -> Vec<Finding> {
    let mut findings = daemon(&facts.daemon);
    if let Some(host) = &facts.host {
        findings.extend(examine_host(host, facts.role));
    }
    if let Some(cluster) = &facts.cluster {
        findings.extend(cluster::examine(cluster));
        findings.extend(cilium::examine(cluster, facts.host.as_ref(), facts.role));
    }
    // Stable: the order of looking stays within one severity.
    findings.sort_by_key(|finding| finding.severity);
    findings
}

fn examine_host(host: &Host, role: Role) -> Vec<Finding> {
    let rules: [fn(&Host, Role) -> Vec<Finding>; 9] = [
        capability::examine,
        kernel::examine,
        kernel::punctuality,
        sysctls::examine,
        ports::examine,
        programs::examine,
        interfaces::examine,
        state::examine,
        clock::examine,
    ];
    rules.iter().flat_map(|rule| rule(host, role)).collect()
}

fn daemon(daemon: &Daemon) -> Vec<Finding> {
    match daemon {
        Daemon::Running { problems } if problems.is_empty() => {
            vec![Finding::ok(
                "daemon",
                "the daemon runs and complains of nothing",
            )]
        }
        Daemon::Running { problems } => problems
            .iter()
            .map(|problem| {
                Finding::problem("daemon", format!("the daemon says: {problem}"))
                    .because("it cannot do all that it is configured to do")
            })
            .collect(),
        Daemon::Silent { why } => vec![
            Finding::hint("daemon", format!("no daemon was asked: {why}"))
                .because("what only a running daemon knows is not judged"),
        ],
        Daemon::NotAsked => Vec::new(),
    }
}
