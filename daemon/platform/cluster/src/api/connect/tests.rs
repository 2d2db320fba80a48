use std::net::Ipv4Addr;

use k8s_openapi::api::core::v1::Secret;
use kube::Api;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use crate::api::{Credentials, Token};

/// A server on loopback that gives each of `statuses` once, and the headers that it was sent.
async fn server(statuses: &'static [u16]) -> (u16, tokio::task::JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let serving = tokio::spawn(async move {
        let mut heads = Vec::new();
        for status in statuses {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(stream.read_u8().await.unwrap());
            }
            heads.push(String::from_utf8(head).unwrap());
            let body = answer(*status).to_string();
            let length = body.len();
            let text = format!(
                "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
            );
            stream.write_all(text.as_bytes()).await.unwrap();
        }
        heads
    });
    (port, serving)
}

fn answer(status: u16) -> Value {
    match status {
        200 => json!({ "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "some" } }),
        _ => json!({ "apiVersion": "v1", "kind": "Status", "status": "Failure", "code": status }),
    }
}

/// Credentials as they are after both steps.
async fn credentials(url: &str) -> Credentials {
    let file = tempfile::NamedTempFile::new().unwrap();
    let text = format!(
        "apiVersion: v1
kind: Config
current-context: lab
contexts: [{{name: lab, context: {{cluster: lab, user: lanlord}}}}]
clusters: [{{name: lab, cluster: {{server: '{url}'}}}}]
users: [{{name: lanlord, user: {{}}}}]
"
    );
    std::fs::write(file.path(), text).unwrap();
    let server = Credentials::of_kubeconfig(file.path())
        .await
        .unwrap()
        .server;
    Credentials::with_token(server, &Token::new("a.b.c").unwrap())
}

#[tokio::test]
async fn a_server_given_by_name_is_reached_with_the_token() {
    let (port, serving) = server(&[200]).await;
    let credentials = credentials(&format!("http://localhost:{port}")).await;

    let (client, _) = credentials.connect().unwrap();
    let secrets: Api<Secret> = Api::namespaced(client, "default");
    secrets.get("some").await.unwrap();

    let heads = serving.await.unwrap();
    assert!(
        heads[0].contains("authorization: Bearer a.b.c"),
        "{heads:?}"
    );
}

#[tokio::test]
async fn a_refusal_of_the_credentials_is_remembered_until_they_are_accepted() {
    let (port, serving) = server(&[401, 200]).await;
    let credentials = credentials(&format!("http://127.0.0.1:{port}")).await;
    let (client, verdict) = credentials.connect().unwrap();
    let secrets: Api<Secret> = Api::namespaced(client, "default");

    secrets.get("some").await.unwrap_err();
    let after_refusal = verdict.is_refused();
    secrets.get("some").await.unwrap();

    assert!(after_refusal);
    assert!(!verdict.is_refused());
    serving.await.unwrap();
}
