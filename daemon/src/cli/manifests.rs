//! `lanlord manifests`: the objects of an installation, and a DaemonSet where nodes need one.

use std::process::ExitCode;

use anyhow::ensure;
use clap::Args;

use super::talos_patch::ManifestsArguments;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    objects: ManifestsArguments,
    /// Print a DaemonSet of this image as well: for nodes that are not Talos
    #[arg(long, value_name = "IMAGE", value_parser = reference)]
    daemonset: Option<String>,
}

pub(super) fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let mut objects = arguments.objects.objects()?;
    objects.image = arguments.daemonset;
    operator::manifests(&objects)
}

/// What a registry could know: `registry/name:tag` or with a digest.
fn reference(text: &str) -> anyhow::Result<String> {
    let known = |c: char| c.is_ascii_alphanumeric() || "._-/:@".contains(c);
    let ends = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    ensure!(
        text.chars().all(known) && ends(text.chars().next()) && ends(text.chars().last()),
        "an image is written as registry.example/lanlord:0.1.0"
    );
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests;
