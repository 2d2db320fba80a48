//! Which address a client gets.

use std::time::Duration;

use super::fixture::*;
use crate::code;
use crate::server::*;

#[test]
fn a_new_client_gets_the_first_address_after_a_probe() {
    let mut lan = Lan::new();

    let outputs = lan.hear(&client(1).discover());
    assert_eq!(outputs, [Output::Probe(lan_address(20))]);
    let offer = only_reply(lan.server.probed(lan_address(20), Probed::Free, lan.now));
    assert_eq!(offer.kind, MessageType::Offer);
    assert_eq!(offer.address, lan_address(20));

    let outputs = lan.hear(&client(1).select(lan_address(20)));
    let [Output::Store(binding), Output::Send(ack)] = outputs.as_slice() else {
        panic!("the ACK must come after the record: {outputs:?}")
    };
    assert_eq!(binding.address, lan_address(20));
    assert!(binding.is_leased(lan.now + Duration::from_secs(43_200)));
    assert_eq!(ack.kind, MessageType::Ack);
    assert_eq!(ack.address, lan_address(20));
}

#[test]
fn an_address_that_answers_the_probe_is_put_aside_and_another_one_is_tried() {
    let mut lan = Lan::new();
    lan.hear(&client(1).discover());

    let outputs = lan
        .server
        .probed(lan_address(20), Probed::Taken(mac(99)), lan.now);

    let [Output::Store(aside), Output::Probe(next)] = outputs.as_slice() else {
        panic!("{outputs:?}")
    };
    assert!(aside.is_declined(lan.now));
    assert_eq!(aside.address, lan_address(20));
    assert_eq!(*next, lan_address(21));
}

#[test]
fn a_repeated_discover_during_the_probe_is_answered_once_with_the_newer_transaction() {
    let mut lan = Lan::new();
    lan.hear(&client(1).discover());
    let mut again = client(1).discover();
    again.message.xid = 77;

    assert_eq!(lan.hear(&again), []);
    let offer = only_reply(lan.server.probed(lan_address(20), Probed::Free, lan.now));

    assert_eq!(Message::parse(&offer.payload).unwrap().xid, 77);
    assert_eq!(
        lan.server.probed(lan_address(20), Probed::Free, lan.now),
        []
    );
}

#[test]
fn a_reservation_is_offered_at_once_whatever_the_client_identifier_is() {
    for id in [None, Some(&b"\x01duid"[..]), Some(&b"\xff1234567890"[..])] {
        let mut lan = Lan::new();
        let mut discover = packet(TALOS, MessageType::Discover);
        if let Some(id) = id {
            discover.message.options.set(code::CLIENT_ID, id);
        }

        let offer = only_reply(lan.hear(&discover));

        assert_eq!(offer.address, lan_address(201));
        let options = Message::parse(&offer.payload).unwrap().options;
        assert_eq!(options.get(code::HOST_NAME), Some(&b"talos-1"[..]));
    }
}

#[test]
fn a_reserved_host_that_changes_its_client_identifier_keeps_its_address() {
    let mut lan = Lan::new();
    lan.lease(&packet(TALOS, MessageType::Discover), lan_address(201));

    let mut discover = packet(TALOS, MessageType::Discover);
    discover.message.options.set(code::CLIENT_ID, *b"\xffother");

    assert_eq!(only_reply(lan.hear(&discover)).address, lan_address(201));
}

#[test]
fn nobody_else_gets_a_reserved_address() {
    let mut lan = Lan::new();
    let mut discover = client(1).discover();
    discover
        .message
        .options
        .set(code::REQUESTED_ADDRESS, lan_address(201).octets());
    assert_eq!(lan.hear(&discover), [Output::Probe(lan_address(20))]);

    let nak = only_reply(lan.hear(&client(1).select(lan_address(201))));

    assert_eq!(nak.kind, MessageType::Nak);
}

#[test]
fn the_same_client_gets_the_same_address_again_after_expiry_and_release() {
    let mut lan = Lan::new();
    lan.lease(&client(1).discover(), lan_address(20));
    lan.lease(&client(2).discover(), lan_address(21));

    lan.advance(Duration::from_secs(45_000));
    assert_eq!(
        only_reply(lan.hear(&client(2).discover())).address,
        lan_address(21)
    );
    lan.lease(&client(1).discover(), lan_address(20));
    lan.hear(&client(1).release(lan_address(20)));
    assert_eq!(
        only_reply(lan.hear(&client(1).discover())).address,
        lan_address(20)
    );
}

#[test]
fn unused_addresses_go_first_and_then_the_least_recently_used() {
    let mut lan = Lan::with_range("192.168.1.20-192.168.1.22");
    lan.lease(&client(1).discover(), lan_address(20));
    lan.advance(Duration::from_secs(10));
    lan.lease(&client(2).discover(), lan_address(21));
    lan.hear(&client(2).release(lan_address(21)));
    lan.hear(&client(1).release(lan_address(20)));

    lan.lease(&client(3).discover(), lan_address(22));
    lan.advance(Duration::from_secs(10));
    lan.lease(&client(4).discover(), lan_address(20));
    lan.lease(&client(5).discover(), lan_address(21));

    assert_eq!(
        lan.hear(&client(6).discover()),
        [Output::Refused(Refused::Exhausted)]
    );
}

#[test]
fn an_offer_is_over_after_thirty_seconds() {
    let mut lan = Lan::with_range("192.168.1.20-192.168.1.20");
    lan.offered(&client(1).discover());

    lan.advance(Duration::from_secs(30));

    assert_eq!(lan.offered(&client(2).discover()).address, lan_address(20));
}

#[test]
fn a_client_that_chose_another_server_frees_our_offer() {
    let mut lan = Lan::with_range("192.168.1.20-192.168.1.20");
    lan.offered(&client(1).discover());
    let mut select = client(1).select(lan_address(20));
    let other = Ipv4Addr::new(192, 168, 1, 1);
    select.message.options.set(code::SERVER_ID, other.octets());

    assert_eq!(
        lan.hear(&select),
        [Output::Refused(Refused::OtherServer(other))]
    );
    assert_eq!(lan.offered(&client(2).discover()).address, lan_address(20));
}

#[test]
fn an_address_that_is_no_longer_reserved_goes_to_anybody() {
    let range = Some("192.168.1.20-192.168.1.21".parse().unwrap());
    let mut reserving = Scope { range, ..scope() };
    let kept = reserving.reservations.get_mut(&TALOS).unwrap();
    kept.address = lan_address(20);
    let mut lan = Lan::new();
    lan.server.reconfigure(reserving);
    lan.lease(&client(1).discover(), lan_address(21));

    lan.server.reconfigure(Scope { range, ..scope() });

    lan.lease(&client(2).discover(), lan_address(20));
}
