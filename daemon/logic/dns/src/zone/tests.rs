//! The zone of RFC 4592, 2.2.1, and the answers that its section 2.2.1 gives.

use super::*;
use crate::testing::{name, record};

#[test]
fn the_examples_of_rfc_4592_come_out_as_printed_there() {
    let zone = rfc_4592();
    let from_star = |asked: &str| matches!(found(&zone, asked), Found::Wildcard(_));

    assert!(from_star("host3.example"));
    assert!(from_star("foo.bar.example"));
    assert!(
        matches!(found(&zone, "host1.example"), Found::Name(_)),
        "exists, without MX"
    );
    assert_eq!(
        found(&zone, "sub.*.example"),
        Found::Name(at(&zone, "sub.*.example"))
    );
    assert_eq!(
        found(&zone, "_telnet._tcp.host1.example"),
        Found::Missing,
        "host1 exists"
    );
    assert_eq!(
        found(&zone, "ghost.*.example"),
        Found::Missing,
        "*.example exists"
    );
    assert_eq!(found(&zone, "_tcp.host1.example"), Found::EmptyNonTerminal);
}

#[test]
fn names_at_or_above_the_apex_are_the_apex() {
    let zone = rfc_4592();

    assert_eq!(found(&zone, "example"), Found::Apex);
}

#[test]
fn a_name_that_only_starts_with_the_same_letters_is_not_below() {
    let mut zone = empty();
    hold(&mut zone, "a.longer.example 1 A 192.0.2.1");

    assert_eq!(found(&zone, "long.example"), Found::Missing);
    assert_eq!(found(&zone, "longer.example"), Found::EmptyNonTerminal);
}

#[test]
fn the_last_holder_frees_the_name() {
    let mut zone = empty();
    hold(&mut zone, "a.example 1 A 192.0.2.1");
    let path = Path::of(&name("a.example"));
    let mut node = (**zone.node(&path).expect("node")).clone();

    node.set(Holder::Static, Vec::new());
    zone.replace(&path, node);

    assert_eq!(found(&zone, "a.example"), Found::Missing);
    assert_eq!(zone.len(), 0);
}

fn rfc_4592() -> Zone {
    let mut zone = empty();
    for line in [
        "*.example 3600 TXT this is a wildcard",
        "sub.*.example 3600 TXT this is not a wildcard",
        "host1.example 3600 A 192.0.2.1",
        "_ssh._tcp.host1.example 3600 TXT srv",
        "_ssh._tcp.host2.example 3600 TXT srv",
    ] {
        hold(&mut zone, line);
    }
    zone
}

fn empty() -> Zone {
    Zone::new(name("example"), &name("ns.example"), false, 1)
}

fn hold(zone: &mut Zone, line: &str) {
    let record = record(line);
    let path = Path::of(&record.name);
    let mut node = Node::new(record.name.clone());
    node.set(Holder::Static, vec![record]);
    zone.replace(&path, node);
}

fn found<'a>(zone: &'a Zone, asked: &str) -> Found<'a> {
    zone.find(&Path::of(&name(asked)))
}

fn at<'a>(zone: &'a Zone, asked: &str) -> &'a [Record] {
    zone.node(&Path::of(&name(asked))).expect("node").records()
}
