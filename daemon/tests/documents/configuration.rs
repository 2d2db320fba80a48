//! TOML and YAML in the documents.

use std::process::Command;

use crate::document::Document;

#[test]
fn every_configuration_example_is_valid() {
    let (mut routers, mut nodes) = (0, 0);

    for document in Document::all() {
        for block in document.blocks() {
            if block.language != "toml" {
                continue;
            }
            let place = document.place(block.line);
            let first = block.text.lines().next().unwrap_or_default();
            if first.contains("router.toml") {
                config::router::parse(&block.text, "router.toml")
                    .unwrap_or_else(|error| panic!("{place}: {error}"));
                routers += 1;
            } else if first.contains("node.toml") {
                config::node::parse(&block.text).unwrap_or_else(|error| panic!("{place}: {error}"));
                nodes += 1;
            } else {
                panic!("{place}: the first line of a TOML example names its file");
            }
        }
    }

    assert!(
        routers > 0 && nodes > 0,
        "the documents show both files, found {routers} and {nodes}"
    );
}

/// Machine configuration of Talos is judged by Talos' own code, in the checks of `vm-tests`.
#[test]
fn every_kubernetes_object_is_valid() {
    let folder = tempfile::tempdir().unwrap();
    let (mut wrong, mut count) = (Vec::new(), 0);

    for document in Document::all() {
        for block in document.blocks() {
            if block.language != "yaml" || !block.text.starts_with("apiVersion:") {
                continue;
            }
            count += 1;
            let file = folder.path().join("example.yaml");
            std::fs::write(&file, &block.text).unwrap();
            let output = Command::new(env!("CARGO_BIN_EXE_lanlord"))
                .arg("check")
                .arg(&file)
                .output()
                .unwrap();
            if !output.status.success() {
                let said = String::from_utf8_lossy(&output.stdout).into_owned();
                wrong.push(format!("{}: {said}", document.place(block.line)));
            }
        }
    }

    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count > 2, "only {count} objects were found");
}
