//! The cluster's certificates and kubeconfigs: one EC authority, as `kubeadm` or Talos would make it.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use base64::{Engine, engine::general_purpose::STANDARD};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose,
};
use serde_json::json;
use sha2::{Digest, Sha256};

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
        let authority = Self::with(KeyPair::generate().context("make the authority's key")?)?;
        let issuer = &authority.issuer;
        write_private(&files.authority(), &issuer.pem())?;
        write_private(&files.authority_key(), &issuer.key().serialize_pem())?;
        Ok(authority)
    }

    /// The authority that was made earlier: one of the same name and key.
    fn load(files: &Files) -> Result<Self> {
        let path = files.authority_key();
        let pem =
            std::fs::read_to_string(&path).with_context(|| format!("read {}", path.display()))?;
        Self::with(KeyPair::from_pem(&pem).context("understand the authority's key")?)
    }

    fn with(key: KeyPair) -> Result<Self> {
        let mut params = CertificateParams::new(Vec::new()).context("prepare the authority")?;
        params.distinguished_name = subject("lab", None);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![
            KeyUsagePurpose::DigitalSignature,
            KeyUsagePurpose::KeyCertSign,
        ];
        let issuer = CertifiedIssuer::self_signed(params, key).context("make the authority")?;
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
        let (certificate, key) = self.client(user, group)?;
        let proof = json!({
            "client-certificate-data": STANDARD.encode(certificate),
            "client-key-data": STANDARD.encode(key),
        });
        write_kubeconfig(&files.kubeconfig(user), server, &self.issuer.pem(), &proof)
    }

    /// Certificate and key of a user.
    fn client(&self, user: &str, group: Option<&str>) -> Result<(String, String)> {
        let mut params =
            CertificateParams::new(Vec::new()).with_context(|| format!("prepare {user}"))?;
        params.distinguished_name = subject(user, group);
        self.issue(params, ExtendedKeyUsagePurpose::ClientAuth)
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

/// What a kubelet gets at each rotation.
#[derive(Debug)]
pub(crate) struct KubeletCertificate {
    /// Certificate and key, as they stand in one file.
    pub(crate) pem: String,
    /// SHA-256 of the certificate in hex, as the API server's audit log names it.
    pub(crate) fingerprint: String,
}

/// One more certificate for the kubelet of a node.
pub(super) fn issue_kubelet(files: &Files, node: &str) -> Result<KubeletCertificate> {
    let authority = Authority::load(files)?;
    let user = format!("system:node:{node}");
    let (certificate, key) = authority.client(&user, Some("system:nodes"))?;
    let body: String = certificate
        .lines()
        .filter(|line| !line.starts_with("-----"))
        .collect();
    let der = STANDARD.decode(body).context("decode the certificate")?;
    let fingerprint = Sha256::digest(der)
        .iter()
        .map(|octet| format!("{octet:02x}"))
        .collect();
    Ok(KubeletCertificate {
        pem: format!("{certificate}{key}"),
        fingerprint,
    })
}

/// A kubeconfig whose certificate and key are in one file, as a kubelet's.
pub(super) fn file_kubeconfig(server: &str, authority: &str, certificate: &str) -> String {
    let proof = json!({ "client-certificate": certificate, "client-key": certificate });
    kubeconfig(server, authority, &proof)
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

fn write_kubeconfig(
    path: &Path,
    server: &str,
    authority: &str,
    proof: &serde_json::Value,
) -> Result<()> {
    write_private(path, &kubeconfig(server, authority, proof))
}

/// JSON is YAML.
fn kubeconfig(server: &str, authority: &str, proof: &serde_json::Value) -> String {
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
    format!("{config:#}\n")
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
