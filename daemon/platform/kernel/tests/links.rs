//! Links, addresses, routes and rules in a namespace of their own, by real netlink.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;

use kernel::{
    Events, NetlinkError, NextHop, Route,
    route::MAIN_TABLE,
    testing::{Lan, Namespace, eventually, veth},
    unreachable,
};
use model::Vip;

fn net(text: &str) -> ipnet::IpNet {
    text.parse().unwrap()
}

fn vips(addresses: &[&str]) -> BTreeSet<Vip> {
    addresses
        .iter()
        .map(|text| Vip::new(text.parse().unwrap()))
        .collect()
}

fn names(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(ToString::to_string).collect()
}

#[tokio::test]
async fn lists_links_with_addresses_hardware_address_and_state() {
    let lan = Lan::new().await;
    let host = lan.host(&["192.0.2.1/24", "2001:db8::1/64"]).await;
    host.shell("ip link set eth0 address 02:00:00:00:00:01");

    let link = host.netlink().link("eth0").await.unwrap().unwrap();

    assert_eq!(link.mac, Some("02:00:00:00:00:01".parse().unwrap()));
    assert_eq!(link.kind.as_deref(), Some("veth"));
    assert_eq!(link.mtu, 1500);
    assert!(link.is_operational());
    assert!(link.addresses.contains(&net("192.0.2.1/24")));
    assert!(link.addresses.contains(&net("2001:db8::1/64")));
}

#[tokio::test]
async fn listings_at_the_same_time_wait_for_each_other() {
    let lan = Lan::new().await;
    let host = lan.host(&["192.0.2.1/24"]).await;
    let netlink = host.netlink();

    let (links, rules, again) =
        tokio::join!(netlink.links(), netlink.own_rules(7), netlink.links());

    assert_eq!(links.unwrap(), again.unwrap());
    assert!(rules.unwrap().is_empty());
}

#[tokio::test]
async fn a_bridge_port_names_its_master() {
    let lan = Lan::new().await;
    let _host = lan.host(&[]).await;

    let links = lan.switch().netlink().links().await.unwrap();

    let bridge = links.iter().find(|link| link.name == "br0").unwrap();
    let port = links.iter().find(|link| link.name == "port0").unwrap();
    assert_eq!(port.master, Some(bridge.index));
    assert_eq!(bridge.kind.as_deref(), Some("bridge"));
}

#[tokio::test]
async fn ensuring_an_address_twice_is_the_same_as_once() {
    let lan = Lan::new().await;
    let host = lan.host(&[]).await;
    let netlink = host.netlink();

    for _ in 0..2 {
        netlink
            .ensure_address("eth0", net("192.0.2.9/24"))
            .await
            .unwrap();
    }

    let link = netlink.link("eth0").await.unwrap().unwrap();
    let v4: Vec<_> = link
        .addresses
        .iter()
        .filter(|a| a.addr().is_ipv4())
        .collect();
    assert_eq!(v4, [&net("192.0.2.9/24")]);
}

#[tokio::test]
async fn deleting_what_is_gone_is_done() {
    let lan = Lan::new().await;
    let host = lan.host(&[]).await;
    let netlink = host.netlink();

    netlink
        .delete_address("eth0", net("192.0.2.9/24"))
        .await
        .unwrap();
    netlink
        .delete_address("eth7", net("192.0.2.9/24"))
        .await
        .unwrap();
    netlink
        .delete_route(net("10.10.10.0/24"), MAIN_TABLE)
        .await
        .unwrap();
    unreachable::flush(&netlink).await.unwrap();
}

#[tokio::test]
async fn flushing_addresses_leaves_those_of_others() {
    let lan = Lan::new().await;
    let host = lan.host(&[]).await;
    let netlink = host.netlink();
    host.shell("ip address add 198.51.100.1/24 dev eth0");
    netlink
        .ensure_address("eth0", net("192.0.2.9/24"))
        .await
        .unwrap();

    netlink.flush_addresses().await.unwrap();

    let link = netlink.link("eth0").await.unwrap().unwrap();
    assert!(link.addresses.contains(&net("198.51.100.1/24")));
    assert!(!link.addresses.contains(&net("192.0.2.9/24")));
}

#[tokio::test]
async fn a_missing_interface_is_named_in_the_error() {
    let host = Namespace::new();

    let error = host.netlink().ensure_up("eth9").await.unwrap_err();

    assert!(matches!(error, NetlinkError::NoSuchLink { .. }));
    assert_eq!(
        error.to_string(),
        "set interface eth9 up: there is no interface `eth9`"
    );
}

