//! `lanlord manifests`: what a cluster needs, as YAML.

use std::process::ExitCode;

use crate::print;

/// Prints namespace, CRDs, RBAC, ServiceAccount and token Secret, for `kubectl apply --server-side -f -`.
pub fn manifests() -> anyhow::Result<ExitCode> {
    print::write(&cluster::install_yaml(&cluster::Settings::default())?)?;
    Ok(ExitCode::SUCCESS)
}
