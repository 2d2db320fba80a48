use std::os::unix::fs::PermissionsExt;

use super::*;

#[test]
fn a_cluster_gets_one_key_for_good_that_only_root_reads() {
    let state = tempfile::tempdir().unwrap();

    let first = ensure_all(state.path(), ["lab"]).unwrap();
    let second = ensure_all(state.path(), ["lab", "other"]).unwrap();

    assert_eq!(first["lab"], second["lab"]);
    assert_ne!(second["lab"], second["other"]);
    let file = state.path().join("keys/lab.key");
    assert_eq!(
        fs::metadata(&file).unwrap().permissions().mode() & 0o777,
        0o600
    );
    assert_eq!(
        key_show(state.path(), "lab").unwrap(),
        STANDARD.encode(first["lab"])
    );
}

#[test]
fn a_damaged_key_is_refused_not_replaced() {
    let state = tempfile::tempdir().unwrap();
    ensure_all(state.path(), ["lab"]).unwrap();
    fs::write(state.path().join("keys/lab.key"), "short\n").unwrap();

    let error = ensure_all(state.path(), ["lab"]).unwrap_err().to_string();

    assert!(error.contains("32 octets as base64"), "{error}");
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
