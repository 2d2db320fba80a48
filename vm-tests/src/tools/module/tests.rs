use super::{super::ETCD, *};

#[test]
fn a_later_go_is_new_enough_and_an_earlier_one_is_not() {
    assert!(is_at_least("go1.26.0", "1.26.0"));
    assert!(is_at_least("go1.26.8", "1.26.0"));
    assert!(is_at_least("go1.30", "1.26.0"));
    assert!(!is_at_least("go1.19.8", "1.26.0"));
    assert!(!is_at_least("", "1.26.0"));
}

#[test]
fn a_changed_pin_or_another_go_builds_anew() {
    let source = tempfile::tempdir().expect("temporary directory");
    fs::write(source.path().join("go.mod"), "module a\n").expect("write go.mod");
    let key = |go: &str| ETCD.key(source.path(), go).expect("key");

    let first = key("go1.26.8");
    let again = key("go1.26.8");
    let other_go = key("go1.26.9");
    fs::write(source.path().join("go.mod"), "module b\n").expect("write go.mod");
    let other_pin = key("go1.26.8");

    assert_eq!(first, again);
    assert_ne!(first, other_go);
    assert_ne!(first, other_pin);
}

#[test]
fn a_failed_build_shows_the_end_of_its_log_and_leaves_nothing_that_counts_as_built() {
    let source = tempfile::tempdir().expect("temporary directory");
    let cache = tempfile::tempdir().expect("temporary directory");
    fs::write(source.path().join("go.mod"), "module a\n\ngo 1.20\n").expect("write go.mod");
    let built = cache.path().join("etcd-0");

    let error = ETCD
        .build(source.path(), cache.path(), &built)
        .expect_err("the package is in no module");

    assert!(
        format!("{error:#}").contains("go.etcd.io/etcd/server/v3"),
        "{error:#}"
    );
    assert!(!built.exists());
}
