use std::time::{Duration, Instant};

use super::*;
use crate::testing::*;

#[test]
fn a_remembered_answer_counts_its_ttl_down_and_ends() {
    let (mut cache, start) = (Cache::new(8), start());
    cache.put(
        question("a"),
        found("a.example.net 30 A 198.51.100.1"),
        start,
    );

    let later = cache.get(&question("a"), start + Duration::from_secs(12));

    assert_eq!(later, Some(found("a.example.net 18 A 198.51.100.1")));
    assert_eq!(
        cache.get(&question("a"), start + Duration::from_secs(30)),
        None
    );
}

#[test]
fn the_shortest_ttl_of_an_answer_decides() {
    let (mut cache, start) = (Cache::new(8), start());
    let alias = record("a.example.net 5 CNAME b.example.net");
    let records = vec![alias, record("b.example.net 300 A 198.51.100.1")];
    cache.put(question("a"), Resolution::Records(records), start);

    assert!(
        cache
            .get(&question("a"), start + Duration::from_secs(4))
            .is_some()
    );
    assert!(
        cache
            .get(&question("a"), start + Duration::from_secs(5))
            .is_none()
    );
}

#[test]
fn an_absence_lasts_as_long_as_its_soa_says_but_no_longer_than_an_hour() {
    let (mut cache, start) = (Cache::new(8), start());
    let absence = |ttl: u32| Resolution::NoName {
        chain: Vec::new(),
        soa: Some(record(&format!("example.net {ttl} TXT soa"))),
    };
    cache.put(question("short"), absence(60), start);
    cache.put(question("long"), absence(100_000), start);
    let bare = Resolution::NoData {
        chain: Vec::new(),
        soa: None,
    };
    cache.put(question("bare"), bare, start);

    let lives = |asked: &str, secs: u64| {
        cache
            .get(&question(asked), start + Duration::from_secs(secs))
            .is_some()
    };
    assert!(lives("short", 59) && !lives("short", 60));
    assert!(lives("long", 3599) && !lives("long", 3600));
    assert!(lives("bare", 4) && !lives("bare", 5));
}

#[test]
fn an_answer_with_ttl_0_is_not_kept() {
    let (mut cache, start) = (Cache::new(8), start());

    cache.put(
        question("a"),
        found("a.example.net 0 A 198.51.100.1"),
        start,
    );

    assert!(cache.is_empty());
}

#[test]
fn the_oldest_entry_makes_room() {
    let (mut cache, start) = (Cache::new(2), start());
    for asked in ["a", "b", "c"] {
        let line = format!("{asked}.example.net 60 A 198.51.100.1");
        cache.put(question(asked), found(&line), start);
    }

    assert_eq!(cache.len(), 2);
    assert_eq!(cache.get(&question("a"), start), None);
    assert!(cache.get(&question("c"), start).is_some());
    assert_eq!(cache.evicted(), 1);
}

#[test]
fn a_refreshed_entry_is_young_again() {
    let (mut cache, start) = (Cache::new(2), start());
    for asked in ["a", "b", "a", "c"] {
        let line = format!("{asked}.example.net 60 A 198.51.100.1");
        cache.put(question(asked), found(&line), start);
    }

    assert!(cache.get(&question("a"), start).is_some());
    assert_eq!(cache.get(&question("b"), start), None);
}

fn question(host: &str) -> Question {
    (name(&format!("{host}.example.net")), RecordType::A)
}

fn found(line: &str) -> Resolution {
    Resolution::Records(vec![record(line)])
}

#[expect(
    clippy::disallowed_methods,
    reason = "a test needs some moment to count from"
)]
fn start() -> Instant {
    Instant::now()
}
