mod proptests;

use hickory_proto::{
    op::{OpCode, ResponseCode},
    rr::{DNSClass, RecordType},
};

use super::*;
use crate::{Resolution, testing::*};

#[test]
fn a_name_of_ours_is_answered_with_authority() {
    let reply = reply(&authority(), "nas.home.arpa", RecordType::A);

    assert_eq!(answers(&reply), ["nas.home.arpa 60 A 192.168.1.10"]);
    assert!(reply.metadata.authoritative);
    assert_eq!(reply.metadata.id, 4711);
}

#[test]
fn upper_and_lower_case_do_not_count() {
    let reply = reply(&authority(), "NAS.Home.ARPA", RecordType::A);

    assert_eq!(reply.answers.len(), 1);
}

#[test]
fn a_type_that_a_name_lacks_is_no_data_with_the_soa_even_below_a_fallthrough_zone() {
    let reply = reply(&authority(), "fixed.example.com", RecordType::AAAA);

    assert_eq!(code(&reply), ResponseCode::NoError);
    assert!(reply.answers.is_empty());
    assert_eq!(reply.authorities[0].record_type(), RecordType::SOA);
    assert_eq!(reply.authorities[0].ttl, NEGATIVE_TTL_SECS);
}

#[test]
fn a_missing_name_does_not_exist_where_the_zone_does_not_fall_through() {
    let reply = reply(&authority(), "nobody.home.arpa", RecordType::A);

    assert_eq!(code(&reply), ResponseCode::NXDomain);
    assert_eq!(
        show(&reply.authorities[0]).split(' ').next(),
        Some("home.arpa")
    );
}

#[test]
fn a_missing_name_of_a_fallthrough_zone_is_asked_upstream() {
    let answer = ask(&authority(), "shop.example.com", RecordType::A);

    assert!(matches!(answer, Answer::Forward(_)), "{answer:?}");
}

#[test]
fn the_apex_of_a_fallthrough_zone_is_asked_upstream_but_for_soa_and_ns() {
    let authority = authority();

    let address = ask(&authority, "example.com", RecordType::A);
    let soa = reply(&authority, "example.com", RecordType::SOA);
    let ns = reply(&authority, "example.com", RecordType::NS);

    assert!(matches!(address, Answer::Forward(_)));
    assert_eq!(soa.answers[0].record_type(), RecordType::SOA);
    assert_eq!(answers(&ns), ["example.com 60 NS router.home.arpa."]);
    assert_eq!(
        show(&ns.additionals[0]),
        "router.home.arpa 60 A 192.168.1.200"
    );
}

#[test]
fn no_such_name_from_upstream_does_not_deny_the_names_below_that_are_ours() {
    let authority = authority_with(&["a.b.example.com 60 A 192.168.1.12"]);

    let Answer::Forward(forward) = ask(&authority, "b.example.com", RecordType::A) else {
        panic!("a name that only has names below it is not held here");
    };
    let nothing = Resolution::NoName {
        chain: Vec::new(),
        soa: None,
    };
    let reply = Message::from_vec(&forward.finish(&nothing, NOW)).expect("reads");

    assert_eq!(code(&reply), ResponseCode::NoError);
}

#[test]
fn names_outside_all_zones_are_asked_upstream_if_recursion_is_desired() {
    let mut without = query("www.example.net", RecordType::A);
    without.metadata.recursion_desired = false;

    let with = ask(&authority(), "www.example.net", RecordType::A);
    let without = authority().answer(&bytes(&without), laptop(), Transport::Udp, NOW);

    assert!(matches!(with, Answer::Forward(_)));
    assert_eq!(code(&read(without)), ResponseCode::Refused);
}

