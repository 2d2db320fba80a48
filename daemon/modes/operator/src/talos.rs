//! `lanlord talos-patch`: what goes into a Talos machine configuration, as one strategic-merge patch.
//!
//! Up to Talos 1.13 the manifests are entries of `cluster.inlineManifests`. Talos joins that list to the one that is
//! there, and refuses two entries of one name: a patch that is applied a second time is refused and changes nothing, and
//! one that is to take the place of the first must delete the first's entries, which Talos refuses where there are none.
//! So there are two forms, [`Form::First`] and [`Form::Again`]. From 1.14 on each manifest is a document with a name,
//! which a patch replaces, and both forms are the same.

mod firewall;
#[cfg(test)]
mod tests;
mod version;

use std::{fmt::Write, process::ExitCode};

use cluster::Manifest;

use crate::{Objects, print};
pub use firewall::{Subnet, firewall};
pub use version::TalosVersion;

/// Label of nodes that no load balancer may use; Talos puts it on control planes.
const EXCLUDE_LABEL: &str = "node.kubernetes.io/exclude-from-external-load-balancers";

/// What the machine configuration holds already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Nothing of lanlord.
    First,
    /// The same manifests of an earlier patch.
    Again,
}

/// A patch for control planes.
#[derive(Clone, Debug)]
pub struct Patch {
    /// The manifests.
    pub objects: Objects,
    /// Release that the machine configuration was made for.
    pub version: TalosVersion,
    /// What it holds already.
    pub form: Form,
    /// Take the label off that keeps control planes out of load balancing.
    pub remove_exclude_label: bool,
}

/// Prints the patch. Errors: a pool is none.
pub fn talos_patch(patch: &Patch) -> anyhow::Result<ExitCode> {
    print::write(&patch.text()?)?;
    Ok(ExitCode::SUCCESS)
}

impl Patch {
    fn text(&self) -> anyhow::Result<String> {
        let manifests = self.objects.manifests(Some(config::node::EXAMPLE))?;
        Ok(if self.version.has_manifest_documents() {
            self.documents(&manifests)
        } else {
            self.lists(&manifests)
        })
    }

    /// The patch as `machine:` and `cluster:` of one document.
    fn lists(&self, manifests: &[Manifest]) -> String {
        let mut text = head("Talos up to 1.13");
        text.push_str(match self.form {
            Form::First => {
                "# For a machine configuration without it. A second time Talos says that the manifests' names are \
                 duplicate, and changes\n# nothing; what is to take its place is printed with --replace.\n"
            }
            Form::Again => {
                "# For a machine configuration that has an earlier one with the same manifests: this takes its place.\n"
            }
        });
        if self.remove_exclude_label {
            let _ = write!(
                text,
                "machine:\n  nodeLabels:\n    {EXCLUDE_LABEL}:\n      $patch: delete\n"
            );
        }
        text.push_str("cluster:\n  inlineManifests:\n");
        if self.form == Form::Again {
            for manifest in manifests {
                let _ = writeln!(text, "    - name: {}\n      $patch: delete", manifest.name);
            }
        }
        for manifest in manifests {
            let _ = writeln!(text, "    - name: {}\n      contents: |", manifest.name);
            append_block(&mut text, &manifest.yaml, 8);
        }
        text
    }

    /// The patch as one document a manifest.
    fn documents(&self, manifests: &[Manifest]) -> String {
        let mut text = head("Talos 1.14 and later");
        for manifest in manifests {
            let _ = writeln!(
                text,
                "---\napiVersion: v1alpha1\nkind: KubeInlineManifestConfig\nname: {}\nmanifest: |",
                manifest.name
            );
            append_block(&mut text, &manifest.yaml, 2);
        }
        if self.remove_exclude_label {
            let _ = write!(
                text,
                "---\napiVersion: v1alpha1\nkind: KubeNodeConfig\nlabels:\n  {EXCLUDE_LABEL}:\n    $patch: delete\n"
            );
        }
        text
    }
}

fn head(releases: &str) -> String {
    format!(
        "# lanlord {}: patch for the control planes of a cluster on {releases}. It may hold a key: keep it to yourself.\n",
        env!("CARGO_PKG_VERSION")
    )
}

/// The lines of a block scalar.
fn append_block(text: &mut String, lines: &str, indent: usize) {
    for line in lines.lines() {
        if line.is_empty() {
            text.push('\n');
        } else {
            let _ = writeln!(text, "{:indent$}{line}", "");
        }
    }
}
