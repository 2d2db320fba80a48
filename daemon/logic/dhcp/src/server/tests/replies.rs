//! What is in a reply and where it goes.

use std::collections::BTreeMap;

use super::fixture::*;
use crate::code;
use crate::server::*;

#[test]
fn replies_go_where_rfc_2131_sends_them() {
    let mut lan = Lan::new();
    let to = |lan: &mut Lan, packet: &Packet| only_reply_of(&lan.hear(packet)).to;
    let talos = || packet(TALOS, MessageType::Discover);

    let unicast = to(&mut lan, &talos());
    assert_eq!(
        (unicast.mac, unicast.address, unicast.port),
        (TALOS, lan_address(201), 68)
    );

    let mut flagged = talos();
    flagged.message.set_broadcast();
    let broadcast = to(&mut lan, &flagged);
    assert_eq!(
        (broadcast.mac, broadcast.address, broadcast.port),
        (Mac::BROADCAST, Ipv4Addr::BROADCAST, 68)
    );

    let mut relayed = flagged.clone();
    relayed.message.giaddr = lan_address(5);
    relayed.arrival.source_mac = mac(5);
    let relay = to(&mut lan, &relayed);
    assert_eq!(
        (relay.mac, relay.address, relay.port),
        (mac(5), lan_address(5), 67)
    );

    lan.lease(&client(1).discover(), lan_address(20));
    let renewal = to(&mut lan, &client(1).renew(lan_address(20)));
    assert_eq!(
        (renewal.mac, renewal.address, renewal.port),
        (mac(1), lan_address(20), 68)
    );

    let nak = to(&mut lan, &client(2).renew(lan_address(20)));
    assert_eq!(
        (nak.mac, nak.address),
        (Mac::BROADCAST, Ipv4Addr::BROADCAST)
    );
}

#[test]
fn an_inform_is_answered_without_lease_and_address() {
    let mut lan = Lan::new();
    let mut inform = packet(mac(7), MessageType::Inform);
    inform.message.ciaddr = lan_address(150);
    inform.arrival.source = lan_address(150);

    let ack = only_reply(lan.hear(&inform));

    let message = Message::parse(&ack.payload).unwrap();
    assert_eq!(
        (ack.kind, ack.to.address),
        (MessageType::Ack, lan_address(150))
    );
    assert_eq!(message.yiaddr, NOBODY);
    assert_eq!(message.options.address(code::ROUTER), Some(SERVER));
    for absent in [code::LEASE_TIME, code::RENEWAL_TIME, code::REBINDING_TIME] {
        assert_eq!(message.options.get(absent), None);
    }
}

#[test]
fn a_talos_node_gets_every_option_it_asks_for() {
    let mut lan = Lan::new();
    let mut discover = packet(TALOS, MessageType::Discover);
    let options = &mut discover.message.options;
    options.set(
        code::PARAMETER_REQUEST_LIST,
        [121, 6, 119, 42, 26, 12, 15, 1, 3],
    );
    options.set(code::RELAY_AGENT, [2, 3, 9, 9, 9, 1, 1, 7]);
    options.set(code::CLIENT_ID, *b"\xffduid");
    discover.message.flags = 0x8001;

    let offer = Message::parse(&only_reply(lan.hear(&discover)).payload).unwrap();

    let octets = |code| offer.options.get(code).map(<[u8]>::to_vec);
    let number = |secs: u32| Some(secs.to_be_bytes().to_vec());
    let expected: BTreeMap<u8, Option<Vec<u8>>> = [
        (code::SUBNET_MASK, Some(vec![255, 255, 255, 0])),
        (code::ROUTER, Some(SERVER.octets().to_vec())),
        (code::DOMAIN_NAME_SERVER, Some(SERVER.octets().to_vec())),
        (code::HOST_NAME, Some(b"talos-1".to_vec())),
        (code::DOMAIN_NAME, Some(b"home.arpa".to_vec())),
        (code::INTERFACE_MTU, Some(vec![5, 120])),
        (code::BROADCAST_ADDRESS, None),
        (code::LEASE_TIME, number(43_200)),
        (code::RENEWAL_TIME, number(21_600)),
        (code::REBINDING_TIME, number(37_800)),
        (code::SERVER_ID, Some(SERVER.octets().to_vec())),
        (code::CLIENT_ID, Some(b"\xffduid".to_vec())),
        (code::RELAY_AGENT, Some(vec![2, 3, 9, 9, 9, 1, 1, 7])),
        (code::DOMAIN_SEARCH, Some(b"\x04home\x04arpa\0".to_vec())),
        (
            code::CLASSLESS_ROUTES,
            Some(vec![0, 192, 168, 1, 200, 24, 10, 10, 10, 192, 168, 1, 200]),
        ),
    ]
    .into();
    for (code, value) in expected {
        assert_eq!(octets(code), value, "option {code}");
    }
    assert!(offer.is_reply);
    assert_eq!((offer.flags, offer.xid), (0x8001, 0xfeed));
}
