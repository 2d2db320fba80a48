//! The distribution's dig and nsupdate against the server.

mod support;

use std::{net::Ipv4Addr, path::Path};

use names::Resolver;
use support::{DIG_KEY, Server, settings};

#[tokio::test(flavor = "multi_thread")]
async fn dig_gets_names_by_udp_and_by_tcp() {
    let state = tempfile::tempdir().expect("directory");
    let server = start(state.path());

    for transport in ["+notcp", "+tcp"] {
        let answer = server
            .dig(&format!("{transport} +short nas.home.arpa"))
            .await;
        let nothing = server.dig(&format!("{transport} nobody.home.arpa")).await;
        let back = server
            .dig(&format!("{transport} +short -x 192.168.1.10"))
            .await;

        assert_eq!(answer, "192.168.1.10", "{transport}");
        assert!(nothing.contains("status: NXDOMAIN"), "{nothing}");
        assert!(
            nothing.contains("home.arpa.\t\t5\tIN\tSOA\trouter.home.arpa."),
            "{nothing}"
        );
        assert_eq!(back, "nas.home.arpa.", "{transport}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn dig_is_told_of_an_edns_version_that_nobody_has() {
    let state = tempfile::tempdir().expect("directory");

    let answer = start(state.path())
        .dig("+edns=1 +noednsneg nas.home.arpa")
        .await;

    assert!(answer.contains("status: BADVERS"), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nsupdate_puts_a_name_there_and_takes_it_away() {
    let state = tempfile::tempdir().expect("directory");
    let server = start(state.path());

    let put = server
        .nsupdate("update add www.example.com 30 A 10.10.10.10")
        .await;
    let there = server.dig("+short www.example.com").await;
    let back = server.dig("+short -x 10.10.10.10").await;
    let away = server.nsupdate("update delete www.example.com").await;
    let counts = server.responder.counters().read();

    assert_eq!((put.as_str(), away.as_str()), ("", ""));
    assert_eq!(there, "10.10.10.10");
    assert_eq!(back, "www.example.com.");
    assert_eq!(counts.updates_accepted, 2);
    let gone = server.dig("+norecurse www.example.com").await;
    assert!(
        gone.contains("status: REFUSED"),
        "asked upstream again: {gone}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn nsupdate_is_refused_what_the_policy_does_not_allow_and_the_refusal_is_counted() {
    let state = tempfile::tempdir().expect("directory");
    let server = start(state.path());

    let name = server
        .nsupdate("zone corp.example\nupdate add mail.corp.example 30 A 10.10.10.10")
        .await;
    let held = server
        .nsupdate("zone example.com\nupdate add fixed.example.com 30 A 10.10.10.10")
        .await;
    let condition = server
        .nsupdate("zone example.com\nprereq yxdomain no.example.com\nupdate add a.example.com 1 A 10.1.1.1")
        .await;
    let counts = server.responder.counters().read();

    assert!(name.contains("update failed: REFUSED"), "{name}");
    assert!(held.contains("update failed: REFUSED"), "{held}");
    assert!(condition.contains("update failed: NXDOMAIN"), "{condition}");
    let reasons: Vec<(&str, u64)> = counts.updates_refused.into_iter().collect();
    let expected = [
        ("NameHeldByAnother", 1),
        ("NameNotGranted", 1),
        ("PrerequisiteFailed", 1),
    ];
    assert_eq!(reasons, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn dig_transfers_a_zone_with_the_key_and_not_without() {
    let state = tempfile::tempdir().expect("directory");
    let server = start(state.path());
    for part in 0..5 {
        let lines: Vec<String> = (0..50)
            .map(|host| format!("update add h{part}-{host}.example.com 30 A 10.10.{part}.{host}"))
            .collect();
        assert_eq!(server.nsupdate(&lines.join("\n")).await, "");
    }

    let with = server.dig(&format!("-y {DIG_KEY} example.com AXFR")).await;
    let without = server.dig("example.com AXFR").await;

    assert!(with.contains("messages 3"), "{with}");
    assert_eq!(with.matches("IN\tA\t10.10.").count(), 250);
    assert_eq!(with.matches("IN\tSOA").count(), 2);
    assert!(!with.contains("could not be validated"), "{with}");
    assert!(without.contains("Transfer failed"), "{without}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signed_question_gets_a_signed_answer() {
    let state = tempfile::tempdir().expect("directory");
    let server = start(state.path());

    let facts = server
        .dig(&format!("-y {DIG_KEY} +short _lanlord.lab TXT"))
        .await;
    let wrong = "hmac-sha256:lab:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    let imposter = server.dig(&format!("-y {wrong} nas.home.arpa")).await;

    assert!(
        facts.starts_with("\"address=192.168.1.200\" \"dhcp="),
        "{facts}"
    );
    assert!(imposter.contains("status: NOTAUTH"), "{imposter}");
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_4_names_still_resolve_after_power_was_lost() {
    let state = tempfile::tempdir().expect("directory");
    let before = start(state.path());
    assert_eq!(
        before
            .nsupdate("update add www.example.com 30 A 10.10.10.10")
            .await,
        ""
    );
    let serial = |line: &str| -> u32 {
        let serial = line
            .split_whitespace()
            .nth(2)
            .and_then(|text| text.parse().ok());
        serial.expect("serial")
    };
    let serial_before = serial(&before.dig("+short example.com SOA").await);
    drop(before);

    let after = start(state.path());

    assert_eq!(after.dig("+short www.example.com").await, "10.10.10.10");
    assert!(serial(&after.dig("+short example.com SOA").await) > serial_before);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_that_cannot_be_stored_is_not_confirmed_and_not_answered() {
    let state = tempfile::tempdir().expect("directory");
    let server = start(state.path());
    // A folder where the file should be: even root cannot write it.
    std::fs::create_dir_all(state.path().join("zones/example.com.json/x")).expect("make");

    let said = server
        .nsupdate("update add www.example.com 30 A 10.10.10.10")
        .await;

    assert!(said.contains("update failed: SERVFAIL"), "{said}");
    assert_eq!(server.dig("+short +norecurse www.example.com").await, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_we_do_not_hold_is_asked_upstream_once_and_remembered() {
    let state = tempfile::tempdir().expect("directory");
    let other = upstream_server(state.path());
    let plain = Resolver::Plain(other.address);
    let server = Server::start(settings(), &state.path().join("ours"), &[plain]);

    let first = server.dig("+short www.example.net").await;
    let second = server.dig("+short www.example.net").await;
    let absent = server.dig("nobody.example.net").await;
    let fallthrough = server.dig("nobody.example.com").await;
    let status = server.responder.upstream().status();

    assert_eq!(
        (first.as_str(), second.as_str()),
        ("203.0.113.80", "203.0.113.80")
    );
    assert!(
        absent.contains("status: NXDOMAIN") && absent.contains("SOA"),
        "{absent}"
    );
    assert!(fallthrough.contains("status: NXDOMAIN"), "{fallthrough}");
    assert_eq!((status.asked, status.hits, status.failed), (3, 1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upstream_name_must_not_point_into_the_lan() {
    let state = tempfile::tempdir().expect("directory");
    let other = upstream_server(state.path());
    let plain = Resolver::Plain(other.address);
    let server = Server::start(settings(), &state.path().join("ours"), &[plain]);

    let rebound = server.dig("evil.example.net").await;
    let own = server.dig("+short inside.example.com").await;

    assert!(
        rebound.contains("status: NOERROR") && rebound.contains("ANSWER: 0"),
        "{rebound}"
    );
    assert_eq!(own, "192.168.7.7", "a zone of the configuration may");
    assert_eq!(server.responder.upstream().status().stripped, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_who_ask_the_same_at_once_cost_one_question_upstream() {
    let state = tempfile::tempdir().expect("directory");
    let silent = tokio::net::UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))
        .await
        .expect("bind");
    let plain = Resolver::Plain(silent.local_addr().expect("address"));
    let server = Server::start(settings(), state.path(), &[plain]);

    let asks = (0..8).map(|_| server.dig("slow.example.net"));
    let answers = futures::future::join_all(asks).await;

    let status = server.responder.upstream().status();
    assert!(
        answers.iter().all(|answer| answer.contains("SERVFAIL")),
        "{answers:?}"
    );
    assert_eq!((status.asked, status.failed), (1, 1));
    assert_eq!(status.merged + status.hits, 7);
}

fn start(state: &Path) -> Server {
    Server::start(settings(), state, &[])
}

/// A server that plays the Internet: a zone with a public and with private addresses.
fn upstream_server(state: &Path) -> Server {
    let mut elsewhere = settings();
    let address = |octets: [u8; 4]| {
        hickory_proto::rr::RData::A(hickory_proto::rr::rdata::A(Ipv4Addr::from(octets)))
    };
    elsewhere.grants.clear();
    elsewhere.zones = ["example.net", "example.com"]
        .map(|zone| dns::ZoneSettings {
            name: support::name(zone),
            fallthrough: false,
        })
        .to_vec();
    elsewhere.records = vec![
        (support::name("www.example.net"), address([203, 0, 113, 80])),
        (support::name("evil.example.net"), address([192, 168, 1, 1])),
        (
            support::name("inside.example.com"),
            address([192, 168, 7, 7]),
        ),
    ];
    Server::start(elsewhere, &state.join("elsewhere"), &[])
}
