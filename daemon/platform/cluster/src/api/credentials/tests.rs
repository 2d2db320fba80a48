use std::{fs, os::unix::fs::symlink, path::PathBuf};

use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair};
use tempfile::TempDir;

use super::*;

/// `/etc/kubernetes` and `/var/lib/kubelet` of a Talos node.
struct Host {
    root: TempDir,
}

impl Host {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("pki")).unwrap();
        Self { root }
    }

    fn kubeconfig(&self) -> PathBuf {
        self.root.path().join("kubeconfig-kubelet")
    }

    fn current(&self) -> PathBuf {
        self.root.path().join("pki/kubelet-client-current.pem")
    }

    fn write_kubeconfig(&self, server: &str) {
        let current = self.current();
        let current = current.display();
        let text = format!(
            "apiVersion: v1
kind: Config
current-context: default-context
contexts: [{{name: default-context, context: {{cluster: local, user: default-auth}}}}]
clusters: [{{name: local, cluster: {{server: '{server}'}}}}]
users: [{{name: default-auth, user: {{client-certificate: {current}, client-key: {current}}}}}]
"
        );
        fs::write(self.kubeconfig(), text).unwrap();
    }

    /// As the kubelet does it: a dated file, then the symlink.
    fn rotate(&self, date: &str, name: &str) {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        let dated = self
            .root
            .path()
            .join(format!("pki/kubelet-client-{date}.pem"));
        fs::write(&dated, format!("{pem}{}", key.serialize_pem())).unwrap();
        let _ = fs::remove_file(self.current());
        symlink(&dated, self.current()).unwrap();
    }

    async fn kubelet(&self) -> Result<Kubelet, ReadError> {
        Kubelet::read(&self.kubeconfig()).await
    }
}

const SERVER: &str = "https://127.0.0.1:7445";

#[tokio::test]
async fn a_kubelet_that_has_not_bootstrapped_yet_has_no_kubeconfig() {
    let host = Host::new();

    let error = host.kubelet().await.unwrap_err();

    assert!(matches!(&error, ReadError::Missing(path) if *path == host.kubeconfig()));
    assert!(
        error
            .to_string()
            .ends_with("kubeconfig-kubelet is not there")
    );
}

#[tokio::test]
async fn the_server_is_known_before_the_certificate_is_there() {
    let host = Host::new();
    host.write_kubeconfig(SERVER);

    let kubelet = host.kubelet().await.unwrap();

    assert_eq!(kubelet.server.to_string(), "https://127.0.0.1:7445/");
    let missing = kubelet.certificate.unwrap_err();
    assert!(matches!(missing, ReadError::Missing(path) if path == host.current()));
}

#[tokio::test]
async fn the_node_is_named_by_the_certificate() {
    let host = Host::new();
    host.write_kubeconfig(SERVER);
    host.rotate("2026-01-01", "system:node:talos-2");

    let (_, node) = host.kubelet().await.unwrap().certificate.unwrap();

    assert_eq!(node.as_str(), "talos-2");
}

#[tokio::test]
async fn a_certificate_of_nobodys_node_is_refused() {
    let host = Host::new();
    host.write_kubeconfig(SERVER);
    host.rotate("2026-01-01", "admin");

    let error = host.kubelet().await.unwrap().certificate.unwrap_err();

    assert!(matches!(error, ReadError::NoNode(_)), "{error}");
}

#[tokio::test]
async fn a_rotated_certificate_is_another_proof_for_the_same_server() {
    let host = Host::new();
    host.write_kubeconfig(SERVER);
    host.rotate("2026-01-01", "system:node:talos-2");
    let before = host.kubelet().await.unwrap();
    host.rotate("2027-01-01", "system:node:talos-2");

    let after = host.kubelet().await.unwrap();

    assert_eq!(before.server, after.server);
    assert!(before.certificate.unwrap().0 != after.certificate.unwrap().0);
}

#[tokio::test]
async fn an_unchanged_host_gives_equal_credentials() {
    let host = Host::new();
    host.write_kubeconfig(SERVER);
    host.rotate("2026-01-01", "system:node:talos-2");

    let first = Credentials::of_kubeconfig(&host.kubeconfig())
        .await
        .unwrap();
    let second = Credentials::of_kubeconfig(&host.kubeconfig())
        .await
        .unwrap();

    assert!(first == second);
}

#[tokio::test]
async fn another_address_in_the_kubeconfig_is_another_server() {
    let host = Host::new();
    host.write_kubeconfig(SERVER);
    host.rotate("2026-01-01", "system:node:talos-2");
    let before = host.kubelet().await.unwrap().server;
    host.write_kubeconfig("https://192.0.2.1:6443");

    let after = host.kubelet().await.unwrap().server;

    assert!(before != after);
}

#[tokio::test]
async fn a_file_that_is_no_kubeconfig_is_named() {
    let host = Host::new();
    fs::write(host.kubeconfig(), "kind: [").unwrap();

    let error = host.kubelet().await.unwrap_err();

    assert!(matches!(error, ReadError::Kubeconfig { .. }), "{error}");
}

#[test]
fn outside_a_pod_a_kubeconfig_is_needed() {
    let error = Credentials::of_pod().unwrap_err();

    assert!(
        error.to_string().contains("without a kubeconfig"),
        "{error}"
    );
}

#[test]
fn keys_and_tokens_are_not_printed() {
    let proof = Proof(json!({ "token": "a.b.c" }));

    assert_eq!(format!("{proof:?}"), "Proof { .. }");
}
