use super::*;

/// `arping -c1 -I eth0 10.10.10.10` from 192.168.1.50, as tcpdump -xx shows it, padded to 60 octets.
const REQUEST: [u8; 60] = {
    let mut frame = [0; 60];
    let packet = [
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0x24, 0x11, 0x00, 0x00, 0x50, 0x08,
        0x06, // Ethernet
        0x00, 0x01, 0x08, 0x00, 0x06, 0x04, 0x00, 0x01, // request
        0xbc, 0x24, 0x11, 0x00, 0x00, 0x50, 192, 168, 1, 50, // sender
        0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 10, 10, 10, 10, // target
    ];
    let mut at = 0;
    while at < packet.len() {
        frame[at] = packet[at];
        at += 1;
    }
    frame
};

/// The reply to it from bc:24:11:00:00:02.
const REPLY: [u8; FRAME_LENGTH] = [
    0xbc, 0x24, 0x11, 0x00, 0x00, 0x50, 0xbc, 0x24, 0x11, 0x00, 0x00, 0x02, 0x08,
    0x06, // Ethernet
    0x00, 0x01, 0x08, 0x00, 0x06, 0x04, 0x00, 0x02, // reply
    0xbc, 0x24, 0x11, 0x00, 0x00, 0x02, 10, 10, 10, 10, // sender
    0xbc, 0x24, 0x11, 0x00, 0x00, 0x50, 192, 168, 1, 50, // target
];

fn request() -> Frame {
    Frame {
        destination: Mac::BROADCAST,
        source: Mac::new([0xbc, 0x24, 0x11, 0, 0, 0x50]),
        arp: ArpPacket {
            operation: Operation::Request,
            sender_mac: Mac::new([0xbc, 0x24, 0x11, 0, 0, 0x50]),
            sender_address: Ipv4Addr::new(192, 168, 1, 50),
            target_mac: Mac::ZERO,
            target_address: Ipv4Addr::new(10, 10, 10, 10),
        },
    }
}

#[test]
fn parses_and_emits_a_request() {
    assert_eq!(parse(&REQUEST), Ok(request()));
    assert_eq!(request().octets(), REQUEST[..FRAME_LENGTH]);
}

#[test]
fn parses_and_emits_a_reply() {
    let reply = parse(&REPLY).unwrap();

    assert_eq!(reply.arp.operation, Operation::Reply);
    assert_eq!(reply.arp.sender_address, Ipv4Addr::new(10, 10, 10, 10));
    assert_eq!(reply.octets(), REPLY);
}

#[test]
fn refuses_what_is_cut_short_at_every_length() {
    for length in 0..FRAME_LENGTH {
        assert_eq!(parse(&REQUEST[..length]), Err(ParseError::Short(length)));
    }
    assert!(parse(&REQUEST[..FRAME_LENGTH]).is_ok());
}

#[test]
fn refuses_each_field_that_does_not_fit_ipv4_over_ethernet() {
    for (at, value) in [(15, 6), (16, 0x86), (18, 8), (19, 16)] {
        let mut frame = REQUEST;
        frame[at] = value;

        let error = parse(&frame).unwrap_err();

        assert!(
            matches!(error, ParseError::NotIpv4OverEthernet { .. }),
            "octet {at}: {error}"
        );
    }
}

#[test]
fn refuses_reverse_arp_and_other_ether_types() {
    let mut reverse = REQUEST;
    reverse[21] = 3;
    let mut ipv4 = REQUEST;
    ipv4[13] = 0x00;

    assert_eq!(parse(&reverse), Err(ParseError::Operation(3)));
    assert_eq!(parse(&ipv4), Err(ParseError::EtherType(0x0800)));
}
