//! The worker's machine configuration, made as a person makes one.

use std::process::Command;

use anyhow::{Context, Result, ensure};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::json;

use super::files::{Files, scenario, text};
use crate::{kubernetes::Cluster, tools::talos::Talos};

/// Writes the secrets, the configuration and the credentials of talosctl. The cluster's authority is the lab's.
pub(super) fn write(talos: &Talos, files: &Files, cluster: &Cluster) -> Result<()> {
    run(
        talos,
        &["gen", "secrets", "--output-file", &text(&files.secrets())],
    )?;
    let authority = cluster.authority()?;
    let authority = json!({ "cluster": { "ca": { "crt": STANDARD.encode(authority) } } });
    run(
        talos,
        &[
            "gen",
            "config",
            "lab",
            crate::kubernetes::SERVER,
            "--with-secrets",
            &text(&files.secrets()),
            "--with-docs=false",
            "--with-examples=false",
            "--config-patch",
            &format!("@{}", text(&scenario("machine.yaml"))),
            "--config-patch",
            &authority.to_string(),
            "--output-types",
            "worker,talosconfig",
            "--output",
            &text(files.directory()),
        ],
    )?;
    let worker = text(&files.worker());
    run(
        talos,
        &[
            "validate",
            "--mode",
            "container",
            "--strict",
            "--config",
            &worker,
        ],
    )
}

fn run(talos: &Talos, arguments: &[&str]) -> Result<()> {
    let output = Command::new(&talos.talosctl)
        .args(arguments)
        .output()
        .context("run talosctl")?;
    ensure!(
        output.status.success(),
        "talosctl {}: {}: {}",
        arguments.join(" "),
        output.status,
        String::from_utf8_lossy(&output.stderr).trim()
    );
    Ok(())
}
