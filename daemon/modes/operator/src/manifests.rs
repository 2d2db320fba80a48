//! `lanlord manifests`: what a cluster needs, as YAML. `lanlord talos-patch` wraps the same objects.

use std::process::ExitCode;

use cluster::{Manifest, RouterSecret, Wanted};

use crate::print;

/// What a cluster gets beside CRDs and rights.
#[derive(Clone, Debug, Default)]
pub struct Objects {
    /// The Secret that joins cluster and router.
    pub router: Option<RouterSecret>,
    /// Prefixes and ranges of the first pool; empty: none.
    pub pools: Vec<String>,
    /// Image of a DaemonSet; none: the nodes run lanlord by other means.
    pub image: Option<String>,
}

/// Prints the objects for `kubectl apply --server-side --force-conflicts -f -`. Errors: a pool is none.
///
/// The ConfigMap `lanlord` is not among them: a forced apply would put the defaults in the place of what it says.
pub fn manifests(objects: &Objects) -> anyhow::Result<ExitCode> {
    let text: String = objects
        .manifests(None)?
        .into_iter()
        .map(|manifest| manifest.yaml)
        .collect();
    print::write(&text)?;
    Ok(ExitCode::SUCCESS)
}

impl Objects {
    pub(crate) fn manifests(&self, node_toml: Option<&str>) -> anyhow::Result<Vec<Manifest>> {
        let wanted = Wanted {
            router: self.router.as_ref(),
            node_toml,
            pools: &self.pools,
            image: self.image.as_deref(),
        };
        Ok(cluster::install_manifests(
            &cluster::Settings::default(),
            &wanted,
        )?)
    }
}
