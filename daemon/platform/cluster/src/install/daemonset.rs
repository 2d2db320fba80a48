//! The DaemonSet: lanlord on the nodes of a cluster that is not Talos, from its OCI image.

use serde_json::{Value, json};

use super::{ACCOUNT, metadata};

/// User and group in the image.
const USER: u32 = 65_532;
/// Where metrics and health are served.
const PORT: u16 = 7472;

/// One pod per node, on the node's network, as an ordinary user with rights over the network and no others.
///
/// The image's program has file capabilities, so that an ordinary user is permitted what the container grants.
pub(super) fn daemonset(namespace: &str, image: &str) -> Value {
    let labels =
        json!({ "app.kubernetes.io/name": ACCOUNT, "app.kubernetes.io/component": "node" });
    let mut metadata = metadata(ACCOUNT, Some(namespace));
    metadata["labels"] = labels.clone();
    json!({
        "apiVersion": "apps/v1", "kind": "DaemonSet",
        "metadata": metadata,
        "spec": {
            "selector": { "matchLabels": labels },
            "updateStrategy": { "type": "RollingUpdate", "rollingUpdate": { "maxUnavailable": 1 } },
            "template": {
                "metadata": { "labels": labels },
                "spec": {
                    "serviceAccountName": ACCOUNT,
                    "hostNetwork": true,
                    "nodeSelector": { "kubernetes.io/os": "linux" },
                    "priorityClassName": "system-node-critical",
                    // Which nodes announce is for their labels and conditions to say, not for taints.
                    "tolerations": [{ "operator": "Exists" }],
                    "terminationGracePeriodSeconds": 15,
                    "securityContext": {
                        "runAsNonRoot": true, "runAsUser": USER, "runAsGroup": USER, "fsGroup": USER,
                        "seccompProfile": { "type": "RuntimeDefault" },
                    },
                    "containers": [container(image)],
                    "volumes": [
                        { "name": "run", "emptyDir": { "medium": "Memory" } },
                        { "name": "state", "emptyDir": {} },
                    ],
                },
            },
        },
    })
}

fn container(image: &str) -> Value {
    let probe =
        |path: &str| json!({ "httpGet": { "path": path, "port": PORT }, "periodSeconds": 5 });
    let field = |path: &str| json!({ "fieldRef": { "fieldPath": path } });
    json!({
        "name": ACCOUNT,
        "image": image,
        "args": ["node"],
        "env": [
            { "name": "LANLORD_NODE_NAME", "valueFrom": field("spec.nodeName") },
            { "name": "LANLORD_NAMESPACE", "valueFrom": field("metadata.namespace") },
        ],
        "ports": [{ "name": "metrics", "containerPort": PORT, "hostPort": PORT }],
        "livenessProbe": probe("/healthz"),
        "readinessProbe": probe("/readyz"),
        "resources": { "requests": { "cpu": "20m", "memory": "32Mi" } },
        "securityContext": {
            "allowPrivilegeEscalation": false,
            "readOnlyRootFilesystem": true,
            "capabilities": {
                "drop": ["ALL"],
                // The last two keep the wire thread punctual on a busy node; it works without.
                "add": ["NET_ADMIN", "NET_RAW", "NET_BIND_SERVICE", "SYS_NICE", "IPC_LOCK"],
            },
        },
        "volumeMounts": [
            { "name": "run", "mountPath": "/run/lanlord" },
            { "name": "state", "mountPath": "/var/lib/lanlord" },
        ],
    })
}
