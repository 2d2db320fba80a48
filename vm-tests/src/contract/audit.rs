//! What the API server wrote down about readings of the token's Secret.

use std::collections::BTreeSet;

use anyhow::Result;
use serde_json::Value;

use super::NODE;
use crate::{kubernetes::Cluster, lab::Lab};

/// Fingerprints of the certificates by which the node's kubelet identity read the Secret, since the start of the lab.
pub(super) fn certificates_seen(lab: &Lab) -> Result<BTreeSet<String>> {
    let text = Cluster::of(&lab.site).audit_log()?;
    let user = format!("system:node:{NODE}");
    let lines = text
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    Ok(lines
        .filter(|event| {
            event["user"]["username"] == user.as_str()
                && event["objectRef"]["name"] == "lanlord-token"
                && event["responseStatus"]["code"] == 200
        })
        .filter_map(|event| {
            let extra = &event["user"]["extra"]["authentication.kubernetes.io/credential-id"][0];
            let fingerprint = extra.as_str()?.strip_prefix("X509SHA256=")?;
            Some(fingerprint.to_lowercase())
        })
        .collect())
}
