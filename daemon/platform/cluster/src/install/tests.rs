use std::sync::LazyLock;

use super::*;
use crate::{TsigSecret, convert};

static POOLS: LazyLock<Vec<String>> = LazyLock::new(|| {
    vec![
        "10.10.10.0/24".to_string(),
        "192.0.2.1-192.0.2.9".to_string(),
    ]
});

static ROUTER: LazyLock<RouterSecret> = LazyLock::new(|| RouterSecret {
    address: Some([192, 168, 1, 200].into()),
    tsig: TsigSecret::RouterKey {
        cluster: "lab".to_string(),
        key: [7; 32],
    },
});

fn everything() -> Wanted<'static> {
    Wanted {
        router: Some(&ROUTER),
        node_toml: Some("[l2]\n"),
        pools: &POOLS,
        image: Some("registry.example/lanlord:1"),
    }
}

fn find<'a>(objects: &'a [Value], kind: &str, name: &str) -> &'a Value {
    objects
        .iter()
        .find(|object| object["kind"] == kind && object["metadata"]["name"] == name)
        .unwrap_or_else(|| panic!("no {kind} {name}"))
}

#[test]
fn everything_to_install_prints_as_yaml_and_reads_back_the_same() {
    let settings = Settings::default();

    let manifests = manifests(&settings, &Wanted::default()).unwrap();

    assert_eq!(manifests.len(), 1);
    let read: Vec<Value> = serde_saphyr::from_multiple(&manifests[0].yaml).unwrap();
    assert_eq!(read, install_objects(&settings));
    assert_eq!(read.len(), 11);
}

#[test]
fn each_object_says_which_manifests_it_is_of() {
    let all = manifests(&Settings::default(), &everything()).unwrap();

    assert_eq!(all.len(), 5);
    for manifest in all {
        for object in serde_saphyr::from_multiple::<Value>(&manifest.yaml).unwrap() {
            assert_eq!(
                object["metadata"]["annotations"][STAMP],
                MANIFESTS.to_string(),
                "{object}"
            );
        }
    }
}

#[test]
fn the_routers_secret_reads_back_as_it_was_meant() {
    let all = manifests(&Settings::default(), &everything()).unwrap();

    let written = all
        .iter()
        .find(|part| part.name == "lanlord-router")
        .unwrap();
    let secret = serde_saphyr::from_str(&written.yaml).unwrap();
    let read = convert::router_secret(&secret, &Settings::default(), &mut Vec::new()).unwrap();

    assert_eq!(read.as_ref(), Some(&*ROUTER));
}

#[test]
fn the_pool_is_announced_and_no_other() {
    let all = manifests(&Settings::default(), &everything()).unwrap();

    let written = all
        .iter()
        .find(|part| part.name == "lanlord-pools")
        .unwrap();
    let objects: Vec<Value> = serde_saphyr::from_multiple(&written.yaml).unwrap();

    assert_eq!(objects[0]["spec"], json!({ "addresses": *POOLS }));
    assert_eq!(objects[1]["spec"], json!({ "ipAddressPools": ["lanlord"] }));
}

#[test]
fn a_pool_that_no_controller_would_take_is_refused() {
    for (pool, why) in [
        ("10.10.10.0/33", "10.10.10.0/33"),
        ("192.0.2.9-192.0.2.1", "192.0.2.9-192.0.2.1"),
        ("192.0.2.1", "for one address write 192.0.2.1/32"),
        ("everything", "everything"),
    ] {
        let pools = [pool.to_string()];
        let wanted = Wanted {
            pools: &pools,
            ..Wanted::default()
        };

        let error = manifests(&Settings::default(), &wanted)
            .map(drop)
            .unwrap_err();

        let text = error.to_string();
        assert!(text.starts_with("pool: ") && text.contains(why), "{text}");
    }
}

#[test]
fn the_namespace_admits_pods_on_the_hosts_network() {
    let objects = rbac(&Settings::default());

    let namespace = find(&objects, "Namespace", "metallb-system");

    for mode in ["enforce", "audit", "warn"] {
        let label = format!("pod-security.kubernetes.io/{mode}");
        assert_eq!(namespace["metadata"]["labels"][&label], "privileged");
    }
}

#[test]
fn kubelets_may_get_the_one_token_and_nothing_else() {
    let objects = rbac(&Settings::default());

    let role = find(&objects, "Role", TOKEN_SECRET);
    let binding = find(&objects, "RoleBinding", TOKEN_SECRET);
    let secret = find(&objects, "Secret", TOKEN_SECRET);

    assert_eq!(
        role["rules"],
        json!([{
            "apiGroups": [""], "resources": ["secrets"], "verbs": ["get"],
            "resourceNames": [TOKEN_SECRET],
        }])
    );
    assert_eq!(binding["subjects"][0]["name"], "system:nodes");
    assert_eq!(binding["roleRef"]["name"], TOKEN_SECRET);
    assert_eq!(secret["type"], "kubernetes.io/service-account-token");
    assert_eq!(
        secret["metadata"]["annotations"]["kubernetes.io/service-account.name"],
        "lanlord"
    );
}

#[test]
fn secrets_are_read_by_name_and_in_our_namespace_only() {
    let settings = Settings {
        namespace: "lan".to_string(),
        ..Settings::default()
    };

    let objects = rbac(&settings);

    let everywhere = find(&objects, "ClusterRole", "lanlord").to_string();
    assert!(
        !everywhere.contains("secrets") && !everywhere.contains("configmaps"),
        "{everywhere}"
    );
    let role = find(&objects, "Role", "lanlord");
    assert_eq!(role["metadata"]["namespace"], "lan");
    let rules = role["rules"].as_array().unwrap();
    let secrets = rules
        .iter()
        .find(|rule| rule["resources"] == json!(["secrets"]))
        .unwrap();
    assert_eq!(secrets["resourceNames"], json!(["lanlord-router"]));
}

#[test]
fn nothing_is_granted_by_wildcard() {
    let text = serde_json::to_string(&rbac(&Settings::default())).unwrap();

    assert!(!text.contains('*'), "{text}");
}

#[test]
fn the_daemonset_is_one_that_kubernetes_knows_and_its_pod_is_of_an_ordinary_user() {
    let object = daemonset::daemonset("metallb-system", "registry.example/lanlord:1");

    // Typed and back: a field that Kubernetes does not know would be lost.
    let typed: k8s_openapi::api::apps::v1::DaemonSet =
        serde_json::from_value(object.clone()).unwrap();
    assert_eq!(serde_json::to_value(&typed).unwrap(), object);
    let spec = typed.spec.unwrap();
    assert_eq!(
        spec.selector.match_labels,
        spec.template.metadata.unwrap().labels
    );
    let pod = spec.template.spec.unwrap();
    assert_eq!(pod.service_account_name.as_deref(), Some(ACCOUNT));
    assert_eq!(
        pod.security_context.unwrap().run_as_user,
        Some(65_532),
        "the user of the image"
    );
    let container = &pod.containers[0];
    assert_eq!(
        container.image.as_deref(),
        Some("registry.example/lanlord:1")
    );
    let mounted = container.volume_mounts.as_ref().unwrap().iter();
    let volumes: Vec<String> = pod.volumes.unwrap().into_iter().map(|v| v.name).collect();
    assert!(mounted.map(|mount| &mount.name).eq(volumes.iter()));
}
