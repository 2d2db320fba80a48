use super::*;

const OURS: Mac = Mac::new([0xbc, 0x24, 0x11, 0, 0, 2]);
const OUR_OTHER: Mac = Mac::new([0xbc, 0x24, 0x11, 0, 0, 3]);
const CLIENT: Mac = Mac::new([0xbc, 0x24, 0x11, 0, 0, 0x50]);
const VIP: Ipv4Addr = Ipv4Addr::new(10, 10, 10, 10);
const CLIENT_ADDRESS: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 50);

fn responder() -> Responder {
    let mut responder = Responder::new(OURS, BTreeSet::from([OURS, OUR_OTHER]));
    responder.own([Vip::new(VIP.into())]);
    responder
}

fn request(target: Ipv4Addr) -> Frame {
    Frame {
        destination: Mac::BROADCAST,
        source: CLIENT,
        arp: ArpPacket {
            operation: Operation::Request,
            sender_mac: CLIENT,
            sender_address: CLIENT_ADDRESS,
            target_mac: Mac::ZERO,
            target_address: target,
        },
    }
}

fn reply_to(frame: &Frame) -> Frame {
    match responder().handle(&frame.octets()) {
        Outcome::Reply(_, octets) => parse(&octets).unwrap(),
        other @ (Outcome::Conflict(_) | Outcome::Ignored(_)) => {
            panic!("expected a reply, got {other:?}")
        }
    }
}

fn outcome(frame: &Frame) -> Outcome {
    responder().handle(&frame.octets())
}

#[test]
fn answers_a_request_for_an_owned_vip_by_unicast_with_the_interfaces_address() {
    let reply = reply_to(&request(VIP));

    assert_eq!((reply.destination, reply.source), (CLIENT, OURS));
    assert_eq!(
        reply.arp,
        ArpPacket {
            operation: Operation::Reply,
            sender_mac: OURS,
            sender_address: VIP,
            target_mac: CLIENT,
            target_address: CLIENT_ADDRESS,
        }
    );
}

#[test]
fn answers_the_unicast_request_of_a_cache_that_checks_its_entry() {
    let reply = reply_to(&Frame {
        destination: OURS,
        ..request(VIP)
    });

    assert_eq!(reply.arp.sender_mac, OURS);
}

#[test]
fn defends_an_owned_vip_against_a_probe() {
    let mut probe = request(VIP);
    probe.arp.sender_address = Ipv4Addr::UNSPECIFIED;

    let reply = reply_to(&probe);

    assert_eq!(reply.destination, CLIENT);
    assert_eq!(reply.arp.target_address, Ipv4Addr::UNSPECIFIED);
}

#[test]
fn stays_silent_for_addresses_of_others() {
    let outcome = outcome(&request(Ipv4Addr::new(10, 10, 10, 11)));

    assert_eq!(outcome, Outcome::Ignored(Ignored::NotOwned));
}

#[test]
fn stays_silent_about_a_vip_that_was_taken_away() {
    let mut responder = responder();

    responder.own([]);

    let outcome = responder.handle(&request(VIP).octets());
    assert_eq!(outcome, Outcome::Ignored(Ignored::NotOwned));
}

#[test]
fn stays_silent_to_requests_for_another_host() {
    let outcome = outcome(&Frame {
        destination: Mac::new([2, 0, 0, 0, 0, 9]),
        ..request(VIP)
    });

    assert_eq!(outcome, Outcome::Ignored(Ignored::OtherDestination));
}

#[test]
fn stays_silent_to_a_sender_that_is_nobody_or_many() {
    for mac in [Mac::ZERO, Mac::BROADCAST, Mac::new([1, 0, 0x5e, 0, 0, 1])] {
        let mut frame = request(VIP);
        frame.arp.sender_mac = mac;

        assert_eq!(
            outcome(&frame),
            Outcome::Ignored(Ignored::InvalidSender),
            "{mac}"
        );
    }
}

#[test]
fn a_claim_from_a_foreign_address_is_a_conflict_in_either_form() {
    for operation in [Operation::Request, Operation::Reply] {
        let mut claim = request(VIP);
        claim.arp.operation = operation;
        claim.arp.sender_address = VIP;

        let expected = Conflict {
            vip: Vip::new(VIP.into()),
            mac: CLIENT,
        };
        assert_eq!(outcome(&claim), Outcome::Conflict(expected));
    }
}

#[test]
fn a_claim_from_another_interface_of_this_node_is_no_conflict() {
    let mut claim = request(VIP);
    claim.arp.sender_address = VIP;
    claim.arp.sender_mac = OUR_OTHER;

    assert_eq!(outcome(&claim), Outcome::Ignored(Ignored::OwnFrame));
}
