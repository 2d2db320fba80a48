use super::*;

const TREE: &str = "\
0|lanlord v0.1.0 (/somewhere/daemon)|Apache-2.0||
1|node v0.1.0 (/somewhere/daemon/modes/node)|Apache-2.0||
2|serde v1.0.229|MIT/Apache-2.0|https://example.org/serde|
1|serde v1.0.229|MIT/Apache-2.0|https://example.org/serde| (*)
";
const LOCK: &str = "\
[[package]]
name = \"node\"
version = \"0.1.0\"

[[package]]
name = \"serde\"
version = \"1.0.229\"
source = \"registry\"
checksum = \"0123\"
";

#[test]
fn reads_crates_with_licence_and_checksum_and_who_links_whom() {
    let graph = read(TREE, LOCK).unwrap();

    let serde = graph.crates.iter().find(|one| one.name == "serde").unwrap();
    assert_eq!(serde.license, "MIT OR Apache-2.0");
    assert_eq!(serde.checksum.as_deref(), Some("0123"));
    assert!(!serde.is_ours);
    let node = graph.crates.iter().find(|one| one.name == "node").unwrap();
    assert!(node.is_ours);
    assert_eq!(node.checksum, None);
    let edges: Vec<[&str; 2]> = graph
        .edges
        .iter()
        .map(|[from, to]| [from.0.as_str(), to.0.as_str()])
        .collect();
    assert_eq!(
        edges,
        [["lanlord", "node"], ["lanlord", "serde"], ["node", "serde"]]
    );
}

#[test]
fn a_line_of_another_form_is_an_error() {
    let error = read("lanlord v0.1.0\n", "").unwrap_err();

    assert_eq!(error.to_string(), "cargo tree printed `lanlord v0.1.0`");
}
