use proptest::prelude::*;

use super::*;

fn frame() -> impl Strategy<Value = Frame> {
    let mac = prop_oneof![
        Just([0; 6]),
        Just([0xff; 6]),
        Just([2, 0, 0, 0, 0, 1]),
        any::<[u8; 6]>()
    ]
    .prop_map(Mac::new);
    // A small domain, so that owned addresses are hit often.
    let address = (0..8_u8).prop_map(|last| Ipv4Addr::new(10, 10, 10, last));
    (
        mac.clone(),
        mac.clone(),
        any::<bool>(),
        address.clone(),
        mac,
        address,
    )
        .prop_map(
            |(destination, sender_mac, request, sender_address, target_mac, target_address)| {
                Frame {
                    destination,
                    source: sender_mac,
                    arp: ArpPacket {
                        operation: if request {
                            Operation::Request
                        } else {
                            Operation::Reply
                        },
                        sender_mac,
                        sender_address,
                        target_mac,
                        target_address,
                    },
                }
            },
        )
}

proptest! {
    #[test]
    fn replies_claim_owned_vips_only_and_go_to_the_one_who_asked(
        frame in frame(),
        owned in prop::collection::btree_set(0..8_u8, 0..8),
    ) {
        let mac = Mac::new([2, 0, 0, 0, 0, 1]);
        let mut responder = Responder::new(mac, BTreeSet::from([mac]));
        let owned: BTreeSet<Ipv4Addr> = owned.into_iter().map(|last| Ipv4Addr::new(10, 10, 10, last)).collect();
        responder.own(owned.iter().map(|address| Vip::new((*address).into())));

        if let Outcome::Reply(vip, octets) = responder.handle(&frame.octets()) {
            let reply = parse(&octets).unwrap();
            prop_assert!(owned.contains(&reply.arp.sender_address));
            prop_assert_eq!(vip, reply.arp.sender_address);
            prop_assert_eq!(reply.arp.sender_address, frame.arp.target_address);
            prop_assert_eq!(reply.destination, frame.arp.sender_mac);
            prop_assert!(!reply.destination.is_group());
            prop_assert_eq!(reply.arp.sender_mac, mac);
            prop_assert_eq!(frame.arp.operation, Operation::Request);
        }
    }

    #[test]
    fn arbitrary_octets_get_no_panic_and_no_reply_unless_they_ask_for_an_owned_vip(
        octets in prop::collection::vec(any::<u8>(), 0..80),
    ) {
        let mut responder = Responder::new(Mac::new([2, 0, 0, 0, 0, 1]), BTreeSet::new());
        responder.own([Vip::new(Ipv4Addr::new(10, 10, 10, 10).into())]);

        if let Outcome::Reply(..) = responder.handle(&octets) {
            prop_assert_eq!(&octets[38..42], &[10, 10, 10, 10]);
        }
    }
}
