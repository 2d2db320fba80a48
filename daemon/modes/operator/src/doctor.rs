//! `lanlord doctor`: what a host or a cluster lacks, why that matters, and how to give it.

mod text;

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use ::doctor::{Daemon, Facts, Finding, Role, Severity, examine};
use admin::types::Status;
use anyhow::Context;
use cluster::api::{Credentials, survey};
use kernel::survey::survey as survey_host;
use serde::Serialize;
use tokio::time::timeout;

use crate::print::{self, Output};

/// Exit code when something does not work.
const PROBLEMS: u8 = 1;
/// A daemon that takes longer to answer has a problem of its own.
const PATIENCE: Duration = Duration::from_secs(5);
/// The whole look at a cluster.
const CLUSTER_PATIENCE: Duration = Duration::from_secs(60);

/// What is to be looked at.
#[derive(Clone, Debug)]
pub struct DoctorOptions {
    /// What the host is to become; none: what runs on it, or what its files say.
    pub role: Option<Role>,
    /// Admin socket of the daemon.
    pub socket: PathBuf,
    /// State folder.
    pub state: PathBuf,
    /// The router's configuration, whose presence says what the host is.
    pub router_config: PathBuf,
    /// The cluster to look at.
    pub kubeconfig: Option<PathBuf>,
    /// Namespace of lanlord's own objects.
    pub namespace: String,
}

/// The answer, as `--json` prints it.
#[derive(Debug, Serialize)]
struct Report {
    /// For which daemon the host was judged.
    role: Role,
    /// Number of findings that are problems.
    problems: usize,
    /// Number of findings that are hints.
    hints: usize,
    /// The worst first.
    findings: Vec<Finding>,
}

/// Looks, judges, prints. Exit code 0: nothing is wrong; 1: there are problems.
pub async fn doctor(options: DoctorOptions, output: Output) -> anyhow::Result<ExitCode> {
    let facts = facts(&options).await?;
    let findings = examine(&facts);
    let count = |severity| {
        findings
            .iter()
            .filter(|one| one.severity == severity)
            .count()
    };
    let report = Report {
        role: facts.role,
        problems: count(Severity::Problem),
        hints: count(Severity::Hint),
        findings,
    };
    print::answer(&report, output, text::of)?;
    Ok(match report.problems {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::from(PROBLEMS),
    })
}

async fn facts(options: &DoctorOptions) -> anyhow::Result<Facts> {
    let (daemon, runs) = ask(&options.socket).await;
    let role = options.role.or(runs);
    // A kubeconfig alone is a person's at a desk: that host is nobody's concern.
    let is_elsewhere = role.is_none() && options.kubeconfig.is_some();
    let role = role.unwrap_or_else(|| match options.router_config.exists() && !is_elsewhere {
        true => Role::Router,
        false => Role::Either,
    });
    let host = match is_elsewhere {
        true => None,
        false => Some(survey_host(&options.state).await),
    };
    let daemon = match is_elsewhere {
        true => Daemon::NotAsked,
        false => daemon,
    };
    let cluster = match &options.kubeconfig {
        Some(path) => Some(look_at(path, &options.namespace).await?),
        None => None,
    };
    Ok(Facts {
        role,
        host,
        daemon,
        cluster,
    })
}

async fn ask(socket: &Path) -> (Daemon, Option<Role>) {
    let answer = timeout(PATIENCE, admin::get::<Status>(socket, "/v1/status")).await;
    match answer {
        Ok(Ok(Status::Node(status))) => {
            let problems = status.problems;
            (Daemon::Running { problems }, Some(Role::Node))
        }
        Ok(Ok(Status::Router(status))) => {
            let mut problems = status.problems;
            problems.extend(status.config.error);
            problems.extend(status.firewall.err());
            (Daemon::Running { problems }, Some(Role::Router))
        }
        Ok(Err(error)) => {
            let why = error.to_string();
            (Daemon::Silent { why }, None)
        }
        Err(_) => {
            let problem = format!("no answer on its socket within {} s", PATIENCE.as_secs());
            let problems = vec![problem];
            (Daemon::Running { problems }, None)
        }
    }
}

async fn look_at(kubeconfig: &Path, namespace: &str) -> anyhow::Result<::doctor::Cluster> {
    let credentials = Credentials::of_kubeconfig(kubeconfig).await?;
    let (client, _) = credentials.connect()?;
    timeout(CLUSTER_PATIENCE, survey(&client, namespace))
        .await
        .with_context(|| {
            format!(
                "look at the cluster within {} s",
                CLUSTER_PATIENCE.as_secs()
            )
        })
}
