use hickory_proto::{
    op::ResponseCode,
    rr::{DNSClass, RecordType},
};

use super::*;
use crate::{Key, LeaseName, testing::*};

#[test]
fn an_update_is_answered_and_the_serial_rises() {
    let before = authority();
    let message = adding("example.com", &["www.example.com 30 A 10.10.10.10"]);

    let after = updated(&before, &message);

    let reply = reply(&after, "www.example.com", RecordType::A);
    assert_eq!(answers(&reply), ["www.example.com 30 A 10.10.10.10"]);
    assert_eq!(
        serial(&after, "example.com"),
        serial(&before, "example.com") + 1
    );
    assert_eq!(
        serial(&after, "corp.example"),
        serial(&before, "corp.example")
    );
}

#[test]
fn an_update_that_changes_nothing_leaves_the_serial() {
    let message = adding("example.com", &["www.example.com 30 A 10.10.10.10"]);
    let once = updated(&authority(), &message);

    let (again, code) = outcome(&once, &lab_key(), &message);

    assert!(again.is_none());
    assert_eq!(code, ResponseCode::NoError);
}

#[test]
fn records_sets_and_names_can_be_taken_away() {
    let full = updated(
        &authority(),
        &adding(
            "example.com",
            &[
                "www.example.com 30 A 10.10.10.10",
                "www.example.com 30 A 10.10.10.11",
                "www.example.com 30 TXT hello",
            ],
        ),
    );
    let mut one = record("www.example.com 0 A 10.10.10.11");
    one.dns_class = DNSClass::NONE;

    let without_one = updated(&full, &changing(one));
    let without_set = updated(
        &full,
        &changing(bare("www.example.com", DNSClass::ANY, RecordType::A)),
    );
    let without_name = updated(
        &full,
        &changing(bare("www.example.com", DNSClass::ANY, RecordType::ANY)),
    );

    assert_eq!(held(&without_one, "www.example.com"), 2);
    assert_eq!(held(&without_set, "www.example.com"), 1);
    assert_eq!(held(&without_name, "www.example.com"), 0);
}

#[test]
fn an_alias_stands_alone() {
    let address = updated(
        &authority(),
        &adding("example.com", &["a.example.com 30 A 10.10.10.10"]),
    );
    let alias = updated(
        &authority(),
        &adding("example.com", &["b.example.com 30 CNAME nas.home.arpa"]),
    );

    let (over_address, first) = outcome(
        &address,
        &lab_key(),
        &adding("example.com", &["a.example.com 30 CNAME x.test"]),
    );
    let (beside_alias, second) = outcome(
        &alias,
        &lab_key(),
        &adding("example.com", &["b.example.com 30 A 10.10.10.10"]),
    );
    let replaced = updated(
        &alias,
        &adding("example.com", &["b.example.com 30 CNAME y.test"]),
    );

    assert_eq!(
        (first, second),
        (ResponseCode::NoError, ResponseCode::NoError)
    );
    assert!(over_address.is_none() && beside_alias.is_none());
    assert_eq!(held(&replaced, "b.example.com"), 1);
}

#[test]
fn all_records_of_a_set_take_the_last_ttl() {
    let first = updated(
        &authority(),
        &adding("example.com", &["w.example.com 30 A 10.10.10.10"]),
    );

    let both = updated(
        &first,
        &adding("example.com", &["w.example.com 60 A 10.10.10.11"]),
    );

    let reply = reply(&both, "w.example.com", RecordType::A);
    assert!(reply.answers.iter().all(|record| record.ttl == 60));
}

#[test]
fn one_entry_that_is_not_allowed_refuses_the_whole_update() {
    let message = adding(
        "corp.example",
        &[
            "web.apps.corp.example 30 A 10.10.10.10",
            "mail.corp.example 30 A 10.10.10.10",
        ],
    );

    let (changed, code) = outcome(&authority(), &lab_key(), &message);

    assert_eq!(code, ResponseCode::Refused);
    assert!(changed.is_none());
}

#[test]
fn a_grant_does_not_reach_into_a_zone_within_its_own() {
    let mut settings = settings();
    settings.zones.push(crate::ZoneSettings {
        name: name("inner.example.com"),
        fallthrough: false,
    });
    let inner = Authority::new(settings, &crate::Saved::default(), NOW);

    for taken in ["www.inner.example.com", "inner.example.com"] {
        let message = adding("example.com", &[&format!("{taken} 30 A 10.10.10.10")]);
        let (changed, code) = outcome(&inner, &lab_key(), &message);

        assert_eq!(code, ResponseCode::NotZone, "{taken}");
        assert!(changed.is_none());
    }
}

