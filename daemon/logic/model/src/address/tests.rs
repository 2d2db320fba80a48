use crate::{AddressRange, AddressRangeError};

fn range(text: &str) -> AddressRange {
    text.parse().expect("a range")
}

#[test]
fn a_range_that_is_a_prefix_is_printed_as_one() {
    for (written, printed) in [
        ("10.10.10.0-10.10.10.255", "10.10.10.0/24"),
        ("10.10.10.7/24", "10.10.10.0/24"),
        ("192.0.2.1-192.0.2.1", "192.0.2.1/32"),
        ("0.0.0.0/0", "0.0.0.0/0"),
        ("::/0", "::/0"),
        ("2001:db8::10-2001:db8::1f", "2001:db8::10/124"),
        ("192.0.2.1 - 192.0.2.2", "192.0.2.1-192.0.2.2"),
        ("192.0.2.0-192.0.2.254", "192.0.2.0-192.0.2.254"),
        ("192.0.2.127-192.0.2.128", "192.0.2.127-192.0.2.128"),
    ] {
        assert_eq!(range(written).to_string(), printed);
        assert_eq!(range(printed), range(written));
    }
}

#[test]
fn places_in_a_range_are_counted_from_its_first_address() {
    let all = range("::/0");
    let some = range("192.0.2.250-192.0.3.5");

    assert_eq!(all.len(), u128::MAX);
    assert_eq!(all.nth(u128::MAX), Some(all.last()));
    assert_eq!(some.len(), 12);
    assert_eq!(some.nth(11), Some(some.last()));
    assert_eq!(some.nth(12), None);
}

#[test]
fn families_do_not_mix_in_a_range() {
    let mixed: Result<AddressRange, _> = "::5-1.2.3.4".parse();

    assert!(matches!(
        mixed,
        Err(AddressRangeError::MixedFamilies { .. })
    ));
}
