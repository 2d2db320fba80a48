//! etcd, the API server and the controller manager on talos-1.

use anyhow::{Context, Result};

use super::{
    NODES, SERVER, SOON,
    api::Api,
    certificates::{Authority, service_account_key, token_kubeconfig},
    files::{Files, text},
};
use crate::{
    lab::{Lab, step::Outcome},
    tools,
};

/// Where the control plane runs.
pub(crate) const MACHINE: &str = "talos-1";

/// Its reserved address.
pub(crate) const ADDRESS: &str = "192.168.1.201";
/// One that the API server may get later: its certificate is right for it.
pub(crate) const SECOND_ADDRESS: &str = "192.168.1.211";
const SERVICE_ADDRESS: &str = "10.96.0.1";
/// Who reads Secrets, and by which certificate.
const AUDIT_POLICY: &str = "apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
  - level: Metadata
    verbs: [get]
    resources: [{ group: '', resources: [secrets] }]
  - level: None
";

const ETCD: &str = "http://127.0.0.1:2379";

/// Starts all three at once, each waits for the other by itself; and the administrator's way to the API.
pub(super) fn start(lab: &mut Lab) -> Outcome {
    let files = Files::of(&lab.site);
    files.create(&tools::ensure()?)?;
    credentials(&files)?;
    std::fs::write(files.audit_policy(), AUDIT_POLICY).context("write the audit policy")?;
    let part = start_parts(lab, &files)?;
    let admin = admin(&files);
    let proxy = [
        "proxy",
        "--kubeconfig",
        &text(&files.kubeconfig("admin")),
        "--unix-socket",
        &text(&files.socket("admin")),
    ];
    lab.start(MACHINE, "kubectl", &files.program("kubectl"), &proxy)?;
    lab.eventually(SOON, "the API server to be ready", &part, || {
        admin.is_ready()
    })?;
    let version = admin.get("/version")?["gitVersion"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    Ok(format!(
        "Kubernetes {version} at {SERVER}: etcd, kube-apiserver (RBAC, NodeRestriction), kube-controller-manager"
    ))
}

/// The API as its administrator.
pub(super) fn admin(files: &Files) -> Api {
    Api::at(&files.socket("admin"))
}

/// A kubeconfig with the token of a ServiceAccount's Secret, once the controller manager has put it there.
pub(super) fn account_kubeconfig(
    lab: &Lab,
    namespace: &str,
    secret: &str,
) -> Result<(String, String), crate::lab::failure::Failure> {
    use base64::{Engine, engine::general_purpose::STANDARD};
    let files = Files::of(&lab.site);
    let admin = admin(&files);
    let path = format!("/api/v1/namespaces/{namespace}/secrets/{secret}");
    let what = format!("a token in the Secret {namespace}/{secret}");
    let encoded = lab.eventually(
        SOON,
        &what,
        &format!("{MACHINE}-kube-controller-manager"),
        || {
            let object = admin.get(&path).map_err(|error| format!("{error:#}"))?;
            object["data"]["token"]
                .as_str()
                .map(str::to_owned)
                .ok_or_else(|| "none yet".to_owned())
        },
    )?;
    let token = STANDARD.decode(encoded).map_err(anyhow::Error::from)?;
    let token = String::from_utf8(token).map_err(anyhow::Error::from)?;
    let kubeconfig = token_kubeconfig(&files, SERVER, secret, &token)?;
    Ok((text(&kubeconfig), token))
}

fn credentials(files: &Files) -> Result<()> {
    let authority = Authority::create(files)?;
    authority.server(
        files,
        &[ADDRESS, SECOND_ADDRESS, SERVICE_ADDRESS, "127.0.0.1"],
    )?;
    service_account_key(files)?;
    let users = [
        ("admin", Some("system:masters")),
        ("system:kube-controller-manager", None),
        ("system:kube-proxy", None),
    ];
    for (user, group) in users {
        authority.kubeconfig(files, SERVER, user, group)?;
    }
    for (node, _) in NODES {
        authority.kubeconfig(
            files,
            SERVER,
            &format!("system:node:{node}"),
            Some("system:nodes"),
        )?;
    }
    Ok(())
}

/// Returns the API server's part.
fn start_parts(lab: &mut Lab, files: &Files) -> Result<String> {
    let data = format!("--data-dir={}", text(&files.file("etcd")));
    let listen = format!("--listen-client-urls={ETCD}");
    let advertise = format!("--advertise-client-urls={ETCD}");
    let etcd = [
        &data,
        &listen,
        &advertise,
        "--unsafe-no-fsync",
        "--log-level=warn",
    ];
    lab.start(MACHINE, "etcd", &files.program("etcd"), &etcd)?;

    let arguments = server_arguments(files);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let part = lab.start(
        MACHINE,
        "kube-apiserver",
        &files.program("kube-apiserver"),
        &arguments,
    )?;

    let arguments = controller_arguments(files);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let program = files.program("kube-controller-manager");
    lab.start(MACHINE, "kube-controller-manager", &program, &arguments)?;
    Ok(part)
}

fn server_arguments(files: &Files) -> Vec<String> {
    vec![
        format!("--etcd-servers={ETCD}"),
        format!("--advertise-address={ADDRESS}"),
        "--secure-port=6443".to_owned(),
        format!("--tls-cert-file={}", text(&files.server())),
        format!("--tls-private-key-file={}", text(&files.server_key())),
        format!("--client-ca-file={}", text(&files.authority())),
        "--service-account-issuer=https://kubernetes.default.svc".to_owned(),
        format!(
            "--service-account-key-file={}",
            text(&files.accounts_public())
        ),
        format!(
            "--service-account-signing-key-file={}",
            text(&files.accounts_key())
        ),
        "--authorization-mode=Node,RBAC".to_owned(),
        "--enable-admission-plugins=NodeRestriction".to_owned(),
        "--service-cluster-ip-range=10.96.0.0/16".to_owned(),
        "--allow-privileged=true".to_owned(),
        format!("--cert-dir={}", text(&files.file("apiserver"))),
        format!("--audit-policy-file={}", text(&files.audit_policy())),
        format!("--audit-log-path={}", text(&files.audit_log())),
    ]
}

fn controller_arguments(files: &Files) -> Vec<String> {
    vec![
        format!(
            "--kubeconfig={}",
            text(&files.kubeconfig("system:kube-controller-manager"))
        ),
        format!(
            "--service-account-private-key-file={}",
            text(&files.accounts_key())
        ),
        format!("--root-ca-file={}", text(&files.authority())),
        "--use-service-account-credentials=true".to_owned(),
        "--leader-elect=false".to_owned(),
        "--allocate-node-cidrs=false".to_owned(),
        format!("--cluster-signing-cert-file={}", text(&files.authority())),
        format!(
            "--cluster-signing-key-file={}",
            text(&files.authority_key())
        ),
        format!("--cert-dir={}", text(&files.file("controller-manager"))),
    ]
}
