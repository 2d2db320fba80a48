//! A small world for the tests: the README's network, and questions as one would type them.

use std::{net::IpAddr, str::FromStr};

use hickory_proto::{
    op::{Edns, Message, MessageType, OpCode, Query, ResponseCode},
    rr::{
        DNSClass, Name, RData, Record, RecordType,
        rdata::{A, AAAA, CNAME, TXT},
    },
    serialize::binary::BinEncodable,
};

use crate::{Answer, Authority, Grant, Key, Saved, Settings, Transport, ZoneGrant, ZoneSettings};

/// Saturday, 21 November 2026.
pub(crate) const NOW: u64 = 1_795_219_200;
/// The key that cluster `lab` and the router share.
pub(crate) const SHARED: [u8; 32] = [7; 32];

pub(crate) fn name(text: &str) -> Name {
    let mut name = Name::from_str(text).expect("name");
    name.set_fqdn(true);
    name
}

pub(crate) fn lab_key() -> Key {
    Key::derive(&SHARED, "lab").expect("key")
}

/// A record as in a zone file: `www.example.com 30 A 10.10.10.10`.
pub(crate) fn record(text: &str) -> Record {
    let mut fields = text.splitn(4, ' ');
    let owner = name(fields.next().expect("owner"));
    let ttl = fields.next().and_then(|ttl| ttl.parse().ok()).expect("TTL");
    let kind = fields.next().expect("type");
    let value = fields.next().expect("value");
    Record::from_rdata(owner, ttl, data(kind, value))
}

pub(crate) fn data(kind: &str, value: &str) -> RData {
    match kind {
        "A" => RData::A(A(value.parse().expect("IPv4"))),
        "AAAA" => RData::AAAA(AAAA(value.parse().expect("IPv6"))),
        "CNAME" => RData::CNAME(CNAME(name(value))),
        "TXT" => RData::TXT(TXT::new(vec![value.to_string()])),
        other => panic!("type {other}"),
    }
}

/// The README's router: `home.arpa`, a cluster `lab` that may name what it likes below `example.com` and `*.apps` in
/// `corp.example`, which does not fall through.
pub(crate) fn settings() -> Settings {
    let zone = |text: &str, fallthrough| ZoneSettings {
        name: name(text),
        fallthrough,
    };
    let grant = |zone: &str, pattern: &str| ZoneGrant {
        zone: name(zone),
        names: vec![pattern.parse().expect("pattern")],
    };
    Settings {
        server: name("router.home.arpa"),
        addresses: vec![address("192.168.1.200")],
        domain: name("home.arpa"),
        zones: vec![
            zone("home.arpa", false),
            zone("example.com", true),
            zone("corp.example", false),
        ],
        records: vec![
            (name("nas.home.arpa"), data("A", "192.168.1.10")),
            (name("fixed.example.com"), data("A", "192.168.1.11")),
        ],
        grants: vec![Grant {
            key: lab_key(),
            zones: vec![grant("example.com", "*"), grant("corp.example", "*.apps")],
            facts: vec![
                "address=192.168.1.200".to_string(),
                "pool=10.10.10.0/24".to_string(),
            ],
        }],
        clients: vec!["192.168.1.0/24".parse().expect("prefix")],
    }
}

pub(crate) fn authority() -> Authority {
    Authority::new(settings(), &Saved::default(), NOW)
}

/// The same with these records from the configuration.
pub(crate) fn authority_with(records: &[&str]) -> Authority {
    let mut settings = settings();
    settings.records.extend(records.iter().map(|text| {
        let record = record(text);
        (record.name, record.data)
    }));
    Authority::new(settings, &Saved::default(), NOW)
}

pub(crate) fn address(text: &str) -> IpAddr {
    text.parse().expect("address")
}

pub(crate) fn laptop() -> IpAddr {
    address("192.168.1.20")
}

pub(crate) fn query(asked: &str, kind: RecordType) -> Message {
    let mut message = Message::new(4711, MessageType::Query, OpCode::Query);
    message.metadata.recursion_desired = true;
    message.add_query(Query::query(name(asked), kind));
    message
}

pub(crate) fn with_edns(mut message: Message, payload: u16) -> Message {
    let mut edns = Edns::new();
    edns.set_max_payload(payload);
    message.set_edns(edns);
    message
}

pub(crate) fn bytes(message: &Message) -> Vec<u8> {
    message.to_bytes().expect("encodes")
}

/// Asks by UDP from the laptop.
pub(crate) fn ask(authority: &Authority, asked: &str, kind: RecordType) -> Answer {
    authority.answer(&bytes(&query(asked, kind)), laptop(), Transport::Udp, NOW)
}

/// Asks by UDP from the laptop, for a question that is not forwarded.
pub(crate) fn reply(authority: &Authority, asked: &str, kind: RecordType) -> Message {
    read(ask(authority, asked, kind))
}

pub(crate) fn read(answer: Answer) -> Message {
    match answer {
        Answer::Reply(reply) => Message::from_vec(&reply.wire).expect("reply reads"),
        other => panic!("expected a reply, got {other:?}"),
    }
}

/// Sends a signed message by TCP from the laptop.
pub(crate) fn send_signed(authority: &Authority, key: &Key, message: &Message) -> Answer {
    let mut wire = bytes(message);
    key.sign_request(&mut wire, message.metadata.id, NOW);
    authority.answer(&wire, laptop(), Transport::Tcp, NOW)
}

/// One line per answer: `owner TTL type value`.
pub(crate) fn answers(message: &Message) -> Vec<String> {
    message.answers.iter().map(show).collect()
}

pub(crate) fn show(record: &Record) -> String {
    format!(
        "{} {} {} {}",
        record.name.to_ascii().trim_end_matches('.'),
        record.ttl,
        record.record_type(),
        record.data
    )
}

pub(crate) fn code(message: &Message) -> ResponseCode {
    message.metadata.response_code
}

/// An empty UPDATE of a zone.
pub(crate) fn update_of(zone: &str) -> Message {
    let mut message = Message::new(42, MessageType::Query, OpCode::Update);
    message.add_query(Query::query(name(zone), RecordType::SOA));
    message
}

/// An UPDATE that adds records.
pub(crate) fn adding(zone: &str, records: &[&str]) -> Message {
    let mut message = update_of(zone);
    message.add_authorities(records.iter().map(|text| record(text)));
    message
}

/// An entry without data: class ANY or NONE (RFC 2136, 2.4 and 2.5).
pub(crate) fn bare(owner: &str, class: DNSClass, kind: RecordType) -> Record {
    let mut record = Record::update0(name(owner), 0, kind);
    record.dns_class = class;
    record
}

/// Applies an UPDATE that must be accepted.
pub(crate) fn updated(authority: &Authority, message: &Message) -> Authority {
    match outcome(authority, &lab_key(), message) {
        (Some(authority), ResponseCode::NoError) => authority,
        (_, code) => panic!("update was answered with {code}"),
    }
}

/// Applies an UPDATE; the zones, if they changed, and the code of the reply.
pub(crate) fn outcome(
    authority: &Authority,
    key: &Key,
    message: &Message,
) -> (Option<Authority>, ResponseCode) {
    match send_signed(authority, key, message) {
        Answer::Update(update) => {
            let updated = authority.update(&update, NOW);
            let reply = Message::from_vec(&updated.reply).expect("reply reads");
            (updated.authority, code(&reply))
        }
        other => (None, code(&read(other))),
    }
}
