use super::*;
use crate::testing::name;

#[test]
fn a_clients_name_is_cut_to_its_first_label_in_lower_case() {
    assert_eq!(host_name("Laptop").as_deref(), Some("laptop"));
    assert_eq!(host_name("laptop.lan.example").as_deref(), Some("laptop"));
}

#[test]
fn a_name_that_is_no_host_name_or_hijacks_the_lan_is_left_out() {
    let long = "a".repeat(64);
    for text in [
        "", "-a", "a-", "a_b", "a b", "x\u{0}y", "käse", "wpad", "WPAD", "isatap", &long,
    ] {
        assert_eq!(host_name(text), None, "{text:?}");
    }
}

#[test]
fn a_reservation_wins_over_a_client_that_brings_the_same_name() {
    let records = names(&[("nas", "192.0.2.9", true), ("nas", "192.0.2.3", false)]);

    assert_eq!(records, ["nas.home.arpa. 192.0.2.9"]);
}

#[test]
fn two_clients_with_one_name_do_not_take_turns() {
    let there = names(&[("tv", "192.0.2.9", false), ("tv", "192.0.2.3", false)]);
    let back = names(&[("tv", "192.0.2.3", false), ("tv", "192.0.2.9", false)]);

    assert_eq!(there, ["tv.home.arpa. 192.0.2.3"]);
    assert_eq!(back, there);
}

#[test]
fn the_routers_own_name_is_not_for_leases() {
    assert_eq!(names(&[("gate", "192.0.2.9", true)]), Vec::<String>::new());
}

fn names(leases: &[(&str, &str, bool)]) -> Vec<String> {
    let leases: Vec<LeaseName> = leases
        .iter()
        .map(|(host, address, reserved)| LeaseName {
            name: (*host).to_string(),
            address: address.parse().expect("address"),
            reserved: *reserved,
        })
        .collect();
    records(&name("home.arpa"), &name("gate.home.arpa"), &leases)
        .values()
        .flatten()
        .map(|record| format!("{} {}", record.name, record.data))
        .collect()
}
