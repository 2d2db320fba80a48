//! REQUEST in every state of a client, and what outlives it.

use std::time::Duration;

use super::fixture::*;
use crate::server::*;
use crate::{Reservation, State, code};

/// What a client asks, whether we are alone on the LAN, and the answer.
type Case = (&'static str, Packet, bool, Option<MessageType>);

/// Client 1 has .20; .50 is free; RFC 2131, 4.3.2.
#[track_caller]
fn check_requests(cases: Vec<Case>) {
    for (name, packet, authoritative, expected) in cases {
        let mut lan = Lan::new();
        lan.lease(&client(1).discover(), lan_address(20));
        lan.server.set_authoritative(authoritative);

        let outputs = lan.hear(&packet);

        let kind = reply_of(&outputs).map(|reply| reply.kind);
        assert_eq!(kind, expected, "{name}: {outputs:?}");
    }
}

const KNOWN: Ipv4Addr = lan_address(20);
const FREE: Ipv4Addr = lan_address(50);
const FOREIGN: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 9);
const ACK: Option<MessageType> = Some(MessageType::Ack);
const NAK: Option<MessageType> = Some(MessageType::Nak);

#[test]
fn a_lease_of_an_address_that_became_reserved_for_another_ends_at_renewal() {
    let mut lan = Lan::new();
    lan.lease(&client(1).discover(), lan_address(20));
    let mut scope = scope();
    let kept = Reservation {
        address: lan_address(20),
        name: Some("printer".into()),
    };
    scope.reservations.insert(mac(9), kept);
    lan.server.reconfigure(scope);

    let nak = only_reply(lan.hear(&client(1).renew(lan_address(20))));
    assert_eq!(nak.kind, MessageType::Nak);

    let dynamic = lan.hear(&client(9).discover());
    assert_eq!(
        dynamic,
        [Output::Probe(lan_address(21))],
        "its own address is still leased, so it gets another one for now"
    );
    lan.advance(Duration::from_secs(50_000));
    assert_eq!(
        only_reply(lan.hear(&client(9).discover())).address,
        lan_address(20)
    );
}

#[test]
fn a_client_that_selects_us_gets_ack_or_nak() {
    check_requests(vec![
        ("free", client(2).select(FREE), false, ACK),
        ("another's", client(2).select(KNOWN), false, NAK),
        ("outside", client(2).select(FOREIGN), false, NAK),
    ]);
}

#[test]
fn a_rebooted_client_is_answered_only_where_we_know_it_or_the_address_is_wrong() {
    let c = client;
    check_requests(vec![
        ("own", c(1).init_reboot(KNOWN), false, ACK),
        ("not its own", c(1).init_reboot(FREE), false, NAK),
        ("other network", c(2).init_reboot(FOREIGN), false, NAK),
        ("unknown", c(2).init_reboot(FREE), false, None),
        ("unknown, alone", c(2).init_reboot(FREE), true, ACK),
        ("another's, alone", c(2).init_reboot(KNOWN), true, NAK),
    ]);
}

#[test]
fn a_renewal_is_extended_or_refused_and_a_rebinding_may_be_left_to_others() {
    let c = client;
    check_requests(vec![
        ("renewing, own", c(1).renew(KNOWN), false, ACK),
        ("renewing, lost but free", c(2).renew(FREE), false, ACK),
        ("renewing, another's", c(2).renew(KNOWN), false, NAK),
        ("rebinding, own", c(1).rebind(KNOWN), false, ACK),
        ("rebinding, unknown", c(2).rebind(FREE), false, None),
        ("rebinding, unknown, alone", c(2).rebind(FREE), true, ACK),
    ]);
}

#[test]
fn renewing_extends_the_lease() {
    let mut lan = Lan::new();
    lan.lease(&client(1).discover(), lan_address(20));
    lan.advance(Duration::from_secs(21_600));

    lan.hear(&client(1).renew(lan_address(20)));
    lan.advance(Duration::from_secs(40_000));

    assert!(lan.binding(lan_address(20)).is_leased(lan.now));
}

#[test]
fn leases_survive_a_restart_with_what_was_stored() {
    let mut lan = Lan::new();
    lan.lease(&client(1).discover(), lan_address(20));
    let kept: Vec<Binding> = lan
        .server
        .bindings()
        .map(|binding| serde_json::to_string(binding).unwrap())
        .map(|line| serde_json::from_str(&line).unwrap())
        .collect();

    lan.server = Server::new(scope(), kept);

    let ack = only_reply_of(&lan.hear(&client(1).renew(lan_address(20))));
    assert_eq!(ack.kind, MessageType::Ack);
    assert_eq!(
        lan.hear(&client(2).discover()),
        [Output::Probe(lan_address(21))]
    );
}

#[test]
fn what_could_not_be_stored_is_taken_back() {
    let mut lan = Lan::new();
    lan.lease(&client(1).discover(), lan_address(20));
    let before = lan.binding(lan_address(20));
    lan.advance(Duration::from_secs(600));
    lan.hear(&client(1).renew(lan_address(20)));

    lan.server.revert(lan_address(20), Some(before.clone()));
    assert_eq!(lan.binding(lan_address(20)), before);

    lan.server.revert(lan_address(20), None);
    assert_eq!(lan.server.bindings().count(), 0);
}

#[test]
fn a_client_may_ask_for_a_shorter_lease_but_not_for_a_longer_one() {
    let mut lan = Lan::new();
    let mut lease_of = |asked: u32| {
        let mut discover = packet(TALOS, MessageType::Discover);
        discover
            .message
            .options
            .set(code::LEASE_TIME, asked.to_be_bytes());
        let offer = Message::parse(&only_reply(lan.hear(&discover)).payload).unwrap();
        offer.options.number(code::LEASE_TIME).unwrap()
    };

    assert_eq!(lease_of(3600), 3600);
    assert_eq!(lease_of(1), 120);
    assert_eq!(lease_of(u32::MAX), 43_200);
}

#[test]
fn a_smaller_range_is_used_at_once_and_leases_outside_it_end_at_renewal() {
    let mut lan = Lan::new();
    lan.lease(&client(1).discover(), lan_address(20));
    let mut scope = scope();
    scope.range = Some("192.168.1.40-192.168.1.41".parse().unwrap());

    lan.server.reconfigure(scope);

    assert!(
        lan.binding(lan_address(20)).is_leased(lan.now),
        "kept until it moves"
    );
    let nak = only_reply(lan.hear(&client(1).renew(lan_address(20))));
    assert_eq!(nak.kind, MessageType::Nak);
    assert_eq!(lan.offered(&client(1).discover()).address, lan_address(40));
}

#[test]
fn state_times_are_whole_seconds_in_the_journal() {
    let mut lan = Lan::new();
    lan.lease(&client(1).named("nas").discover(), lan_address(20));

    let line = serde_json::to_string(&lan.binding(lan_address(20))).unwrap();

    assert_eq!(
        line,
        r#"{"address":"192.168.1.20","client":"01525400000001","mac":"52:54:00:00:00:01","hostname":"nas","state":{"leased":1700043201}}"#
    );
    let State::Leased(_) = lan.binding(lan_address(20)).state else {
        panic!("leased")
    };
}