#[tokio::test]
async fn routes_are_added_changed_and_flushed_under_our_mark() {
    let lan = Lan::new().await;
    let host = lan.host(&["192.0.2.1/24", "2001:db8::1/64"]).await;
    let netlink = host.netlink();
    let gateway = |address: &str| NextHop::Gateway {
        address: address.parse().unwrap(),
        device: None,
    };
    let pool = Route::new(net("10.10.10.0/24"), NextHop::Device("eth0".to_string()));

    for _ in 0..2 {
        netlink.ensure_route(&pool).await.unwrap();
        netlink
            .ensure_route(&Route::new(net("0.0.0.0/0"), gateway("192.0.2.254")))
            .await
            .unwrap();
        netlink
            .ensure_route(&Route::new(net("::/0"), gateway("2001:db8::fe")))
            .await
            .unwrap();
    }

    let shown = host.shell("ip route show; ip -6 route show proto 108");
    assert!(
        shown.contains("10.10.10.0/24 dev eth0 proto 108 scope link"),
        "{shown}"
    );
    assert!(
        shown.contains("default via 192.0.2.254 dev eth0 proto 108"),
        "{shown}"
    );
    assert!(
        shown.contains("default via 2001:db8::fe dev eth0"),
        "{shown}"
    );
    let default = netlink.default_route().await.unwrap().unwrap();
    assert_eq!(default.interface, "eth0");
    assert_eq!(default.gateway, Some("192.0.2.254".parse().unwrap()));

    netlink
        .ensure_route(&Route::new(net("0.0.0.0/0"), gateway("192.0.2.253")))
        .await
        .unwrap();
    let shown = host.shell("ip route show default");
    assert_eq!(shown.lines().count(), 1, "{shown}");
    assert!(shown.contains("192.0.2.253"), "{shown}");

    netlink.flush_routes(MAIN_TABLE).await.unwrap();
    let shown = host.shell("ip route show proto 108; ip -6 route show proto 108");
    assert_eq!(shown, "");
}

#[tokio::test]
async fn a_route_of_another_program_is_left_alone() {
    let lan = Lan::new().await;
    let host = lan.host(&["192.0.2.1/24"]).await;
    let netlink = host.netlink();
    host.shell("ip route add default via 192.0.2.254");
    let to = |address: &str| {
        Route::new(
            net("0.0.0.0/0"),
            NextHop::Gateway {
                address: address.parse().unwrap(),
                device: Some("eth0".to_string()),
            },
        )
    };

    netlink.ensure_route(&to("192.0.2.254")).await.unwrap();
    let error = netlink.ensure_route(&to("192.0.2.253")).await.unwrap_err();
    netlink
        .delete_route(net("0.0.0.0/0"), MAIN_TABLE)
        .await
        .unwrap();

    assert!(matches!(error, NetlinkError::RouteTaken { .. }), "{error}");
    assert!(
        host.shell("ip route show default")
            .contains("via 192.0.2.254")
    );
}

#[tokio::test]
async fn unreachable_vips_follow_the_plan_and_leave_nothing_behind() {
    let lan = Lan::new().await;
    let host = lan.host(&["192.0.2.1/24"]).await;
    let netlink = host.netlink();
    let before = host.shell("ip rule; ip -6 rule");

    let first = unreachable::ensure(
        &netlink,
        &vips(&["10.10.10.10", "10.10.10.11"]),
        &names(&["eth0"]),
    )
    .await
    .unwrap();
    let again = unreachable::ensure(
        &netlink,
        &vips(&["10.10.10.10", "10.10.10.11"]),
        &names(&["eth0"]),
    )
    .await
    .unwrap();
    let rules = host.shell("ip rule");
    let routes = host.shell("ip route show table 27756");
    let moved = unreachable::ensure(
        &netlink,
        &vips(&["10.10.10.11", "2001:db8:1::1"]),
        &names(&["eth0", "later0"]),
    )
    .await
    .unwrap();
    let routes_v6 = host.shell("ip -6 route show table 27756");
    unreachable::flush(&netlink).await.unwrap();

    assert_eq!((first.added, first.removed), (3, 0));
    assert_eq!((again.added, again.removed), (0, 0));
    assert!(
        rules.contains("27756:\tfrom all iif eth0 lookup 27756 proto 108"),
        "{rules}"
    );
    assert!(
        routes.contains("unreachable 10.10.10.10 proto 108"),
        "{routes}"
    );
    // One route each way, and rules for the second interface and for IPv6 on both.
    assert_eq!((moved.added, moved.removed), (4, 1));
    assert!(
        routes_v6.contains("unreachable 2001:db8:1::1"),
        "{routes_v6}"
    );
    assert_eq!(host.shell("ip rule; ip -6 rule"), before);
    assert_eq!(host.shell("ip route show table all proto 108"), "");
    assert_eq!(host.shell("ip -6 route show table all proto 108"), "");
}