#[test]
fn special_names_never_leave() {
    let authority = authority();
    let names = [
        "printer.local",
        "tablet.home.arpa",
        "1.2.168.192.in-addr.arpa",
        "9.9.20.172.in-addr.arpa",
        "1.70.100.in-addr.arpa",
        "x.test",
        "site.onion",
        "1.0.0.d.f.ip6.arpa",
    ];

    for asked in names {
        assert_eq!(
            code(&reply(&authority, asked, RecordType::PTR)),
            ResponseCode::NXDomain,
            "{asked}"
        );
    }
}

#[test]
fn localhost_is_the_asking_host_itself() {
    let authority = authority();

    let v4 = reply(&authority, "localhost", RecordType::A);
    let below = reply(&authority, "app.localhost", RecordType::AAAA);
    let back = reply(&authority, "1.0.0.127.in-addr.arpa", RecordType::PTR);

    assert_eq!(answers(&v4), ["localhost 3600 A 127.0.0.1"]);
    assert_eq!(answers(&below), ["app.localhost 3600 AAAA ::1"]);
    assert_eq!(
        answers(&back),
        ["1.0.0.127.in-addr.arpa 3600 PTR localhost."]
    );
}

#[test]
fn a_host_outside_the_allowed_prefixes_is_refused() {
    let wire = bytes(&query("nas.home.arpa", RecordType::A));

    let answer = authority().answer(&wire, address("203.0.113.99"), Transport::Udp, NOW);

    assert_eq!(code(&read(answer)), ResponseCode::Refused);
}

#[test]
fn an_alias_is_followed_within_our_data_across_zones() {
    let authority = authority_with(&["files.corp.example 60 CNAME nas.home.arpa"]);

    let reply = reply(&authority, "files.corp.example", RecordType::A);

    assert_eq!(
        answers(&reply),
        [
            "files.corp.example 60 CNAME nas.home.arpa.",
            "nas.home.arpa 60 A 192.168.1.10"
        ]
    );
}

#[test]
fn an_alias_that_leads_out_is_followed_upstream() {
    let authority = authority_with(&["cdn.corp.example 60 CNAME www.example.net"]);

    let Answer::Forward(forward) = ask(&authority, "cdn.corp.example", RecordType::A) else {
        panic!("expected a question for upstream");
    };
    let found = Resolution::Records(vec![record("www.example.net 300 A 203.0.113.80")]);
    let reply = Message::from_vec(&forward.finish(&found, NOW)).expect("reads");

    assert_eq!(forward.query().name(), &name("www.example.net"));
    assert_eq!(reply.queries[0].name(), &name("cdn.corp.example"));
    assert_eq!(reply.answers.len(), 2);
    assert!(!reply.metadata.authoritative);
}

#[test]
fn a_loop_of_aliases_ends() {
    let authority = authority_with(&[
        "a.corp.example 60 CNAME b.corp.example",
        "b.corp.example 60 CNAME a.corp.example",
    ]);

    let reply = reply(&authority, "a.corp.example", RecordType::A);

    assert!(reply.answers.len() <= 8);
}

#[test]
fn the_end_of_an_alias_decides_the_code() {
    let authority = authority_with(&["dead.corp.example 60 CNAME nobody.corp.example"]);

    let reply = reply(&authority, "dead.corp.example", RecordType::A);

    assert_eq!(code(&reply), ResponseCode::NXDomain);
    assert_eq!(reply.answers.len(), 1);
}

#[test]
fn any_is_answered_with_one_set() {
    let authority = authority_with(&[
        "multi.corp.example 60 A 192.0.2.1",
        "multi.corp.example 60 A 192.0.2.2",
        "multi.corp.example 60 TXT hello",
    ]);

    let reply = reply(&authority, "multi.corp.example", RecordType::ANY);

    assert_eq!(reply.answers.len(), 2);
    assert!(
        reply
            .answers
            .iter()
            .all(|record| record.record_type() == RecordType::A)
    );
}

