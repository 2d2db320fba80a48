//! Zone answers against a slow model that reads RFC 1034, 4.3.2 and RFC 4592 literally; and bytes from anywhere.

use std::collections::BTreeSet;

use hickory_proto::{
    op::ResponseCode,
    rr::{Name, Record, RecordType},
};
use proptest::prelude::*;

use crate::{Transport, testing::*};

/// Names of up to three labels below the zone, from a small alphabet, so that they meet.
fn names() -> impl Strategy<Value = String> {
    let label = prop_oneof![3 => "[ab]", 1 => Just("*".to_string())];
    proptest::collection::vec(label, 1..=3)
        .prop_map(|labels| format!("{}.corp.example", labels.join(".")))
}

fn records() -> impl Strategy<Value = Vec<String>> {
    let one = (names(), 0..2u8, 1..4u8).prop_map(|(owner, kind, host)| match kind {
        0 => format!("{owner} 60 A 192.0.2.{host}"),
        _ => format!("{owner} 60 TXT t{host}"),
    });
    proptest::collection::vec(one, 0..8)
}

/// The answer by the letter: does the name exist; else the closest encloser, label by label; else its wildcard.
fn model(records: &[Record], asked: &Name, kind: RecordType) -> (ResponseCode, BTreeSet<String>) {
    let apex = name("corp.example");
    let at = |owner: &Name| -> Vec<&Record> {
        records
            .iter()
            .filter(|record| record.name == *owner)
            .collect()
    };
    let exists =
        |owner: &Name| *owner == apex || records.iter().any(|record| owner.zone_of(&record.name));
    let values = |found: Vec<&Record>| {
        let of_type = found
            .into_iter()
            .filter(|record| record.record_type() == kind);
        of_type.map(|record| record.data.to_string()).collect()
    };
    if exists(asked) {
        return (ResponseCode::NoError, values(at(asked)));
    }
    let mut encloser = asked.base_name();
    while !exists(&encloser) {
        encloser = encloser.base_name();
    }
    let wildcard = encloser.prepend_label("*").expect("fits");
    match at(&wildcard) {
        found if found.is_empty() => (ResponseCode::NXDomain, BTreeSet::new()),
        found => (ResponseCode::NoError, values(found)),
    }
}

proptest! {
    #[test]
    fn zone_answers_equal_the_literal_reading_of_the_rfcs(
        records in records(),
        asked in names(),
        text in any::<bool>(),
    ) {
        let kind = if text { RecordType::TXT } else { RecordType::A };
        let lines: Vec<&str> = records.iter().map(String::as_str).collect();
        let parsed: Vec<Record> = lines.iter().map(|line| record(line)).collect();

        let reply = reply(&authority_with(&lines), &asked, kind);

        let answered: BTreeSet<String> =
            reply.answers.iter().map(|record| record.data.to_string()).collect();
        let expected = model(&parsed, &name(&asked), kind);
        prop_assert_eq!((code(&reply), answered), expected);
        prop_assert!(reply.answers.iter().all(|record| record.name == name(&asked)));
        let has_soa = reply.authorities.iter().any(|record| record.record_type() == RecordType::SOA);
        prop_assert_eq!(has_soa, reply.answers.is_empty());
    }

    #[test]
    fn no_message_whatever_its_bytes_makes_it_panic(
        mut wire in proptest::collection::vec(any::<u8>(), 0..80),
        opcode in 0..6u8,
    ) {
        if let Some(flags) = wire.get_mut(2) {
            *flags = (*flags & 0x07) | (opcode << 3);
        }
        authority().answer(&wire, laptop(), Transport::Udp, NOW);
    }

    #[test]
    fn no_damage_to_a_signed_update_makes_it_panic_or_pass(
        place in 0..150usize,
        value in any::<u8>(),
    ) {
        let message = adding("example.com", &["www.example.com 30 A 10.10.10.10"]);
        let mut wire = bytes(&message);
        lab_key().sign_request(&mut wire, message.metadata.id, NOW);
        let place = place % wire.len();
        // The id is restored from the signature, and names of keys and algorithms know no case.
        prop_assume!(place >= 2 && !wire[place].eq_ignore_ascii_case(&value));
        wire[place] = value;

        let answer = authority().answer(&wire, laptop(), Transport::Tcp, NOW);

        prop_assert!(!matches!(answer, crate::Answer::Update(_)));
    }
}
