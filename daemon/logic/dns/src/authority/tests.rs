use hickory_proto::rr::RecordType;

use super::*;
use crate::testing::*;

#[test]
fn names_of_clusters_survive_a_restart() {
    let before = with_www();

    let after = Authority::new(settings(), &before.saved(), NOW + 1);

    let reply = reply(&after, "www.example.com", RecordType::A);
    assert_eq!(answers(&reply), ["www.example.com 30 A 10.10.10.10"]);
    assert!(serial(&after, "example.com") > serial(&before, "example.com"));
}

#[test]
fn a_serial_rises_over_a_restart_even_when_the_clock_went_back() {
    let before = with_www();

    let after = Authority::new(settings(), &before.saved(), 1000);

    assert!(serial(&after, "example.com") > serial(&before, "example.com"));
}

#[test]
fn a_new_configuration_keeps_dynamic_names_and_leases() {
    let lease = LeaseName {
        name: "laptop".to_string(),
        address: address("192.168.1.20"),
        reserved: false,
    };
    let before = with_www().with_leases(&[lease]);
    let mut settings = settings();
    settings
        .records
        .push((name("new.home.arpa"), data("A", "192.168.1.12")));

    let after = before.reconfigured(settings, NOW);

    for asked in ["www.example.com", "laptop.home.arpa", "new.home.arpa"] {
        assert_eq!(
            reply(&after, asked, RecordType::A).answers.len(),
            1,
            "{asked}"
        );
    }
    assert_eq!(
        serial(&after, "home.arpa"),
        serial(&before, "home.arpa") + 1
    );
    assert_eq!(
        serial(&after, "example.com"),
        serial(&before, "example.com")
    );
}

#[test]
fn a_name_that_the_grant_no_longer_covers_is_gone_after_a_reload() {
    let before = with_www();
    let mut settings = settings();
    settings.grants[0].zones[0].names = vec!["*.apps".parse().expect("pattern")];

    let after = before.reconfigured(settings, NOW);

    assert!(matches!(
        ask(&after, "www.example.com", RecordType::A),
        crate::Answer::Forward(_)
    ));
    assert!(after.saved().is_empty());
}

#[test]
fn a_lease_that_ended_takes_its_name_along() {
    let lease = |host: &str| LeaseName {
        name: host.to_string(),
        address: address("192.168.1.20"),
        reserved: false,
    };
    let before = authority().with_leases(&[lease("laptop"), lease("tablet")]);

    let after = before.with_leases(&[lease("tablet")]);

    assert_eq!(
        reply(&after, "laptop.home.arpa", RecordType::A)
            .answers
            .len(),
        0
    );
    let pointer = reply(&after, "20.1.168.192.in-addr.arpa", RecordType::PTR);
    assert_eq!(
        answers(&pointer),
        ["20.1.168.192.in-addr.arpa 60 PTR tablet.home.arpa."]
    );
}

#[test]
fn the_status_counts_names_by_source() {
    let lease = LeaseName {
        name: "laptop".to_string(),
        address: address("192.168.1.20"),
        reserved: true,
    };
    let summaries = with_www().with_leases(&[lease]).summaries();

    let of = |zone: &str| {
        summaries
            .iter()
            .find(|summary| summary.name == zone)
            .expect("zone")
    };
    let home = of("home.arpa");
    assert_eq!((home.names, home.leases, home.dynamic), (3, 1, 0));
    let example = of("example.com");
    assert_eq!((example.names, example.leases, example.dynamic), (2, 0, 1));
    assert!(example.fallthrough);
}

#[test]
fn the_status_lists_every_name_with_its_holder() {
    let names = with_www().names();

    let list: Vec<(&str, &Holder)> = names
        .iter()
        .map(|entry| (entry.name.as_str(), &entry.holder))
        .collect();
    let cluster = Holder::Cluster(name("lab"));
    assert_eq!(
        list,
        [
            ("fixed.example.com", &Holder::Static),
            ("nas.home.arpa", &Holder::Static),
            ("router.home.arpa", &Holder::Static),
            ("www.example.com", &cluster),
        ]
    );
}

fn with_www() -> Authority {
    updated(
        &authority(),
        &adding("example.com", &["www.example.com 30 A 10.10.10.10"]),
    )
}

fn serial(authority: &Authority, zone: &str) -> u32 {
    authority.zones.at(&name(zone)).expect("zone").serial()
}
