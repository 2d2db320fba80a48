use std::{collections::BTreeMap, time::Duration};

use super::*;
use crate::{Options, Reservation, Route, State, code};

const SERVER: Ipv4Addr = Ipv4Addr::new(192, 168, 1, 200);
const TALOS: Mac = Mac::new([0xbc, 0x24, 0x11, 0, 0, 1]);
const NOBODY: Ipv4Addr = Ipv4Addr::UNSPECIFIED;

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
fn offers_that_nobody_answers_do_not_starve_a_lan() {
    let mut lan = Lan::with_range("192.168.1.20-192.168.1.22");
    for number in 1..=3 {
        lan.hear(&client(number).discover());
    }
    assert_eq!(
        lan.hear(&client(4).discover()),
        [Output::Refused(Refused::Exhausted)],
        "young offers are kept"
    );

    lan.advance(Duration::from_secs(3));

    assert_eq!(
        lan.hear(&client(4).discover()),
        [Output::Probe(lan_address(20))]
    );
    let nak = only_reply(lan.hear(&client(1).select(lan_address(20))));
    assert_eq!(nak.kind, MessageType::Nak);
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
fn a_declined_address_is_left_alone_for_an_hour() {
    let mut lan = Lan::with_range("192.168.1.20-192.168.1.21");
    lan.lease(&client(1).discover(), lan_address(20));

    lan.hear(&client(1).decline(lan_address(20)));

    assert_eq!(lan.offered(&client(1).discover()).address, lan_address(21));
    lan.advance(Duration::from_secs(60));
    assert_eq!(lan.offered(&client(2).discover()).address, lan_address(21));
    lan.advance(Duration::from_secs(3600));
    lan.lease(&client(2).discover(), lan_address(21));
    assert_eq!(lan.offered(&client(3).discover()).address, lan_address(20));
}

#[test]
fn declines_put_at_most_a_quarter_of_the_range_aside() {
    let mut lan = Lan::with_range("192.168.1.20-192.168.1.27");
    for number in 1..=8 {
        lan.lease(&client(number).discover(), lan_address(19 + number));
    }

    let refused: Vec<_> = (1..=8)
        .flat_map(|number| lan.hear(&client(number).decline(lan_address(19 + number))))
        .filter(|output| matches!(output, Output::Refused(Refused::QuarantineFull(_))))
        .collect();

    assert_eq!(refused.len(), 6);
    assert_eq!(lan.offered(&client(9).discover()).address, lan_address(22));
}

#[test]
fn a_decline_or_release_counts_only_from_the_holder() {
    let mut lan = Lan::new();
    lan.lease(&client(1).discover(), lan_address(20));
    let mut elsewhere = client(1).release(lan_address(20));
    elsewhere.arrival.source = lan_address(66);
    let mut nameless = client(1).release(lan_address(20));
    nameless.message.options.remove(code::SERVER_ID);

    for forged in [
        client(2).release(lan_address(20)),
        client(2).decline(lan_address(20)),
        client(1).decline(lan_address(21)),
        elsewhere,
        nameless,
    ] {
        let outputs = lan.hear(&forged);
        assert!(
            matches!(outputs.as_slice(), [Output::Refused(_)]),
            "{outputs:?}"
        );
    }
    assert!(lan.binding(lan_address(20)).is_leased(lan.now));
}

#[test]
fn a_released_name_is_free_for_another_client() {
    let mut lan = Lan::new();
    lan.lease(&client(1).named("nas").discover(), lan_address(20));
    let outputs = lan.lease(&client(2).named("nas").discover(), lan_address(21));
    assert!(outputs.contains(&Output::Refused(Refused::NameTaken("nas".into()))));
    assert_eq!(lan.binding(lan_address(21)).hostname, None);

    lan.hear(&client(1).release(lan_address(20)));
    lan.hear(&client(2).named("nas").renew(lan_address(21)));

    assert_eq!(lan.binding(lan_address(21)).hostname, Some("nas".into()));
}

#[test]
fn no_client_gets_the_name_of_the_router_or_of_a_reservation() {
    let mut lan = Lan::new();

    lan.lease(&client(1).named("Router").discover(), lan_address(20));
    lan.lease(&client(2).named("talos-1").discover(), lan_address(21));
    lan.lease(&client(3).named("wpad").discover(), lan_address(22));

    for last in 20..=22 {
        assert_eq!(lan.binding(lan_address(last)).hostname, None, ".{last}");
    }
}

#[test]
fn a_client_keeps_its_name_when_a_renewal_does_not_repeat_it() {
    let mut lan = Lan::new();
    lan.lease(&client(1).named("Laptop").discover(), lan_address(20));

    lan.hear(&client(1).renew(lan_address(20)));

    assert_eq!(lan.binding(lan_address(20)).hostname, Some("laptop".into()));
}

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
fn a_client_that_floods_is_ignored_until_it_calms_down() {
    let mut lan = Lan::new();
    let talos = packet(TALOS, MessageType::Discover);
    let answered = (0..30)
        .filter(|_| reply_of(&lan.hear(&talos)).is_some())
        .count();
    assert_eq!(answered, 20);
    assert_eq!(lan.hear(&talos), [Output::Refused(Refused::Flood(TALOS))]);

    assert!(reply_of(&lan.hear(&client(1).init_reboot(Ipv4Addr::new(10, 0, 0, 1)))).is_some());
    lan.advance(Duration::from_secs(5));
    assert!(reply_of(&lan.hear(&talos)).is_some());
}

#[test]
fn messages_that_no_client_sends_are_counted_and_not_answered() {
    let mut lan = Lan::new();
    let mut reply = client(1).discover();
    reply.message.is_reply = true;
    let mut typeless = client(1).discover();
    typeless.message.options.set(code::MESSAGE_TYPE, [13]);
    let mut group = packet(Mac::new([1, 0, 0, 0, 0, 0]), MessageType::Discover);
    group.message.is_reply = false;
    let mut relayed = client(1).discover();
    relayed.message.giaddr = Ipv4Addr::new(10, 9, 9, 9);
    let mut nothing = client(1).discover();
    nothing.message.options.set(code::MESSAGE_TYPE, [3]);

    for wrong in [reply, typeless, group, relayed, nothing] {
        let outputs = lan.hear(&wrong);
        assert!(
            matches!(outputs.as_slice(), [Output::Refused(_)]),
            "{outputs:?}"
        );
    }
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

// Arranging and looking.

pub(super) fn scope() -> Scope {
    let kept = Reservation {
        address: lan_address(201),
        name: Some("talos-1".into()),
    };
    Scope {
        server: SERVER,
        prefix: "192.168.1.0/24".parse().unwrap(),
        range: Some("192.168.1.20-192.168.1.99".parse().unwrap()),
        router: Some(SERVER),
        resolvers: vec![SERVER],
        domain: Some("home.arpa".into()),
        mtu: Some(1400),
        routes: vec![Route {
            prefix: "10.10.10.0/24".parse().unwrap(),
            via: SERVER,
        }],
        lease_time: Duration::from_secs(43_200),
        reservations: BTreeMap::from([(TALOS, kept)]),
        denied_names: ["router".to_string()].into(),
        authoritative: false,
    }
}

pub(super) const fn lan_address(last: u8) -> Ipv4Addr {
    Ipv4Addr::new(192, 168, 1, last)
}

pub(super) const fn mac(number: u8) -> Mac {
    Mac::new([0x52, 0x54, 0, 0, 0, number])
}

/// A server and the time on its LAN.
pub(super) struct Lan {
    pub(super) server: Server,
    pub(super) now: SystemTime,
}

impl Lan {
    pub(super) fn new() -> Self {
        Self {
            server: Server::new(scope(), []),
            now: SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000),
        }
    }

    pub(super) fn with_range(range: &str) -> Self {
        let mut lan = Self::new();
        let range = Some(range.parse().unwrap());
        lan.server.reconfigure(Scope { range, ..scope() });
        lan
    }

    pub(super) fn advance(&mut self, by: Duration) {
        self.now += by;
    }

    pub(super) fn hear(&mut self, packet: &Packet) -> Vec<Output> {
        self.server
            .handle(&packet.message.encode(), packet.arrival, self.now)
    }

    /// Sends a DISCOVER, answers probes with "free", and returns the offer.
    pub(super) fn offered(&mut self, discover: &Packet) -> Reply {
        let outputs = self.hear(discover);
        match outputs.as_slice() {
            [Output::Probe(address)] => {
                only_reply(self.server.probed(*address, Probed::Free, self.now))
            }
            _ => only_reply(outputs),
        }
    }

    /// DISCOVER to ACK; the address must be this one.
    fn lease(&mut self, discover: &Packet, expected: Ipv4Addr) -> Vec<Output> {
        assert_eq!(self.offered(discover).address, expected);
        let mut select = discover.clone();
        let options = &mut select.message.options;
        options.set(code::MESSAGE_TYPE, [MessageType::Request.octet()]);
        options.set(code::SERVER_ID, SERVER.octets());
        options.set(code::REQUESTED_ADDRESS, expected.octets());
        let outputs = self.hear(&select);
        assert_eq!(only_reply_of(&outputs).kind, MessageType::Ack);
        outputs
    }

    fn binding(&self, address: Ipv4Addr) -> Binding {
        self.server
            .bindings()
            .find(|binding| binding.address == address)
            .expect("a binding")
            .clone()
    }
}

#[derive(Clone)]
pub(super) struct Packet {
    pub(super) message: Message,
    pub(super) arrival: Arrival,
}

pub(super) fn packet(mac: Mac, kind: MessageType) -> Packet {
    let mut options = Options::new();
    options.set(code::MESSAGE_TYPE, [kind.octet()]);
    Packet {
        message: Message {
            is_reply: false,
            htype: 1,
            hops: 0,
            xid: 0xfeed,
            secs: 0,
            flags: 0,
            ciaddr: NOBODY,
            yiaddr: NOBODY,
            siaddr: NOBODY,
            giaddr: NOBODY,
            mac,
            options,
        },
        arrival: Arrival {
            source_mac: mac,
            source: NOBODY,
            destination: Ipv4Addr::BROADCAST,
        },
    }
}

/// A client without reservation, by number.
pub(super) struct Sender {
    mac: Mac,
    name: Option<&'static str>,
}

pub(super) const fn client(number: u8) -> Sender {
    Sender {
        mac: mac(number),
        name: None,
    }
}

impl Sender {
    pub(super) fn named(self, name: &'static str) -> Self {
        Self {
            name: Some(name),
            ..self
        }
    }

    fn packet(&self, kind: MessageType) -> Packet {
        let mut packet = packet(self.mac, kind);
        if let Some(name) = self.name {
            packet.message.options.set(code::HOST_NAME, name);
        }
        packet
    }

    pub(super) fn discover(&self) -> Packet {
        self.packet(MessageType::Discover)
    }

    pub(super) fn select(&self, address: Ipv4Addr) -> Packet {
        let mut packet = self.init_reboot(address);
        let options = &mut packet.message.options;
        options.set(code::SERVER_ID, SERVER.octets());
        packet
    }

    pub(super) fn init_reboot(&self, address: Ipv4Addr) -> Packet {
        let mut packet = self.packet(MessageType::Request);
        let options = &mut packet.message.options;
        options.set(code::REQUESTED_ADDRESS, address.octets());
        packet
    }

    pub(super) fn renew(&self, address: Ipv4Addr) -> Packet {
        let mut packet = self.rebind(address);
        packet.arrival.destination = SERVER;
        packet
    }

    pub(super) fn rebind(&self, address: Ipv4Addr) -> Packet {
        let mut packet = self.packet(MessageType::Request);
        packet.message.ciaddr = address;
        packet.arrival.source = address;
        packet
    }

    pub(super) fn decline(&self, address: Ipv4Addr) -> Packet {
        let mut packet = self.select(address);
        let kind = MessageType::Decline.octet();
        packet.message.options.set(code::MESSAGE_TYPE, [kind]);
        packet
    }

    pub(super) fn release(&self, address: Ipv4Addr) -> Packet {
        let mut packet = self.renew(address);
        let kind = MessageType::Release.octet();
        packet.message.options.set(code::MESSAGE_TYPE, [kind]);
        packet.message.options.set(code::SERVER_ID, SERVER.octets());
        packet
    }
}

pub(super) fn reply_of(outputs: &[Output]) -> Option<Reply> {
    outputs.iter().find_map(|output| match output {
        Output::Send(reply) => Some(reply.clone()),
        Output::Store(_) | Output::Probe(_) | Output::Refused(_) => None,
    })
}

#[track_caller]
pub(super) fn only_reply_of(outputs: &[Output]) -> Reply {
    reply_of(outputs).unwrap_or_else(|| panic!("no reply in {outputs:?}"))
}

#[track_caller]
#[expect(clippy::needless_pass_by_value, reason = "reads better in the tests")]
fn only_reply(outputs: Vec<Output>) -> Reply {
    only_reply_of(&outputs)
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
