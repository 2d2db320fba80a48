use std::os::unix::fs::PermissionsExt;

use super::*;

#[test]
fn content_is_replaced_whole_and_nothing_is_left_beside_it() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("deep/zone.json");

    atomic_write(&path, b"a long first content").unwrap();
    atomic_write(&path, b"short").unwrap();

    assert_eq!(fs::read(&path).unwrap(), b"short");
    let files = fs::read_dir(path.parent().unwrap()).unwrap().count();
    assert_eq!(files, 1);
}

#[test]
fn a_private_file_is_for_its_owner_only() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("lab.key");

    atomic_write(&path, b"public").unwrap();
    atomic_write_private(&path, b"secret").unwrap();

    let mode = fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn what_a_crash_left_behind_is_no_obstacle() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("zone.json");
    fs::write(directory.path().join(".zone.json.new"), b"half").unwrap();

    atomic_write(&path, b"whole").unwrap();

    assert_eq!(fs::read(&path).unwrap(), b"whole");
}

#[test]
fn a_failed_write_keeps_the_old_content_and_says_which_file() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("taken");
    fs::create_dir(&path).unwrap();

    let error = atomic_write(&path, b"new").unwrap_err();

    assert!(path.is_dir());
    assert_eq!(error.to_string(), format!("write {}", path.display()));
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
}
