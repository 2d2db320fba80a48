//! The cluster's certificates and kubeconfigs: one EC authority, as `kubeadm` or Talos would make it.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use base64::{Engine, engine::general_purpose::STANDARD};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose,
};
use serde_json::json;

use super::files::{Files, write_private};

/// Names under which Pods and nodes reach the API server, beside its addresses.
const SERVER_NAMES: [&str; 5] = [
    "kubernetes",
    "kubernetes.default",
    "kubernetes.default.svc",
    "kubernetes.default.svc.cluster.local",
    "localhost",
];

/// The cluster's certificate authority.
pub(super) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl Authority {
    /// Makes the authority; its certificate and key are written, for the API server and the controller manager.
    pub(super) fn create(files: &Files) -> Result<Self> {
        let mut params = CertificateParams::new(Vec::new()).context("prepare the authority")?;
        params.distinguished_name = subject("lab", None);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![
            KeyUsagePurpose::DigitalSignature,
            KeyUsagePurpose::KeyCertSign,
        ];
        let key = KeyPair::generate().context("make the authority's key")?;
        let issuer = CertifiedIssuer::self_signed(params, key).context("make the authority")?;
        write_private(&files.authority(), &issuer.pem())?;
        write_private(&files.authority_key(), &issuer.key().serialize_pem())?;
        Ok(Self { issuer })
    }

    /// The API server's certificate, for its names and `addresses`.
    pub(super) fn server(&self, files: &Files, addresses: &[&str]) -> Result<()> {
        let names: Vec<String> = SERVER_NAMES
            .iter()
            .chain(addresses)
            .map(ToString::to_string)
            .collect();
        let mut params = CertificateParams::new(names).context("name the API server")?;
        params.distinguished_name = subject("kube-apiserver", None);
        let (certificate, key) = self.issue(params, ExtendedKeyUsagePurpose::ServerAuth)?;
        write_private(&files.server(), &certificate)?;
        write_private(&files.server_key(), &key)
    }

    /// A kubeconfig for `user`, member of `group`, proven by a certificate.
    pub(super) fn kubeconfig(
        &self,
        files: &Files,
        server: &str,
        user: &str,
        group: Option<&str>,
    ) -> Result<()> {
        let mut params =
            CertificateParams::new(Vec::new()).with_context(|| format!("prepare {user}"))?;
        params.distinguished_name = subject(user, group);
        let (certificate, key) = self.issue(params, ExtendedKeyUsagePurpose::ClientAuth)?;
        let proof = json!({
            "client-certificate-data": STANDARD.encode(certificate),
            "client-key-data": STANDARD.encode(key),
        });
        write_kubeconfig(&files.kubeconfig(user), server, &self.issuer.pem(), &proof)
    }

    fn issue(
        &self,
        mut params: CertificateParams,
        purpose: ExtendedKeyUsagePurpose,
    ) -> Result<(String, String)> {
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![purpose];
        let key = KeyPair::generate().context("make a key")?;
        let certificate = params
            .signed_by(&key, &self.issuer)
            .context("sign a certificate")?;
        Ok((certificate.pem(), key.serialize_pem()))
    }
}

/// The key that signs the tokens of ServiceAccounts.
pub(super) fn service_account_key(files: &Files) -> Result<()> {
    let key = KeyPair::generate().context("make the key of ServiceAccounts")?;
    write_private(&files.accounts_key(), &key.serialize_pem())?;
    write_private(&files.accounts_public(), &key.public_key_pem())
}

/// A kubeconfig for `name`, proven by a ServiceAccount's token.
pub(super) fn token_kubeconfig(
    files: &Files,
    server: &str,
    name: &str,
    token: &str,
) -> Result<PathBuf> {
    let path = files.authority();
    let authority =
        std::fs::read_to_string(&path).with_context(|| format!("read {}", path.display()))?;
    let kubeconfig = files.kubeconfig(name);
    write_kubeconfig(&kubeconfig, server, &authority, &json!({ "token": token }))?;
    Ok(kubeconfig)
}

/// JSON is YAML.
fn write_kubeconfig(
    path: &Path,
    server: &str,
    authority: &str,
    proof: &serde_json::Value,
) -> Result<()> {
    let config = json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{ "name": "lab", "cluster": {
            "server": server,
            "certificate-authority-data": STANDARD.encode(authority),
        }}],
        "users": [{ "name": "lab", "user": proof }],
        "contexts": [{ "name": "lab", "context": { "cluster": "lab", "user": "lab" }}],
        "current-context": "lab",
    });
    write_private(path, &format!("{config:#}\n"))
}

fn subject(common_name: &str, organization: Option<&str>) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    if let Some(organization) = organization {
        name.push(DnType::OrganizationName, organization);
    }
    name.push(DnType::CommonName, common_name);
    name
}

#[cfg(test)]
mod tests;
