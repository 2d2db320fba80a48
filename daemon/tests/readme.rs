//! What the README shows, this parses.

use std::path::Path;

/// The TOML blocks of the README, each with the line it starts on.
fn toml_blocks(readme: &str) -> Vec<(usize, String)> {
    let mut blocks = Vec::new();
    let mut block: Option<(usize, String)> = None;
    for (index, line) in readme.lines().enumerate() {
        match (&mut block, line.trim_end()) {
            (None, "```toml") => block = Some((index + 1, String::new())),
            (Some(_), "```") => blocks.extend(block.take()),
            (Some((_, text)), line) => {
                text.push_str(line);
                text.push('\n');
            }
            (None, _) => {}
        }
    }
    blocks
}

#[test]
fn every_configuration_example_in_the_readme_is_valid() {
    let readme =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md"))
            .unwrap();
    let (mut routers, mut nodes) = (0, 0);

    for (line, text) in toml_blocks(&readme) {
        let first = text.lines().next().unwrap_or_default();
        if first.contains("router.toml") {
            config::router::parse(&text, "README.md")
                .unwrap_or_else(|error| panic!("README.md:{line}: {error}"));
            routers += 1;
        } else if first.contains("node.toml") {
            config::node::parse(&text).unwrap_or_else(|error| panic!("README.md:{line}: {error}"));
            nodes += 1;
        } else {
            panic!("README.md:{line}: the first line of a TOML example names its file");
        }
    }

    assert!(
        routers > 0 && nodes > 0,
        "the README shows both files, found {routers} and {nodes}"
    );
}
