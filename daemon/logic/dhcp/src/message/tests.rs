use dhcproto::{Decodable, Encodable, v4};
use proptest::prelude::*;

use super::*;

const MAC: Mac = Mac::new([0xbc, 0x24, 0x11, 0, 0, 1]);

/// A DISCOVER as dhclient 4.4 sends it: padded to 300 octets, host name and parameter list behind the message type.
fn discover_octets() -> Vec<u8> {
    let mut octets = vec![1, 1, 6, 0, 0x7d, 0x3b, 0x21, 0x05, 0, 2, 0, 0];
    octets.resize(28, 0);
    octets.extend(MAC.octets());
    octets.resize(236, 0);
    octets.extend([99, 130, 83, 99]);
    octets.extend([53, 1, 1, 50, 4, 192, 168, 1, 33]);
    octets.extend([12, 6, b'l', b'a', b'p', b't', b'o', b'p']);
    octets.extend([
        55, 13, 1, 28, 2, 3, 15, 6, 119, 12, 44, 47, 26, 121, 42, 255,
    ]);
    octets.resize(300, 0);
    octets
}

#[test]
fn reads_a_discover_of_dhclient() {
    let message = Message::parse(&discover_octets()).unwrap();

    assert_eq!(message.message_type(), Some(MessageType::Discover));
    assert_eq!(message.xid, 0x7d3b_2105);
    assert_eq!(message.secs, 2);
    assert_eq!(message.mac, MAC);
    assert!(!message.wants_broadcast());
    assert_eq!(message.options.get(code::HOST_NAME), Some(&b"laptop"[..]));
    assert_eq!(
        message.options.address(code::REQUESTED_ADDRESS),
        Some(Ipv4Addr::new(192, 168, 1, 33))
    );
}

#[test]
fn options_in_file_and_sname_are_read_when_option_52_says_so() {
    let mut octets = discover_octets();
    octets.truncate(240);
    octets.extend([53, 1, 3, 52, 1, 3, 255]);
    octets[108..115].copy_from_slice(&[50, 4, 192, 168, 1, 40, 255]);
    octets[44..50].copy_from_slice(&[12, 3, b'n', b'a', b's', 255]);

    let message = Message::parse(&octets).unwrap();

    assert_eq!(
        message.options.address(code::REQUESTED_ADDRESS),
        Some(Ipv4Addr::new(192, 168, 1, 40))
    );
    assert_eq!(message.options.get(code::HOST_NAME), Some(&b"nas"[..]));
}

#[test]
fn a_boot_file_name_is_not_read_as_options() {
    let mut octets = discover_octets();
    octets[108..114].copy_from_slice(&[50, 4, 10, 0, 0, 1]);

    let message = Message::parse(&octets).unwrap();

    assert_eq!(
        message.options.address(code::REQUESTED_ADDRESS),
        Some(Ipv4Addr::new(192, 168, 1, 33))
    );
}

#[test]
fn what_is_no_dhcp_message_is_refused_by_kind() {
    let whole = discover_octets();
    let with = |at: usize, octet: u8| {
        let mut octets = whole.clone();
        octets[at] = octet;
        Message::parse(&octets)
    };

    assert_eq!(Message::parse(&whole[..239]), Err(Malformed::Short(239)));
    assert_eq!(with(0, 3), Err(Malformed::Op(3)));
    assert_eq!(with(1, 32), Err(Malformed::Hardware { htype: 32, hlen: 6 }));
    assert_eq!(
        with(2, 255),
        Err(Malformed::Hardware {
            htype: 1,
            hlen: 255
        })
    );
    assert_eq!(with(236, 98), Err(Malformed::Cookie));
}

#[test]
fn dhcproto_reads_what_is_written() {
    let mut message = Message::parse(&discover_octets()).unwrap();
    message.is_reply = true;
    message.yiaddr = Ipv4Addr::new(192, 168, 1, 33);
    message.options = Options::new();
    message
        .options
        .set(code::MESSAGE_TYPE, [MessageType::Ack.octet()]);
    message.options.set(code::SUBNET_MASK, [255, 255, 255, 0]);
    message.options.set(code::ROUTER, [192, 168, 1, 200]);
    message.options.set(
        code::CLASSLESS_ROUTES,
        [0, 192, 168, 1, 200, 24, 10, 10, 10, 192, 168, 1, 200],
    );

    let octets = message.encode();
    let theirs = v4::Message::from_bytes(&octets).unwrap();

    assert_eq!(octets.len(), 300);
    assert_eq!(theirs.opcode(), v4::Opcode::BootReply);
    assert_eq!(theirs.xid(), message.xid);
    assert_eq!(theirs.yiaddr(), message.yiaddr);
    assert_eq!(theirs.chaddr(), MAC.octets());
    assert_eq!(theirs.opts().msg_type(), Some(v4::MessageType::Ack));
    assert_eq!(
        theirs.opts().get(v4::OptionCode::Router),
        Some(&v4::DhcpOption::Router(vec![Ipv4Addr::new(
            192, 168, 1, 200
        )]))
    );
    assert!(theirs.opts().contains(v4::OptionCode::ClasslessStaticRoute));
}

#[test]
fn reads_what_dhcproto_writes() {
    let mut theirs = v4::Message::default();
    theirs
        .set_chaddr(&MAC.octets())
        .set_flags(v4::Flags::default().set_broadcast())
        .set_ciaddr([192, 168, 1, 33]);
    theirs
        .opts_mut()
        .insert(v4::DhcpOption::MessageType(v4::MessageType::Request));
    theirs
        .opts_mut()
        .insert(v4::DhcpOption::Hostname("nas".into()));

    let message = Message::parse(&theirs.to_vec().unwrap()).unwrap();

    assert_eq!(message.message_type(), Some(MessageType::Request));
    assert!(message.wants_broadcast());
    assert_eq!(message.ciaddr, Ipv4Addr::new(192, 168, 1, 33));
    assert_eq!(message.options.get(code::HOST_NAME), Some(&b"nas"[..]));
}

proptest! {
    #[test]
    fn no_octets_panic_the_reader(
        octets in proptest::collection::vec(any::<u8>(), 0..600),
        looks_right in any::<bool>(),
    ) {
        let mut octets = octets;
        if looks_right && octets.len() >= 240 {
            octets[..3].copy_from_slice(&[1, 1, 6]);
            octets[236..240].copy_from_slice(&[99, 130, 83, 99]);
        }
        if let Ok(message) = Message::parse(&octets) {
            let again = Message::parse(&message.encode()).unwrap();
            prop_assert_eq!(again.options.get(53), message.options.get(53));
        }
    }
}
