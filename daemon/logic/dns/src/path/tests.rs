use std::str::FromStr;

use super::*;

#[test]
fn a_path_holds_the_labels_from_the_root_down_in_lower_case() {
    let path = path("WWW.Example.com.");

    assert_eq!(path.octets(), b"\x03com\x07example\x03www");
    assert_eq!(path.labels(), 3);
}

#[test]
fn an_ancestor_is_a_prefix() {
    let path = path("www.example.com.");

    assert_eq!(path.ancestor(2), b"\x03com\x07example");
    assert_eq!(path.ancestor(0), b"");
    assert_eq!(path.ancestor(9), path.octets());
}

#[test]
fn shared_labels_are_counted_whole_from_the_root() {
    let ours = path("www.example.com.");

    assert_eq!(ours.common_labels(path("wwx.example.com.").octets()), 2);
    assert_eq!(ours.common_labels(path("a.www.example.com.").octets()), 3);
    assert_eq!(ours.common_labels(path("exampl.com.").octets()), 1);
    assert_eq!(ours.common_labels(path("org.").octets()), 0);
}

#[test]
fn the_longest_legal_name_fits() {
    let label = "a".repeat(63);
    let longest = format!("{label}.{label}.{label}.{}.", "a".repeat(61));
    let most_labels = "a.".repeat(127);

    assert_eq!(path(&longest).octets().len(), MAX_OCTETS);
    assert_eq!(path(&most_labels).labels(), MAX_LABELS);
}

fn path(name: &str) -> Path {
    Path::of(&Name::from_str(name).expect("name"))
}
