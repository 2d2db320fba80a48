//! TOML in the documents.

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
