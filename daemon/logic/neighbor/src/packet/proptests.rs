use proptest::prelude::*;

use super::*;

proptest! {
    #[test]
    fn arbitrary_octets_never_panic_and_what_parses_is_emitted_alike(octets in prop::collection::vec(any::<u8>(), 0..128)) {
        if let Ok(frame) = parse(&octets) {
            prop_assert_eq!(&frame.octets()[..], &octets[..FRAME_LENGTH]);
        }
    }

    #[test]
    fn one_changed_octet_never_panics(at in 0..FRAME_LENGTH, value: u8, length in 0..64_usize) {
        let mut octets = [0_u8; 64];
        octets[12..22].copy_from_slice(&[0x08, 0x06, 0, 1, 8, 0, 6, 4, 0, 1]);
        octets[at] = value;

        if let Ok(frame) = parse(&octets[..length]) {
            prop_assert_eq!(&frame.octets()[..], &octets[..FRAME_LENGTH]);
        }
    }
}
