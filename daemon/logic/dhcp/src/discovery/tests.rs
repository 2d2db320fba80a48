use proptest::prelude::*;

use super::*;

const MAC: Mac = Mac::new([0xbc, 0x24, 0x11, 0, 0, 0xc8]);
const ROUTER: Mac = Mac::new([0x52, 0x54, 0, 0, 0, 1]);

/// An advertisement as radvd sends it, with a source link-layer address option.
fn advertisement(lifetime_secs: u16) -> Vec<u8> {
    let mut frame = vec![0x33, 0x33, 0, 0, 0, 1];
    frame.extend(ROUTER.octets());
    frame.extend([0x86, 0xdd, 0x60, 0, 0, 0, 0, 24, 58, 255]);
    frame.extend("fe80::5054:ff:fe00:1".parse::<Ipv6Addr>().unwrap().octets());
    frame.extend("ff02::1".parse::<Ipv6Addr>().unwrap().octets());
    frame.extend([134, 0, 0, 0, 64, 0]);
    frame.extend(lifetime_secs.to_be_bytes());
    frame.extend([0; 8]);
    frame.extend([1, 1]);
    frame.extend(ROUTER.octets());
    frame
}

#[test]
fn a_router_solicitation_has_the_octets_of_rfc_4861() {
    let frame = router_solicitation(MAC);

    let mut expected = vec![0x33, 0x33, 0, 0, 0, 2];
    expected.extend(MAC.octets());
    expected.extend([0x86, 0xdd, 0x60, 0, 0, 0, 0, 8, 58, 255]);
    expected.extend([0; 16]);
    expected.extend(ALL_ROUTERS.octets());
    expected.extend([133, 0, 0x7b, 0xb8, 0, 0, 0, 0]);
    assert_eq!(frame, expected);
}

#[test]
fn an_advertisement_of_a_default_router_is_seen() {
    let seen = RouterAdvertisement::parse(&advertisement(1800)).unwrap();

    assert_eq!(seen.source_mac, ROUTER);
    assert_eq!(seen.source.to_string(), "fe80::5054:ff:fe00:1");
}

#[test]
fn an_advertisement_without_router_lifetime_does_not_count() {
    assert_eq!(RouterAdvertisement::parse(&advertisement(0)), None);
}

#[test]
fn an_advertisement_from_elsewhere_or_cut_short_does_not_count() {
    let mut routed = advertisement(1800);
    routed[21] = 254;
    assert_eq!(RouterAdvertisement::parse(&routed), None);

    let whole = advertisement(1800);
    for length in 0..whole.len() {
        assert_eq!(RouterAdvertisement::parse(&whole[..length]), None);
    }
}

#[test]
fn the_questions_are_messages_that_our_own_server_would_read() {
    let discover = Message::parse(&probe_discover(MAC, 7)).unwrap();
    assert_eq!(discover.message_type(), Some(MessageType::Discover));
    assert!(discover.wants_broadcast());

    let address = Ipv4Addr::new(192, 168, 1, 200);
    let inform = Message::parse(&inform(MAC, address, 8)).unwrap();
    assert_eq!(inform.message_type(), Some(MessageType::Inform));
    assert_eq!(inform.ciaddr, address);
}

proptest! {
    #[test]
    fn no_frame_panics_the_reader(mut octets in proptest::collection::vec(any::<u8>(), 0..120)) {
        let _ = RouterAdvertisement::parse(&octets);
        if octets.len() > 54 {
            octets[12..14].copy_from_slice(&[0x86, 0xdd]);
            octets[20..22].copy_from_slice(&[58, 255]);
            octets[22..24].copy_from_slice(&[0xfe, 0x80]);
            octets[18] = 0;
            let _ = RouterAdvertisement::parse(&octets);
        }
    }
}