#[test]
fn an_address_of_ours_points_back_to_its_most_specific_name() {
    let authority = authority_with(&[
        "www.corp.example 60 A 10.10.10.10",
        "deep.www.corp.example 60 A 10.10.10.10",
        "*.corp.example 60 A 10.10.10.10",
    ]);

    let pointer = reply(&authority, "10.10.10.10.in-addr.arpa", RecordType::PTR);
    let parent = reply(&authority, "10.10.10.in-addr.arpa", RecordType::PTR);

    assert_eq!(
        answers(&pointer),
        ["10.10.10.10.in-addr.arpa 60 PTR deep.www.corp.example."]
    );
    assert_eq!(
        code(&parent),
        ResponseCode::NoError,
        "an empty non-terminal exists"
    );
}

#[test]
fn a_public_address_of_ours_points_back_without_a_reverse_zone() {
    let authority = authority_with(&["web.corp.example 60 A 9.9.9.200"]);

    let ours = reply(&authority, "200.9.9.9.in-addr.arpa", RecordType::PTR);
    let other = ask(&authority, "201.9.9.9.in-addr.arpa", RecordType::PTR);

    assert_eq!(
        answers(&ours),
        ["200.9.9.9.in-addr.arpa 60 PTR web.corp.example."]
    );
    assert!(matches!(other, Answer::Forward(_)));
}

#[test]
fn a_reply_by_udp_never_exceeds_1232_octets_and_says_that_it_was_cut() {
    let records: Vec<String> = (0..200)
        .map(|host| format!("big.corp.example 60 A 192.0.2.{host}"))
        .collect();
    let records: Vec<&str> = records.iter().map(String::as_str).collect();
    let authority = authority_with(&records);
    let asked = query("big.corp.example", RecordType::A);

    let plain = authority.answer(&bytes(&asked), laptop(), Transport::Udp, NOW);
    let greedy = with_edns(asked.clone(), 4096);
    let clamped = authority.answer(&bytes(&greedy), laptop(), Transport::Udp, NOW);
    let stream = read(authority.answer(&bytes(&asked), laptop(), Transport::Tcp, NOW));

    for (answer, limit) in [(plain, 512), (clamped, 1232)] {
        let Answer::Reply(reply) = answer else {
            panic!("expected a reply")
        };
        assert!(reply.wire.len() <= limit);
        assert!(
            Message::from_vec(&reply.wire)
                .expect("reads")
                .metadata
                .truncation
        );
    }
    assert_eq!(stream.answers.len(), 200);
    assert!(!stream.metadata.truncation);
}

#[test]
fn edns_is_answered_with_edns_and_an_unknown_version_with_badvers() {
    let mut newer = with_edns(query("nas.home.arpa", RecordType::A), 4096);
    newer.edns.as_mut().expect("EDNS").set_version(1);
    let known = with_edns(query("nas.home.arpa", RecordType::A), 4096);

    let newer = read(authority().answer(&bytes(&newer), laptop(), Transport::Udp, NOW));
    let known = read(authority().answer(&bytes(&known), laptop(), Transport::Udp, NOW));

    // BADSIG has the same number.
    assert_eq!(u16::from(code(&newer)), u16::from(ResponseCode::BADVERS));
    assert_eq!(known.edns.expect("EDNS").max_payload(), 1232);
}

#[test]
fn what_cannot_be_read_is_a_format_error_and_a_reply_is_not_answered() {
    let authority = authority();
    let mut broken = bytes(&query("nas.home.arpa", RecordType::A));
    broken.truncate(20);
    let mut reply = query("nas.home.arpa", RecordType::A);
    reply.metadata.message_type = MessageType::Response;

    let to_broken = authority.answer(&broken, laptop(), Transport::Udp, NOW);
    let to_reply = authority.answer(&bytes(&reply), laptop(), Transport::Udp, NOW);
    let to_nothing = authority.answer(&[0; 5], laptop(), Transport::Udp, NOW);

    let to_broken = read(to_broken);
    assert_eq!(code(&to_broken), ResponseCode::FormErr);
    assert_eq!(to_broken.metadata.id, 4711);
    assert!(matches!(to_reply, Answer::Silence));
    assert!(matches!(to_nothing, Answer::Silence));
}

