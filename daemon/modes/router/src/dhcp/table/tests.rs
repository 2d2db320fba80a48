use std::time::Duration;

use ::dhcp::{Binding, State};

use super::*;

fn at(secs: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(secs)
}

fn binding(last: u8, name: &str, state: State) -> Binding {
    Binding {
        address: Ipv4Addr::new(192, 0, 2, last),
        client: "01525400000001".parse().unwrap(),
        mac: "52:54:00:00:00:01".parse().unwrap(),
        hostname: Some(name.into()),
        state,
    }
}

#[test]
fn a_name_is_there_as_long_as_its_lease() {
    let mut table = LeaseTable::new([binding(20, "nas", State::Leased(at(100)))], at(0));
    assert_eq!(table.names()["nas"], Ipv4Addr::new(192, 0, 2, 20));

    assert!(!table.expire(at(99)));
    assert!(table.expire(at(100)));

    assert!(table.names().is_empty());
    assert_eq!(table.bindings().count(), 1);
}

#[test]
fn a_released_or_renamed_lease_takes_its_name_away() {
    let mut table = LeaseTable::new([binding(20, "nas", State::Leased(at(100)))], at(0));

    table.put(binding(20, "music", State::Leased(at(200))), at(1));
    assert_eq!(table.names().keys().collect::<Vec<_>>(), ["music"]);

    table.put(binding(20, "music", State::Released(at(2))), at(2));
    assert!(table.names().is_empty());
}