#[tokio::test]
async fn a_packet_for_a_vip_without_service_is_refused_and_not_sent_back() {
    let lan = Lan::new().await;
    let node = lan.host(&["192.0.2.1/24"]).await;
    let client = lan.host(&["192.0.2.2/24"]).await;
    let gateway = lan.host(&["192.0.2.254/24"]).await;
    node.shell("sysctl -qw net.ipv4.ip_forward=1; ip route add default via 192.0.2.254");
    gateway.shell("sysctl -qw net.ipv4.ip_forward=1; ip route add 10.10.10.0/24 via 192.0.2.1");
    client.shell("ip route add 10.10.10.0/24 via 192.0.2.1");

    unreachable::ensure(&node.netlink(), &vips(&["10.10.10.10"]), &names(&["eth0"]))
        .await
        .unwrap();

    let output = client
        .command("ping")
        .args(["-c1", "-W2", "10.10.10.10"])
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains("Destination Host Unreachable"), "{text}");
    assert!(!text.contains("Time to live exceeded"), "{text}");
}

#[tokio::test]
async fn a_service_of_the_vip_is_reached_though_the_vip_itself_is_unreachable() {
    let lan = Lan::new().await;
    let node = lan.host(&["192.0.2.1/24"]).await;
    let client = lan.host(&["192.0.2.2/24"]).await;
    client.shell("ip route add 10.10.10.0/24 via 192.0.2.1");
    // As kube-proxy does it: translation comes before routing.
    node.shell(
        "sysctl -qw net.ipv4.ip_forward=1; nft 'add table ip test; add chain ip test pre { type nat hook prerouting priority dstnat; }; \
         add rule ip test pre ip daddr 10.10.10.10 tcp dport 80 dnat to 192.0.2.1:8080'",
    );
    let _listener = node
        .inside(|| std::net::TcpListener::bind("192.0.2.1:8080"))
        .unwrap();

    unreachable::ensure(&node.netlink(), &vips(&["10.10.10.10"]), &names(&["eth0"]))
        .await
        .unwrap();

    let connect = |port: u16| {
        let address = std::net::SocketAddr::from(([10, 10, 10, 10], port));
        client.inside(|| {
            std::net::TcpStream::connect_timeout(&address, std::time::Duration::from_secs(5))
        })
    };
    connect(80).unwrap();
    let refused = connect(81).unwrap_err();
    assert_eq!(
        refused.kind(),
        std::io::ErrorKind::HostUnreachable,
        "{refused}"
    );
}

#[tokio::test]
async fn our_addresses_are_told_from_those_of_others() {
    let lan = Lan::new().await;
    let host = lan.host(&[]).await;
    let netlink = host.netlink();
    host.shell("ip address add 198.51.100.1/24 dev eth0");
    netlink
        .ensure_address("eth0", net("192.0.2.9/24"))
        .await
        .unwrap();

    let own = netlink.own_addresses().await.unwrap();

    let index = netlink.link("eth0").await.unwrap().unwrap().index;
    assert_eq!(own, [(index, net("192.0.2.9/24"))]);
}

#[tokio::test]
async fn a_nic_that_is_deleted_and_made_again_shows_as_changes_and_a_new_index() {
    let left = Namespace::new();
    let right = Namespace::new();
    veth((&left, "eth0"), (&right, "eth0")).await;
    let netlink = left.netlink();
    let before = netlink.link("eth0").await.unwrap().unwrap().index;
    let mut events = left.inside(Events::subscribe).unwrap();

    left.shell("ip link delete eth0");
    let gone = events.changed().await.unwrap();
    eventually("eth0 is gone", async || {
        netlink.link("eth0").await.unwrap().is_none().then_some(())
    })
    .await;
    veth((&left, "eth0"), (&right, "eth0")).await;
    let back = events.changed().await.unwrap();

    assert!(gone.links);
    assert!(back.links);
    let after = netlink.link("eth0").await.unwrap().unwrap().index;
    assert_ne!(before, after);
}

#[tokio::test]
async fn lost_messages_count_as_a_change_of_everything() {
    let host = Namespace::new();
    let mut events = host.inside(Events::subscribe).unwrap();

    // More than a default receive buffer holds while nobody reads.
    let script: String = (0..3000)
        .flat_map(|n| {
            let address = format!("10.{}.{}.1/32", n / 250, n % 250);
            [
                format!("address add {address} dev lo\n"),
                format!("address del {address} dev lo\n"),
            ]
        })
        .collect();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), script).unwrap();
    host.shell(&format!("ip -batch {}", file.path().display()));

    let changes = events.changed().await.unwrap();

    assert!(changes.lost && changes.links && changes.addresses && changes.routes);
}
