//! The cluster as seen from beside it: what a node of another kind needs to join.

use anyhow::{Context, Result};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::Value;

use super::{
    api::Api,
    certificates::{KubeletCertificate, file_kubeconfig, issue_kubelet},
    control_plane::admin,
    files::Files,
};
use crate::machine::Site;

/// The lab's cluster.
#[derive(Debug)]
pub(crate) struct Cluster {
    files: Files,
}

impl Cluster {
    pub(crate) fn of(site: &Site) -> Self {
        Self {
            files: Files::of(site),
        }
    }

    /// The API as its administrator.
    pub(crate) fn admin(&self) -> Api {
        admin(&self.files)
    }

    /// The certificate of the cluster's authority.
    pub(crate) fn authority(&self) -> Result<String> {
        let path = self.files.authority();
        std::fs::read_to_string(&path).with_context(|| format!("read {}", path.display()))
    }

    /// A node's certificate and key in one text, as a kubelet keeps them.
    pub(crate) fn node_credentials(&self, node: &str) -> Result<String> {
        let path = self.files.kubeconfig(node);
        let text =
            std::fs::read_to_string(&path).with_context(|| format!("read {}", path.display()))?;
        let kubeconfig: Value = serde_json::from_str(&text)
            .with_context(|| format!("understand {}", path.display()))?;
        let user = &kubeconfig["users"][0]["user"];
        let mut pem = String::new();
        for field in ["client-certificate-data", "client-key-data"] {
            let encoded = user[field].as_str().unwrap_or_default();
            let part = STANDARD
                .decode(encoded)
                .with_context(|| format!("{field} of {}", path.display()))?;
            pem.push_str(&String::from_utf8(part).context("PEM is text")?);
        }
        Ok(pem)
    }

    /// One more certificate for the kubelet of a node, as at each rotation.
    pub(crate) fn issue_kubelet(&self, node: &str) -> Result<KubeletCertificate> {
        issue_kubelet(&self.files, node)
    }

    /// A kubelet's kubeconfig: its certificate and key are in the file `certificate`.
    pub(crate) fn kubelet_kubeconfig(&self, server: &str, certificate: &str) -> Result<String> {
        Ok(file_kubeconfig(server, &self.authority()?, certificate))
    }

    /// Who read which Secret, and by which certificate: the API server's audit log, a JSON object on each line.
    pub(crate) fn audit_log(&self) -> Result<String> {
        let path = self.files.audit_log();
        std::fs::read_to_string(&path).with_context(|| format!("read {}", path.display()))
    }
}