#[test]
fn every_way_to_be_refused_has_its_code() {
    let mut delegation = bare("x.example.com", DNSClass::IN, RecordType::NS);
    delegation.data = RData::NS(hickory_proto::rr::rdata::NS(name("evil.test")));
    let mut twice = update_of("example.com");
    twice.add_query(twice.queries[0].clone());
    let bare_add = bare("x.example.com", DNSClass::IN, RecordType::A);
    let cases = [
        (
            "name outside the patterns",
            adding("corp.example", &["a.corp.example 1 A 192.0.2.1"]),
            ResponseCode::Refused,
        ),
        (
            "zone without grant",
            adding("home.arpa", &["a.home.arpa 1 A 192.0.2.1"]),
            ResponseCode::Refused,
        ),
        (
            "no zone of ours",
            adding("example.net", &["a.example.net 1 A 192.0.2.1"]),
            ResponseCode::NotAuth,
        ),
        (
            "name outside the zone",
            adding("example.com", &["a.corp.example 1 A 192.0.2.1"]),
            ResponseCode::NotZone,
        ),
        ("type NS", changing(delegation), ResponseCode::Refused),
        (
            "name of the configuration",
            adding("example.com", &["fixed.example.com 1 A 192.0.2.1"]),
            ResponseCode::Refused,
        ),
        ("two zones", twice, ResponseCode::FormErr),
        ("no data", changing(bare_add), ResponseCode::FormErr),
    ];

    for (why, message, expected) in cases {
        assert_eq!(
            outcome(&authority(), &lab_key(), &message).1,
            expected,
            "{why}"
        );
    }
}

#[test]
fn promise_5_a_name_points_at_a_vip_only_if_the_policy_allows_that_zone_to_that_key() {
    let mut settings = settings();
    let other = Key::new("other", "hmac-sha256", vec![9; 32]).expect("key");
    settings.grants.push(Grant {
        key: other.clone(),
        zones: vec![settings.grants[0].zones[1].clone()],
        facts: Vec::new(),
    });
    let authority = Authority::new(settings, &crate::Saved::default(), NOW);
    let authority = updated(
        &authority,
        &adding("corp.example", &["a.apps.corp.example 1 A 192.0.2.1"]),
    );

    let elsewhere = adding("example.com", &["a.example.com 1 A 192.0.2.2"]);
    let not_its_own = adding("corp.example", &["a.apps.corp.example 1 A 192.0.2.2"]);
    let its_own = adding("corp.example", &["b.apps.corp.example 1 A 192.0.2.2"]);

    assert_eq!(
        outcome(&authority, &other, &elsewhere).1,
        ResponseCode::Refused
    );
    assert_eq!(
        outcome(&authority, &other, &not_its_own).1,
        ResponseCode::Refused
    );
    assert_eq!(
        outcome(&authority, &other, &its_own).1,
        ResponseCode::NoError
    );
}

#[test]
fn promise_5_no_lease_ever_replaces_another_sources_name() {
    let mut settings = settings();
    settings.grants[0].zones.push(ZoneGrant {
        zone: name("home.arpa"),
        names: vec!["*".parse().expect("pattern")],
    });
    let authority = Authority::new(settings, &crate::Saved::default(), NOW);
    let authority = updated(
        &authority,
        &adding("home.arpa", &["app.home.arpa 1 A 10.10.10.10"]),
    );
    let lease = |host: &str, address: &str| LeaseName {
        name: host.to_string(),
        address: crate::testing::address(address),
        reserved: false,
    };

    let leased = authority.with_leases(&[
        lease("nas", "192.168.1.66"),
        lease("app", "192.168.1.67"),
        lease("router", "192.168.1.68"),
        lease("laptop", "192.168.1.69"),
    ]);
    let taken = updated(
        &leased,
        &adding("home.arpa", &["laptop.home.arpa 1 A 10.10.10.11"]),
    );

    let address = |asked: &str| answers(&reply(&taken, asked, RecordType::A)).join(" ");
    assert_eq!(address("nas.home.arpa"), "nas.home.arpa 60 A 192.168.1.10");
    assert_eq!(address("app.home.arpa"), "app.home.arpa 1 A 10.10.10.10");
    assert_eq!(
        address("router.home.arpa"),
        "router.home.arpa 60 A 192.168.1.200"
    );
    assert_eq!(
        address("laptop.home.arpa"),
        "laptop.home.arpa 1 A 10.10.10.11"
    );
}

