use super::*;

const MAC: Mac = Mac::new([0xbc, 0x24, 0x11, 0, 0, 9]);
const SERVER: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 1);
const ADDRESS: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 2);

/// The one message among the outputs, with where it goes.
fn sent(outputs: &[Output]) -> (&Message, Option<Ipv4Addr>) {
    outputs
        .iter()
        .find_map(|output| match output {
            Output::Send {
                message, server, ..
            } => Some((message, *server)),
            Output::Bound(_) | Output::Lost => None,
        })
        .unwrap_or_else(|| panic!("nothing is sent in {outputs:?}"))
}

fn reply(to: &Message, kind: MessageType) -> Message {
    let mut options = Options::new();
    options.set(code::MESSAGE_TYPE, [kind.octet()]);
    options.set(code::SERVER_ID, SERVER.octets());
    options.set(code::SUBNET_MASK, [255, 255, 255, 0]);
    options.set(code::ROUTER, SERVER.octets());
    options.set(code::LEASE_TIME, 3_600_u32.to_be_bytes());
    Message {
        is_reply: true,
        yiaddr: ADDRESS,
        options,
        ..to.clone()
    }
}

fn bound(now: Instant) -> (Client, Vec<Output>) {
    let mut client = Client::new(MAC, "router", 7, now);
    let discover = client.tick(now);
    let request = client.handle(&reply(sent(&discover).0, MessageType::Offer), now);
    let outputs = client.handle(&reply(sent(&request).0, MessageType::Ack), now);
    (client, outputs)
}

#[test]
fn an_offer_is_requested_and_its_ack_gives_address_and_gateway() {
    let now = Instant::now();

    let (client, outputs) = bound(now);

    assert_eq!(
        outputs,
        [Output::Bound(Lease {
            address: "203.0.113.2/24".parse().unwrap(),
            gateway: Some(SERVER),
        })]
    );
    assert_eq!(client.deadline(), now + Duration::from_secs(1_800));
}

#[test]
fn silence_is_met_with_longer_and_longer_waits() {
    let mut now = Instant::now();
    let mut client = Client::new(MAC, "router", 7, now);

    let mut waits = Vec::new();
    for _ in 0..6 {
        sent(&client.tick(now));
        waits.push((client.deadline() - now).as_secs());
        now = client.deadline();
    }

    assert_eq!(waits, [1, 2, 4, 8, 16, 16]);
}

#[test]
fn a_lease_is_renewed_with_its_server_then_with_any_and_lost_at_its_end() {
    let start = Instant::now();
    let (mut client, _) = bound(start);
    let at = |secs| start + Duration::from_secs(secs);

    let renew = client.tick(at(1_800));
    let (message, server) = sent(&renew);
    assert_eq!((message.ciaddr, server), (ADDRESS, Some(SERVER)));
    let rebind = client.tick(at(3_150));
    assert_eq!(sent(&rebind).1, None);
    let end = client.tick(at(3_600));

    assert_eq!(end, [Output::Lost]);
    assert!(client.deadline() > at(3_600));
}

#[test]
fn a_renewal_that_is_acknowledged_begins_the_lease_anew() {
    let start = Instant::now();
    let (mut client, _) = bound(start);
    let later = start + Duration::from_secs(1_800);

    let renew = client.tick(later);
    let outputs = client.handle(&reply(sent(&renew).0, MessageType::Ack), later);

    assert!(matches!(outputs.as_slice(), [Output::Bound(_)]));
    assert_eq!(client.deadline(), later + Duration::from_secs(1_800));
}

#[test]
fn a_nak_of_a_request_starts_over_without_a_tight_loop() {
    let now = Instant::now();
    let mut client = Client::new(MAC, "router", 7, now);
    let discover = client.tick(now);
    let request = client.handle(&reply(sent(&discover).0, MessageType::Offer), now);

    let outputs = client.handle(&reply(sent(&request).0, MessageType::Nak), now);

    assert!(outputs.is_empty());
    assert!(client.tick(now).is_empty());
    let again = client.tick(client.deadline());
    assert_eq!(sent(&again).0.message_type(), Some(MessageType::Discover));
}

#[test]
fn messages_for_others_or_out_of_turn_change_nothing() {
    let now = Instant::now();
    let (mut client, _) = bound(now);
    let mut client_before = Client::new(MAC, "router", 7, now);
    let discover = client_before.tick(now);
    let offer = reply(sent(&discover).0, MessageType::Offer);
    let foreign = Message {
        xid: 99,
        ..offer.clone()
    };
    let other_mac = Message {
        mac: Mac::new([2; 6]),
        ..offer.clone()
    };
    let nak = reply(&offer, MessageType::Nak);

    assert!(client_before.handle(&foreign, now).is_empty());
    assert!(client_before.handle(&other_mac, now).is_empty());
    assert!(
        client.handle(&nak, now).is_empty(),
        "a late NAK does not end a fresh lease"
    );
}

#[test]
fn an_ack_without_a_usable_address_is_not_taken() {
    let now = Instant::now();
    let mut client = Client::new(MAC, "router", 7, now);
    let discover = client.tick(now);
    let request = client.handle(&reply(sent(&discover).0, MessageType::Offer), now);
    let mut ack = reply(sent(&request).0, MessageType::Ack);
    ack.options.set(code::SUBNET_MASK, [255, 0, 255, 0]);

    assert!(client.handle(&ack, now).is_empty());
}
