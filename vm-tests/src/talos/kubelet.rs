//! The image of what stands for the kubelet, and the registry that Talos pulls it from.

use std::{fs, os::unix::fs::symlink, path::Path, process::Command, time::Duration};

use anyhow::{Context, Result, ensure};

use super::{
    MACHINE,
    files::{Files, scenario, text},
    root::{install, install_with_libraries},
};
use crate::{
    kubernetes::Cluster,
    lab::{Lab, failure::Failure, probe},
    tools::talos::Talos,
};

/// On the machine's own loopback, as the machine configuration says.
const REGISTRY: &str = "127.0.0.1:5000";
/// What Talos 1.13.9 runs when nothing else is said, under the name that it has in the mirror.
const IMAGE: &str = "siderolabs/kubelet:v1.36.3";
/// Commands of busybox that the script calls.
const COMMANDS: [&str; 8] = ["cp", "date", "httpd", "ln", "mkdir", "mv", "sed", "sh"];

/// Starts the registry and pushes the image.
pub(super) fn serve(
    lab: &mut Lab,
    talos: &Talos,
    files: &Files,
    cluster: &Cluster,
) -> Result<(), Failure> {
    let crane = text(&talos.crane);
    let part = lab.start(
        MACHINE,
        "registry",
        &crane,
        &["registry", "serve", "--address", REGISTRY],
    )?;
    let machine = lab.machine(MACHINE)?;
    let registry = format!("http://{REGISTRY}/v2/");
    lab.eventually(
        Duration::from_secs(10),
        "the registry to answer",
        &part,
        || probe::http_ok(machine, &registry),
    )?;
    let layer = layer(files, cluster)?;
    let image = format!("{REGISTRY}/{IMAGE}");
    machine.succeed(
        &crane,
        &[
            "append",
            "--insecure",
            "--oci-empty-base",
            "--platform",
            "linux/amd64",
            "--new_layer",
            &text(&layer),
            "--new_tag",
            &image,
        ],
    )?;
    let set = [
        "mutate",
        "--insecure",
        "--set-platform",
        "linux/amd64",
        "--tag",
        &image,
        &image,
    ];
    machine.succeed(&crane, &set)?;
    Ok(())
}

/// The image's one layer, as a tar archive.
fn layer(files: &Files, cluster: &Cluster) -> Result<std::path::PathBuf> {
    let tree = files.folder("kubelet")?;
    install_with_libraries("busybox", &tree, "bin/busybox")?;
    for command in COMMANDS {
        symlink("busybox", tree.join("bin").join(command))
            .with_context(|| format!("link {command}"))?;
    }
    install(&scenario("kubelet.sh"), &tree.join("usr/local/bin/kubelet"))?;
    for folder in ["dev", "etc", "proc", "sys", "tmp", "var", "www"] {
        fs::create_dir_all(tree.join(folder)).with_context(|| format!("create {folder}"))?;
    }
    fs::write(tree.join("www/healthz"), "ok").context("write what a healthy kubelet says")?;
    fs::write(tree.join("node.pem"), cluster.node_credentials(MACHINE)?)
        .context("write the node's certificate and key")?;
    let archive = files.at("kubelet.tar");
    pack(&tree, &archive)?;
    Ok(archive)
}

fn pack(tree: &Path, archive: &Path) -> Result<()> {
    let output = Command::new("tar")
        .args([
            "--create",
            "--sort=name",
            "--owner=0",
            "--group=0",
            "--file",
        ])
        .arg(archive)
        .arg("--directory")
        .arg(tree)
        .arg(".")
        .output()
        .context("run tar")?;
    ensure!(
        output.status.success(),
        "tar: {}: {}",
        output.status,
        String::from_utf8_lossy(&output.stderr).trim()
    );
    Ok(())
}