#[test]
fn prerequisites_hold_or_nothing_changes() {
    use ResponseCode as Code;
    let start = updated(
        &authority(),
        &adding("example.com", &["w.example.com 30 A 10.10.10.10"]),
    );
    let (in_use, not_in_use) = (DNSClass::ANY, DNSClass::NONE);
    let (any, a, txt) = (RecordType::ANY, RecordType::A, RecordType::TXT);
    let cases = [
        ("w.example.com", in_use, any, Code::NoError),
        ("w.example.com", not_in_use, any, Code::YXDomain),
        ("x.example.com", in_use, any, Code::NXDomain),
        ("x.example.com", not_in_use, any, Code::NoError),
        ("w.example.com", in_use, a, Code::NoError),
        ("w.example.com", in_use, txt, Code::NXRRSet),
        ("w.example.com", not_in_use, a, Code::YXRRSet),
        ("w.example.com", not_in_use, txt, Code::NoError),
        ("example.com", in_use, RecordType::SOA, Code::NoError),
        ("x.example.net", in_use, a, Code::NotZone),
        ("w.example.com", DNSClass::CH, a, Code::FormErr),
    ];

    for (owner, class, kind, expected) in cases {
        let mut message = adding("example.com", &["new.example.com 30 A 10.10.10.12"]);
        message.add_answer(bare(owner, class, kind));
        let (changed, code) = outcome(&start, &lab_key(), &message);

        assert_eq!(code, expected, "{owner} {class} {kind}");
        assert_eq!(changed.is_some(), expected == Code::NoError);
    }
}

#[test]
fn a_set_must_match_exactly_not_in_part() {
    let start = updated(
        &authority(),
        &adding(
            "example.com",
            &[
                "w.example.com 30 A 10.10.10.10",
                "w.example.com 30 A 10.10.10.11",
            ],
        ),
    );
    let mut message = update_of("example.com");
    message.add_answer(record("w.example.com 0 A 10.10.10.10"));

    assert_eq!(
        outcome(&start, &lab_key(), &message).1,
        ResponseCode::NXRRSet
    );

    message.add_answer(record("w.example.com 0 A 10.10.10.11"));
    assert_eq!(
        outcome(&start, &lab_key(), &message).1,
        ResponseCode::NoError
    );
}

#[test]
fn a_lease_is_invisible_to_prerequisites() {
    let mut settings = settings();
    settings.grants[0].zones.push(ZoneGrant {
        zone: name("home.arpa"),
        names: vec!["*".parse().expect("pattern")],
    });
    let lease = LeaseName {
        name: "tv".to_string(),
        address: address("192.168.1.70"),
        reserved: false,
    };
    let authority = Authority::new(settings, &crate::Saved::default(), NOW).with_leases(&[lease]);
    let mut message = adding("home.arpa", &["tv.home.arpa 1 A 10.10.10.10"]);
    message.add_answer(bare("tv.home.arpa", DNSClass::NONE, RecordType::ANY));

    assert_eq!(
        outcome(&authority, &lab_key(), &message).1,
        ResponseCode::NoError
    );
}

#[test]
fn an_unsigned_update_is_refused() {
    let wire = bytes(&adding(
        "example.com",
        &["www.example.com 30 A 10.10.10.10"],
    ));

    let answer = authority().answer(&wire, laptop(), crate::Transport::Udp, NOW);

    assert_eq!(code(&read(answer)), ResponseCode::Refused);
}

#[test]
fn what_a_key_holds_below_a_name_of_the_configuration_it_may_still_take_away() {
    let start = updated(
        &authority(),
        &adding("example.com", &["w.example.com 30 A 10.10.10.10"]),
    );
    let mut settings = settings();
    settings
        .records
        .push((name("w.example.com"), data("A", "192.168.1.12")));
    let shadowed = start.reconfigured(settings, NOW);

    let gone = updated(
        &shadowed,
        &changing(bare("w.example.com", DNSClass::ANY, RecordType::ANY)),
    );

    assert_eq!(
        answers(&reply(&gone, "w.example.com", RecordType::A)),
        ["w.example.com 60 A 192.168.1.12"]
    );
    assert_eq!(gone.saved(), crate::Saved::default());
}

fn changing(entry: Record) -> Message {
    let zone = name(&entry.name.to_ascii()).base_name().to_ascii();
    let mut message = update_of(&zone);
    message.add_authority(entry);
    message
}

fn held(authority: &Authority, owner: &str) -> usize {
    authority
        .zones
        .node(&name(owner))
        .map_or(0, |node| node.records().len())
}

fn serial(authority: &Authority, zone: &str) -> u32 {
    authority.zones.at(&name(zone)).expect("zone").serial()
}
