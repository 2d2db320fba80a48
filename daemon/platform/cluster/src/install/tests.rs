use super::*;

fn find<'a>(objects: &'a [Value], kind: &str, name: &str) -> &'a Value {
    objects
        .iter()
        .find(|object| object["kind"] == kind && object["metadata"]["name"] == name)
        .unwrap_or_else(|| panic!("no {kind} {name}"))
}

#[test]
fn everything_to_install_prints_as_yaml_and_reads_back_the_same() {
    let settings = Settings::default();

    let yaml = install_yaml(&settings).unwrap();

    let read: Vec<Value> = serde_saphyr::from_multiple(&yaml).unwrap();
    assert_eq!(read, install_objects(&settings));
    assert_eq!(read.len(), 11);
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
