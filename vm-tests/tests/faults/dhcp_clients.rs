use vm_tests::{
    lab::{
        probe,
        www::{self, ROUTER},
    },
    packages,
};

use crate::small_lab::{small_lab_with_client, write_router_config};

/// A lease, the gateway, the resolver and a name, from the client that the distribution ships.
fn serves(client: &str) {
    assert!(
        packages::find(client).is_some(),
        "{client} is not installed; `cargo verify` installs it"
    );
    let mut lab = small_lab_with_client(&format!("client-{client}"), &["router", "laptop"], client);
    write_router_config(&lab, "router", "eth1", ROUTER, "");
    let part = www::start_router(&mut lab).unwrap();
    www::await_serving(&lab, &part).unwrap();

    let lease = www::take_lease(&mut lab, "laptop").unwrap();
    let name = lab.eventually(
        std::time::Duration::from_secs(5),
        "laptop.home.arpa to resolve",
        &part,
        || {
            probe::resolve(
                lab.machine("laptop").unwrap(),
                &lease.resolver,
                "laptop.home.arpa",
            )
        },
    );

    assert!(lease.address.starts_with("192.168.1."), "{lease:?}");
    assert!(lease.address.ends_with("/24"), "{lease:?}");
    assert_eq!(lease.router, ROUTER);
    assert_eq!(lease.resolver, ROUTER);
    assert_eq!(name.unwrap(), [lease.address.trim_end_matches("/24")]);
}

#[test]
fn dhclient_gets_lease_router_resolver_and_name() {
    serves("dhclient");
}

#[test]
fn udhcpc_gets_lease_router_resolver_and_name() {
    serves("udhcpc");
}

#[test]
fn dhcpcd_gets_lease_router_resolver_and_name() {
    serves("dhcpcd");
}
