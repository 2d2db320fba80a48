use std::os::unix::fs::PermissionsExt;

use super::*;

#[test]
fn a_cluster_gets_one_key_for_good_that_only_root_reads() {
    let state = tempfile::tempdir().unwrap();

    let first = ensure_all(state.path(), ["lab"]).found;
    let second = ensure_all(state.path(), ["lab", "other"]).found;

    assert_eq!(first["lab"], second["lab"]);
    assert_ne!(second["lab"], second["other"]);
    let file = state.path().join("keys/lab.key");
    assert_eq!(
        fs::metadata(&file).unwrap().permissions().mode() & 0o777,
        0o600
    );
    assert_eq!(
        key_show(state.path(), "lab").unwrap(),
        first["lab"].to_base64()
    );
}

#[test]
fn a_damaged_key_is_refused_not_replaced() {
    let state = tempfile::tempdir().unwrap();
    ensure_all(state.path(), ["lab"]);
    fs::write(state.path().join("keys/lab.key"), "short\n").unwrap();

    let keys = ensure_all(state.path(), ["lab", "other"]);

    let [error] = keys.missing.as_slice() else {
        panic!("{keys:?}")
    };
    assert!(error.contains("cluster lab"), "{error}");
    assert!(error.contains("32 octets as base64"), "{error}");
    assert_eq!(keys.found.keys().collect::<Vec<_>>(), ["other"]);
}

#[test]
fn a_key_that_cannot_be_stored_is_not_used() {
    let state = tempfile::tempdir().unwrap();
    fs::write(
        state.path().join("keys"),
        "a file where the folder should be",
    )
    .unwrap();

    let keys = ensure_all(state.path(), ["lab"]);

    assert!(keys.found.is_empty(), "{keys:?}");
    assert!(
        keys.missing.concat().contains("no key for cluster lab"),
        "{keys:?}"
    );
}

#[test]
fn a_key_that_is_not_there_is_told_with_who_makes_it() {
    let state = tempfile::tempdir().unwrap();

    let error = key_show(state.path(), "lab").unwrap_err().to_string();

    assert!(
        error.contains("the router makes it at its first start"),
        "{error}"
    );
    assert!(key_show(state.path(), "../etc/shadow").is_err());
}
