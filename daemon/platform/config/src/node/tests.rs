use super::*;

#[test]
fn a_node_without_a_file_serves_services_without_a_class() {
    let config = NodeConfig::default();

    assert_eq!(config.l2.profile, Profile::Default);
    assert!(config.l2.interfaces.is_empty());
    assert_eq!(config.lb.class, None);
    assert_eq!(config.names.router, None);
    assert_eq!(config.names.secret, "lanlord-router");
}

#[test]
fn the_example_changes_nothing_and_neither_do_the_defaults_that_it_shows() {
    let shown: String = EXAMPLE
        .lines()
        .filter(|line| !line.starts_with("# router ="))
        .map(|line| match line.strip_prefix("# ") {
            Some(setting) if setting.contains(" = ") => format!("{setting}\n"),
            _ => format!("{line}\n"),
        })
        .collect();

    assert_eq!(parse(EXAMPLE).unwrap(), NodeConfig::default());
    assert_eq!(parse(&shown).unwrap(), NodeConfig::default());
    assert_eq!(shown.matches("\nsecret = ").count(), 1, "{shown}");
}

#[test]
fn each_value_of_the_file_is_read() {
    let text = r#"
        [l2]
        profile = "vm"
        interfaces = ["eth0"]
        node_failure = "mark-pods"
        [lb]
        class = "lanlord.dev/lb"
        [names]
        router = "192.168.1.200"
        secret = "other"
    "#;

    let config = parse(text).unwrap();

    assert_eq!(config.l2.profile, Profile::Vm);
    assert_eq!(config.l2.interfaces, ["eth0"]);
    assert_eq!(config.l2.node_failure, NodeFailure::MarkPods);
    assert_eq!(config.lb.class.as_deref(), Some("lanlord.dev/lb"));
    assert_eq!(config.names.router, Some([192, 168, 1, 200].into()));
    assert_eq!(config.names.secret, "other");
}

#[test]
fn a_wrong_profile_is_refused_with_those_there_are() {
    let error = parse("[l2]\nprofile = \"quick\"\n").unwrap_err();

    assert_eq!(
        error.to_string(),
        "node.toml:2:11: l2.profile: `quick` is no profile; write one of fast, default, vm, calm"
    );
}
