use super::*;

fn kubeconfig(server: &str) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    let text = format!(
        "apiVersion: v1
kind: Config
current-context: lab
contexts: [{{name: lab, context: {{cluster: lab, user: lanlord}}}}]
clusters: [{{name: lab, cluster: {{server: '{server}', insecure-skip-tls-verify: true}}}}]
users: [{{name: lanlord, user: {{token: secret}}}}]
"
    );
    std::fs::write(file.path(), text).unwrap();
    file
}

#[tokio::test]
async fn a_kubeconfig_gives_a_client() {
    let file = kubeconfig("https://192.0.2.1:6443");

    connect(Some(file.path())).await.unwrap();
}

#[tokio::test]
async fn a_kubeconfig_that_is_missing_is_named() {
    let error = connect(Some(Path::new("/nonexistent/kubeconfig")))
        .await
        .err()
        .unwrap();

    assert_eq!(error.to_string(), "read kubeconfig /nonexistent/kubeconfig");
    assert!(std::error::Error::source(&error).is_some());
}

#[tokio::test]
async fn outside_a_pod_a_kubeconfig_is_needed() {
    let error = connect(None).await.err().unwrap();

    assert!(
        error.to_string().contains("without a kubeconfig"),
        "{error}"
    );
}
