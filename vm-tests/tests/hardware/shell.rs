//! ShellCheck finds nothing in any shell script of this repository.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use vm_tests::lab::build::workspace;

/// Files that start with a shell's name.
fn scripts(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if path.is_dir() {
            if name != "target" && name != ".git" {
                scripts(&path, found);
            }
        } else if path.is_file() {
            let start = fs::read(&path).unwrap();
            let first = start
                .split(|octet| *octet == b'\n')
                .next()
                .unwrap_or_default();
            let first = String::from_utf8_lossy(first);
            if first.starts_with("#!") && first.trim_end().ends_with("sh") {
                found.push(path);
            }
        }
    }
}

#[test]
fn shellcheck_finds_nothing() {
    let mut found = Vec::new();
    scripts(&workspace(), &mut found);
    assert!(found.len() >= 11, "scripts are missing: {found:?}");

    let output = Command::new("shellcheck")
        .args(["--external-sources", "--source-path=SCRIPTDIR"])
        .args(&found)
        .output()
        .unwrap();

    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stdout)
    );
}
