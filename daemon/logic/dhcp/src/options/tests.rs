use super::*;

fn read(area: &[u8]) -> Options {
    let mut options = Options::new();
    options.read(area);
    options
}

#[test]
fn padding_is_skipped_and_the_end_mark_ends() {
    let options = read(&[0, 0, 53, 1, 1, 0, 255, 12, 1, b'x']);

    assert_eq!(options.octet(code::MESSAGE_TYPE), Some(1));
    assert_eq!(options.get(code::HOST_NAME), None);
}

#[test]
fn a_host_name_that_is_no_text_does_not_hide_later_options() {
    let options = read(&[12, 2, 0xff, 0xfe, 50, 4, 192, 0, 2, 7, 255]);

    assert_eq!(
        options.address(code::REQUESTED_ADDRESS),
        Some(Ipv4Addr::new(192, 0, 2, 7))
    );
}

#[test]
fn an_option_of_the_wrong_length_is_absent_but_later_ones_are_read() {
    let options = read(&[51, 2, 0, 1, 50, 3, 1, 2, 3, 61, 2, 1, 2]);

    assert_eq!(options.number(code::LEASE_TIME), None);
    assert_eq!(options.address(code::REQUESTED_ADDRESS), None);
    assert_eq!(options.get(code::CLIENT_ID), Some(&[1, 2][..]));
}

#[test]
fn an_option_that_runs_past_the_area_ends_it() {
    let options = read(&[53, 1, 3, 61, 200, 1, 2]);

    assert_eq!(options.octet(code::MESSAGE_TYPE), Some(3));
    assert_eq!(options.get(code::CLIENT_ID), None);
}

#[test]
fn split_options_are_joined_and_long_ones_are_split() {
    let long: Vec<u8> = (0..300_u16).map(|n| (n % 251) as u8).collect();
    let mut options = Options::new();
    options.set(code::CLASSLESS_ROUTES, long.clone());

    let mut octets = Vec::new();
    options.write(&mut octets);

    assert_eq!(octets.len(), 2 + 255 + 2 + 45 + 1);
    assert_eq!(
        read(&octets).get(code::CLASSLESS_ROUTES),
        Some(long.as_slice())
    );
}

#[test]
fn the_message_type_comes_first_and_relay_information_last() {
    let mut options = Options::new();
    options.set(code::SUBNET_MASK, [255, 255, 255, 0]);
    options.set(code::RELAY_AGENT, [1, 1, 9]);
    options.set(code::MESSAGE_TYPE, [2]);
    options.set(code::CLASSLESS_ROUTES, [0, 192, 0, 2, 1]);

    let mut octets = Vec::new();
    options.write(&mut octets);

    assert_eq!(&octets[..3], &[53, 1, 2]);
    assert_eq!(&octets[octets.len() - 6..], &[82, 3, 1, 1, 9, 255]);
}
