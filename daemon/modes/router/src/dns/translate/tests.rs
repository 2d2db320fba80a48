use super::*;

#[test]
fn a_lease_names_its_host_while_it_lasts_and_a_reservation_always() {
    let running = lease(Some("laptop"), Some(60), false);
    let over = lease(Some("laptop"), Some(0), false);
    let reserved = lease(Some("talos-1"), None, true);
    let nameless = lease(None, Some(60), true);

    assert_eq!(
        lease_name(running).map(|lease| lease.name).as_deref(),
        Some("laptop")
    );
    assert!(lease_name(reserved).is_some_and(|lease| lease.reserved));
    assert_eq!(lease_name(over), None);
    assert_eq!(lease_name(nameless), None);
}

fn lease(hostname: Option<&str>, expires_in_secs: Option<u64>, reserved: bool) -> LeaseStatus {
    LeaseStatus {
        address: IpAddr::from([192, 168, 1, 20]),
        mac: "bc:24:11:00:00:01".to_string(),
        hostname: hostname.map(ToString::to_string),
        expires_in_secs,
        reserved,
    }
}
