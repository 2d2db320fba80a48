use super::*;

fn message(message_type: u16, payload: usize) -> Vec<u8> {
    let length = u32::try_from(16 + payload).unwrap();
    let mut bytes = length.to_ne_bytes().to_vec();
    bytes.extend(message_type.to_ne_bytes());
    bytes.resize((16 + payload).next_multiple_of(4), 0);
    bytes
}

#[test]
fn reads_the_types_of_all_messages_in_a_datagram() {
    let datagram = [message(16, 5), message(24, 0), message(99, 3)].concat();

    let types: Vec<u16> = message_types(&datagram).collect();

    assert_eq!(types, [16, 24, 99]);
}

#[test]
fn stops_at_a_message_that_is_shorter_than_its_header() {
    let datagram = [message(16, 0), vec![3, 0, 0, 0, 24, 0]].concat();

    let types: Vec<u16> = message_types(&datagram).collect();

    assert_eq!(types, [16]);
}
