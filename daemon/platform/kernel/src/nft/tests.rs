use std::{fs, os::unix::fs::PermissionsExt};

use super::*;

/// A stand-in for the program: what matters here is how its answers are told, not what nftables does.
fn script(folder: &tempfile::TempDir, content: &str) -> Nft {
    let path = folder.path().join("nft");
    fs::write(&path, format!("#!/bin/sh\n{content}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    Nft { program: path }
}

#[test]
fn a_missing_program_is_told_in_one_line_with_the_package() {
    let error = NftError::Missing.to_string();

    assert!(error.contains("nft") && error.contains("install the package nftables"));
    assert!(!error.contains('\n'));
}

#[test]
fn the_program_is_found_outside_the_path_of_a_service() {
    let folder = tempfile::tempdir().unwrap();
    script(&folder, "exit 0");

    let found = Nft::find_in(&folder.path().as_os_str().to_os_string()).unwrap();

    assert_eq!(found.program(), folder.path().join("nft"));
}

#[tokio::test]
async fn a_refusal_carries_the_words_of_nft() {
    let folder = tempfile::tempdir().unwrap();
    let nft = script(
        &folder,
        "cat > /dev/null; echo 'internal:0:0-0: Error: Could not process rule: Operation not permitted' >&2; exit 1",
    );

    let error = nft.apply("{}").await.unwrap_err().to_string();

    assert!(error.contains("accept the ruleset"), "{error}");
    assert!(
        error.ends_with("Could not process rule: Operation not permitted"),
        "{error}"
    );
}

#[tokio::test]
async fn a_table_that_is_not_there_is_no_error() {
    let folder = tempfile::tempdir().unwrap();
    let nft = script(
        &folder,
        "echo 'Error: No such file or directory; did you mean table ‘x’ in family inet?' >&2; exit 1",
    );

    let listing = nft.list("inet", "lanlord").await.unwrap();

    assert_eq!(listing, None);
}

#[tokio::test]
async fn a_program_that_does_not_read_its_input_is_judged_by_its_answer() {
    let folder = tempfile::tempdir().unwrap();
    let nft = script(&folder, "echo 'Error: syntax' >&2; exit 1");

    let error = nft
        .apply(&"x".repeat(1_000_000))
        .await
        .unwrap_err()
        .to_string();

    assert!(error.ends_with("Error: syntax"), "{error}");
}