#[test]
fn other_opcodes_classes_and_meta_types_are_turned_away() {
    let authority = authority();
    let mut notify = query("home.arpa", RecordType::SOA);
    notify.metadata.op_code = OpCode::Notify;
    let mut chaos = query("version.bind", RecordType::TXT);
    chaos.queries[0].set_query_class(DNSClass::CH);
    let transfer = query("home.arpa", RecordType::AXFR);

    let answer = |message: &Message| {
        code(&read(authority.answer(
            &bytes(message),
            laptop(),
            Transport::Tcp,
            NOW,
        )))
    };

    assert_eq!(answer(&notify), ResponseCode::NotImp);
    assert_eq!(answer(&chaos), ResponseCode::Refused);
    assert_eq!(
        answer(&transfer),
        ResponseCode::Refused,
        "an unsigned transfer"
    );
}

#[test]
fn a_signed_question_is_answered_from_our_zones_only() {
    let authority = authority();
    let below = query("www.example.com", RecordType::SOA);
    let foreign = query("www.example.net", RecordType::SOA);

    let below = read(send_signed(&authority, &lab_key(), &below));
    let foreign = read(send_signed(&authority, &lab_key(), &foreign));

    assert_eq!(code(&below), ResponseCode::NXDomain);
    assert_eq!(
        below.authorities[0].name,
        name("example.com"),
        "tells the zone"
    );
    assert!(below.signature().is_some());
    assert_eq!(code(&foreign), ResponseCode::Refused);
}

#[test]
fn the_router_describes_itself_to_the_holder_of_a_key_only() {
    let authority = authority();
    let asked = query("_lanlord.lab", RecordType::TXT);

    let signed = read(send_signed(&authority, &lab_key(), &asked));
    let unsigned = reply(&authority, "_lanlord.lab", RecordType::TXT);

    let RData::TXT(texts) = &signed.answers[0].data else {
        panic!("expected TXT")
    };
    assert_eq!(&*texts.txt_data[0], b"address=192.168.1.200");
    assert_eq!(&*texts.txt_data[1], b"pool=10.10.10.0/24");
    assert_eq!(code(&unsigned), ResponseCode::Refused);
}

#[test]
fn a_signature_by_an_unknown_key_or_with_a_wrong_secret_is_refused_unsigned() {
    let authority = authority();
    let asked = query("nas.home.arpa", RecordType::A);
    let stranger = crate::Key::new("stranger", "hmac-sha256", vec![1; 32]).expect("key");
    let imposter = crate::Key::new("lab", "hmac-sha256", vec![1; 32]).expect("key");

    for (key, error) in [(stranger, TsigError::BadKey), (imposter, TsigError::BadSig)] {
        let reply = read(send_signed(&authority, &key, &asked));
        let signature = reply.signature().expect("a TSIG record");

        assert_eq!(code(&reply), ResponseCode::NotAuth);
        assert_eq!(signature.data.error, Some(error));
        assert!(signature.data.mac.is_empty());
    }
}

#[test]
fn a_signature_from_another_time_is_refused_with_the_clock_of_the_router() {
    let authority = authority();
    let asked = query("nas.home.arpa", RecordType::A);
    let mut wire = bytes(&asked);
    lab_key().sign_request(&mut wire, asked.metadata.id, NOW - 301);

    let reply = read(authority.answer(&wire, laptop(), Transport::Udp, NOW));

    let signature = reply.signature().expect("a TSIG record");
    assert_eq!(signature.data.error, Some(TsigError::BadTime));
    assert_eq!(signature.data.other, NOW.to_be_bytes()[2..]);
    assert!(!signature.data.mac.is_empty(), "this error is signed");
}
