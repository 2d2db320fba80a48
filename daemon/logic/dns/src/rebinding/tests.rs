use super::*;
use crate::testing::*;

#[test]
fn private_addresses_are_taken_out_and_the_rest_stays() {
    let mut records = vec![
        record("w.example.net 60 CNAME x.example.net"),
        record("x.example.net 60 A 192.168.1.1"),
        record("x.example.net 60 A 198.51.100.7"),
        record("x.example.net 60 AAAA fd00::1"),
    ];

    let stripped = strip_private(&mut records);

    assert_eq!(stripped, 2);
    assert_eq!(records.len(), 2);
}

#[test]
fn private_is_what_a_stranger_must_not_name() {
    let private = [
        "10.1.2.3",
        "172.31.0.1",
        "192.168.0.1",
        "127.0.0.1",
        "169.254.1.1",
        "0.0.0.0",
        "100.64.0.1",
        "::1",
        "::",
        "fe80::1",
        "fd12::1",
        "::ffff:10.0.0.1",
        "64:ff9b::10.0.0.1",
        "2002:c0a8:101::1",
    ];
    let public = [
        "8.8.8.8",
        "192.0.2.1",
        "198.51.100.1",
        "203.0.113.1",
        "172.32.0.1",
        "100.128.0.1",
        "2606:4700::1",
        "2001:db8::1",
        "::ffff:8.8.8.8",
        "64:ff9b::8.8.8.8",
    ];

    for text in private {
        assert!(is_private(address(text)), "{text}");
    }
    for text in public {
        assert!(!is_private(address(text)), "{text}");
    }
}
