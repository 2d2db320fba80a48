use super::*;
use crate::testing::*;

#[test]
fn every_type_survives_unchanged() {
    let records = [
        "a.example.com 30 A 10.10.10.10",
        "a.example.com 30 AAAA 2001:db8::10",
        "*.apps.example.com 30 A 10.10.10.10",
        "b.example.com 30 CNAME a.example.com",
        "a.example.com 30 TXT say \"it\" \\ back",
    ];
    let before = updated(&authority(), &adding("example.com", &records));

    let saved = before.saved();
    let after = crate::Authority::new(settings(), &saved, NOW);

    assert_eq!(
        after.saved().names().collect::<Vec<_>>(),
        saved.names().collect::<Vec<_>>()
    );
    assert_eq!(
        saved
            .names()
            .map(|(_, _, records)| records.len())
            .sum::<usize>(),
        5
    );
}

#[test]
fn octets_of_any_value_survive_in_a_text() {
    let all: Vec<u8> = (0..=255).collect();

    assert_eq!(unescape(&escape(&all)), Some(all));
    assert_eq!(unescape("\\9"), None);
    assert_eq!(unescape("\\999"), None);
}

#[test]
fn documents_of_several_zones_are_put_together() {
    let one = updated(
        &authority(),
        &adding("example.com", &["a.example.com 1 A 192.0.2.1"]),
    );
    let both = updated(
        &one,
        &adding("corp.example", &["a.apps.corp.example 1 A 192.0.2.1"]),
    );

    let mut merged = both.saved_zone(&name("example.com")).expect("zone");
    merged.merge(both.saved_zone(&name("corp.example")).expect("zone"));

    assert_eq!(merged, both.saved());
    assert!(
        both.saved_zone(&name("home.arpa"))
            .expect("zone")
            .is_empty()
    );
}
