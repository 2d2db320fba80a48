use proptest::prelude::*;

use super::*;

const SERVER: Mac = Mac::new([0xbc, 0x24, 0x11, 0, 0, 0xc8]);
const CLIENT: Mac = Mac::new([0xbc, 0x24, 0x11, 0, 0, 1]);

fn server() -> SocketAddrV4 {
    SocketAddrV4::new(Ipv4Addr::new(192, 168, 1, 200), 67)
}

fn client() -> SocketAddrV4 {
    SocketAddrV4::new(Ipv4Addr::new(192, 168, 1, 201), 68)
}

fn frame(payload: &[u8]) -> Vec<u8> {
    datagram_frame((SERVER, CLIENT), server(), client(), payload).unwrap()
}

#[test]
fn a_frame_has_the_octets_of_the_standards() {
    let frame = frame(&[1, 2, 3]);

    assert_eq!(
        frame,
        [
            0xbc, 0x24, 0x11, 0, 0, 1, 0xbc, 0x24, 0x11, 0, 0, 0xc8, 0x08, 0x00, // Ethernet
            0x45, 0xc0, 0, 31, 0, 0, 0, 0, 64, 17, 0xf5, 0x2c, // IPv4
            192, 168, 1, 200, 192, 168, 1, 201, //
            0, 67, 0, 68, 0, 11, 0x76, 0x6d, // UDP
            1, 2, 3,
        ]
    );
}

#[test]
fn padding_behind_the_datagram_is_left_out() {
    let mut frame = frame(b"hello");
    frame.extend([0; 20]);

    let datagram = Datagram::parse(&frame, false).unwrap();

    assert_eq!(datagram.payload, b"hello");
    assert_eq!(datagram.source, server());
    assert_eq!(datagram.destination, client());
    assert_eq!(datagram.source_mac, SERVER);
}

#[test]
fn a_checksum_that_a_virtual_card_never_filled_in_is_no_reason_to_drop() {
    let mut frame = frame(b"hello");
    frame[40] ^= 0xff;

    assert_eq!(Datagram::parse(&frame, false), Err(FrameError::Checksum));
    assert!(Datagram::parse(&frame, true).is_ok());
}

#[test]
fn frames_that_are_cut_fragmented_or_of_another_kind_are_refused() {
    let whole = frame(b"hello");
    let with = |at: usize, octet: u8| {
        let mut frame = whole.clone();
        frame[at] = octet;
        Datagram::parse(&frame, true).map(|_| ())
    };

    assert_eq!(with(12, 0x86), Err(FrameError::OtherProtocol));
    assert_eq!(with(23, 6), Err(FrameError::OtherProtocol));
    assert_eq!(with(20, 0x20), Err(FrameError::Fragment));
    assert_eq!(with(21, 1), Err(FrameError::Fragment));
    assert_eq!(with(14, 0x44), Err(FrameError::Short));
    assert_eq!(with(26, 7), Err(FrameError::Checksum));
    for length in 0..whole.len() {
        assert!(Datagram::parse(&whole[..length], true).is_err(), "{length}");
    }
}

proptest! {
    #[test]
    fn no_frame_panics_the_reader(
        octets in proptest::collection::vec(any::<u8>(), 0..120),
        looks_right in any::<bool>(),
        pending in any::<bool>(),
    ) {
        let mut octets = octets;
        if looks_right && octets.len() > 34 {
            octets[12..14].copy_from_slice(&[8, 0]);
            octets[14] = 0x40 | (octets[14] & 0x0f);
            octets[20..22].copy_from_slice(&[0, 0]);
            octets[23] = 17;
        }
        let _ = Datagram::parse(&octets, pending);
    }

    #[test]
    fn what_is_written_is_read_back(payload in proptest::collection::vec(any::<u8>(), 0..600)) {
        let frame = frame(&payload);
        prop_assert_eq!(Datagram::parse(&frame, false).unwrap().payload, payload.as_slice());
    }
}
