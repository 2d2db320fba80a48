//! The task on a real segment: stock clients, other servers and routers, restarts, a full disk.

use std::{net::Ipv4Addr, time::SystemTime};

use ::dhcp::{Other, Verdict};

use self::{
    clients::{Client, dhclient, dhcpcd, udhcpc},
    fixture::{Home, lease_of},
    others::{advertise_a_router, foreign_server},
};

mod clients;
pub(super) mod fixture;
mod others;
mod storage;
mod unicast;

const ROUTER: Ipv4Addr = Ipv4Addr::new(192, 168, 1, 200);

async fn gets_everything(client: Client) {
    let home = Home::new("").await;
    let _running = home.serve().await;
    let laptop = home.lan.host(&[]).await;

    let told = client.lease(&laptop, "Laptop").await;

    assert_eq!(told.address, Ipv4Addr::new(192, 168, 1, 20));
    assert_eq!(told.prefix_length, 24);
    assert_eq!(told.router, Some(ROUTER));
    assert_eq!(told.resolver, Some(ROUTER));
    assert_eq!(told.domain.as_deref(), Some("home.arpa"));
    let lease = lease_of(&home, told.address);
    assert_eq!(lease.hostname.as_deref(), Some("laptop"));
    assert!(lease.expires_in_secs.is_some_and(|left| left > 43_000));
}

#[tokio::test]
async fn dhclient_gets_address_router_resolver_and_a_name() {
    gets_everything(dhclient()).await;
}

#[tokio::test]
async fn udhcpc_gets_address_router_resolver_and_a_name() {
    gets_everything(udhcpc()).await;
}

#[tokio::test]
async fn dhcpcd_gets_address_router_resolver_and_a_name() {
    gets_everything(dhcpcd()).await;
}

#[tokio::test]
async fn a_reserved_host_gets_its_address_and_is_told_its_name() {
    let home = Home::new(
        r#"
        [[lan.reservation]]
        name = "talos-1"
        mac = "bc:24:11:00:00:01"
        address = "192.168.1.201"
        "#,
    )
    .await;
    let _running = home.serve().await;
    let talos = home.lan.host(&[]).await;
    talos.shell("ip link set eth0 down && ip link set eth0 address bc:24:11:00:00:01 up");
    kernel::testing::operational(&talos, "eth0").await;

    let told = udhcpc().lease(&talos, "").await;

    assert_eq!(told.address, Ipv4Addr::new(192, 168, 1, 201));
    assert_eq!(told.host_name.as_deref(), Some("talos-1"));
    assert!(lease_of(&home, told.address).reserved);
}

#[tokio::test]
async fn a_host_that_starts_before_the_router_serves_is_answered_without_asking_twice() {
    let home = Home::new("").await;
    let laptop = home.lan.host(&[]).await;
    let running = home.start();
    running.until(Verdict::Checking).await;

    let told = udhcpc().asking_once().lease(&laptop, "laptop").await;

    assert_eq!(told.address, Ipv4Addr::new(192, 168, 1, 20));
}

#[tokio::test]
async fn an_address_that_somebody_took_by_hand_is_not_given_out() {
    let home = Home::new("").await;
    let running = home.serve().await;
    let _squatter = home.lan.host(&["192.168.1.20/24"]).await;
    let laptop = home.lan.host(&[]).await;

    let told = udhcpc().lease(&laptop, "laptop").await;

    assert_eq!(told.address, Ipv4Addr::new(192, 168, 1, 21));
    assert_eq!(running.counter("lanlord_dhcp_conflicts"), 1);
}

#[tokio::test]
async fn leases_survive_a_restart_and_are_not_given_to_others() {
    let home = Home::new("").await;
    let laptop = home.lan.host(&[]).await;
    let first = home.serve().await;
    let before = udhcpc().lease(&laptop, "laptop").await.address;
    first.stop().await;

    let _second = home.serve().await;
    assert_eq!(lease_of(&home, before).hostname.as_deref(), Some("laptop"));
    let phone = home.lan.host(&[]).await;
    let others = udhcpc().lease(&phone, "phone").await.address;
    let again = udhcpc().lease(&laptop, "laptop").await.address;

    assert_eq!(again, before);
    assert_ne!(others, before);
}

#[tokio::test]
async fn nobody_is_served_while_another_server_is_there_until_told_to() {
    let home = Home::new("").await;
    let rogue = foreign_server(&home).await;
    let running = home.start();

    running.until(Verdict::Off).await;
    let server = Other::DhcpServer(Ipv4Addr::new(192, 168, 1, 1));
    assert!(running.others().contains(&server), "{:?}", running.others());
    let state = running.state();
    assert!(
        state.starts_with("off: there is DHCP server 192.168.1.1"),
        "{state}"
    );
    assert!(state.contains("authoritative = true"), "{state}");
    let laptop = home.lan.host(&[]).await;
    let told = udhcpc().lease(&laptop, "laptop").await;
    assert_eq!(told.server, Some(Ipv4Addr::new(192, 168, 1, 1)));
    assert_eq!(running.counter("lanlord_dhcp_requests"), 0);

    rogue.stop();
    home.configure("authoritative = true", "");
    running.until(Verdict::Serving).await;
    let told = udhcpc().lease(&laptop, "laptop").await;
    assert_eq!(told.server, Some(ROUTER));
}

#[tokio::test]
async fn another_router_keeps_dhcp_off() {
    let home = Home::new("").await;
    let _router = advertise_a_router(&home).await;

    let running = home.start();

    running.until(Verdict::Off).await;
    let router = Other::Router("fe80::1".parse().unwrap());
    assert!(running.others().contains(&router), "{:?}", running.others());
}

#[tokio::test]
async fn a_host_with_the_routers_own_address_keeps_dhcp_off() {
    let home = Home::new("").await;
    let _twin = home.lan.host(&["192.168.1.200/24"]).await;

    let running = home.start();

    running.until(Verdict::Off).await;
    assert!(matches!(
        running.others().first(),
        Some(Other::AddressInUse(_))
    ));
}

#[tokio::test]
async fn a_recreated_interface_is_served_again() {
    let home = Home::new("").await;
    let running = home.serve().await;

    home.router.shell("ip link del eth1");
    running.until_waiting().await;
    home.lan
        .attach(&home.router, "eth1", &["192.168.1.200/24"])
        .await;

    running.until(Verdict::Serving).await;
    let laptop = home.lan.host(&[]).await;
    let told = udhcpc().lease(&laptop, "laptop").await;
    assert_eq!(told.address, Ipv4Addr::new(192, 168, 1, 20));
}

#[tokio::test]
async fn a_changed_range_is_used_at_once_and_leases_stay() {
    let home = Home::new("").await;
    let _running = home.serve().await;
    let laptop = home.lan.host(&[]).await;
    let before = udhcpc().lease(&laptop, "laptop").await.address;

    home.configure(r#"range = "192.168.1.50-192.168.1.60""#, "");

    let phone = home.lan.host(&[]).await;
    let told = udhcpc().lease(&phone, "phone").await;
    assert_eq!(told.address, Ipv4Addr::new(192, 168, 1, 50));
    let status = home.status(SystemTime::now());
    assert_eq!(status.range, "192.168.1.50-192.168.1.60");
    assert_eq!(lease_of(&home, before).hostname.as_deref(), Some("laptop"));
}
