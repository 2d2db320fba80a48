//! The wire thread in a namespace, asked by hosts in others over real Ethernet.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    collections::BTreeSet,
    net::Ipv4Addr,
    sync::Arc,
    time::{Duration, Instant},
};

use kernel::{
    PacketSocket,
    packet::ETHER_TYPE_ARP,
    testing::{Lan, Namespace, eventually, veth},
};
use model::{Mac, Vip};
use neighbor::{ArpPacket, Frame, Operation, gratuitous, parse};
use segment::{Orders, Placement, Report, Segment, Settings};
use tokio::sync::watch;

const VIP: Ipv4Addr = Ipv4Addr::new(10, 10, 10, 10);
const OTHER: Ipv4Addr = Ipv4Addr::new(10, 10, 10, 11);

fn vip(address: Ipv4Addr) -> Vip {
    Vip::new(address.into())
}

fn orders(addresses: &[Ipv4Addr]) -> Orders {
    on_interfaces(addresses, &[])
}

fn on_interfaces(addresses: &[Ipv4Addr], interfaces: &[&str]) -> Orders {
    let placement = Placement {
        interfaces: interfaces.iter().map(ToString::to_string).collect(),
    };
    Orders {
        vips: addresses
            .iter()
            .map(|address| (vip(*address), placement.clone()))
            .collect(),
    }
}

struct Node {
    host: Namespace,
    orders: watch::Sender<Orders>,
    segment: Segment,
}

impl Node {
    fn start(host: Namespace, first: Orders) -> Self {
        let (orders, receiver) = watch::channel(first);
        let segment = host
            .inside(|| segment::start(Settings::default(), receiver))
            .unwrap();
        Self {
            host,
            orders,
            segment,
        }
    }

    async fn report(&self, what: &str, holds: impl Fn(&Report) -> bool) -> Report {
        let mut report = self.segment.report();
        let waited = tokio::time::timeout(
            Duration::from_secs(10),
            report.wait_for(|report| holds(report)),
        );
        match waited.await {
            Ok(report) => report.unwrap().clone(),
            Err(_elapsed) => panic!(
                "not within 10 s: {what}; last: {:?}",
                *self.segment.report().borrow()
            ),
        }
    }

    async fn announces(&self, address: Ipv4Addr) -> Report {
        let what = format!("{address} is announced");
        self.report(&what, |report| {
            report.announcing.contains_key(&vip(address))
        })
        .await
    }
}

/// A host that asks by ARP and hears the answers.
struct Client {
    host: Namespace,
    socket: PacketSocket,
    mac: Mac,
}

impl Client {
    async fn on(lan: &Lan) -> Self {
        Self::at(lan.host(&["192.0.2.50/24"]).await).await
    }

    async fn at(host: Namespace) -> Self {
        let link = host.netlink().link("eth0").await.unwrap().unwrap();
        let socket = host
            .inside(|| PacketSocket::open(link.index, ETHER_TYPE_ARP))
            .unwrap();
        Self {
            host,
            socket,
            mac: link.mac.unwrap(),
        }
    }

    async fn send(&self, destination: Mac, arp: ArpPacket) {
        let frame = Frame {
            destination,
            source: self.mac,
            arp,
        };
        self.socket.send(&frame.octets()).await.unwrap();
    }

    fn request(&self, target: Ipv4Addr) -> ArpPacket {
        ArpPacket {
            operation: Operation::Request,
            sender_mac: self.mac,
            sender_address: Ipv4Addr::new(192, 0, 2, 50),
            target_mac: Mac::ZERO,
            target_address: target,
        }
    }

    async fn ask(&self, target: Ipv4Addr) {
        self.send(Mac::BROADCAST, self.request(target)).await;
    }

    async fn hear(&self) -> Frame {
        let mut buffer = [0; 128];
        let received = tokio::time::timeout(Duration::from_secs(5), self.socket.recv(&mut buffer))
            .await
            .expect("a frame within five seconds")
            .unwrap();
        parse(&buffer[..received.length]).unwrap()
    }

    /// The next reply addressed to this client, announcements passed over.
    async fn answer(&self) -> Frame {
        loop {
            let frame = self.hear().await;
            if frame.destination == self.mac && frame.arp.operation == Operation::Reply {
                return frame;
            }
        }
    }

    /// What the Linux of this host has in its neighbour table.
    fn cached(&self, address: Ipv4Addr) -> String {
        self.host.shell(&format!("ip neighbour show to {address}"))
    }
}

async fn mac_of(host: &Namespace, interface: &str) -> Mac {
    host.netlink()
        .link(interface)
        .await
        .unwrap()
        .unwrap()
        .mac
        .unwrap()
}

async fn node_on(lan: &Lan, addresses: &[&str], first: Orders) -> Node {
    Node::start(lan.host(addresses).await, first)
}

#[tokio::test]
async fn replies_to_arp_for_an_owned_vip_and_stays_silent_for_others() {
    let lan = Lan::new().await;
    let client = Client::on(&lan).await;
    let node = node_on(&lan, &["10.10.10.1/24"], orders(&[VIP])).await;
    node.announces(VIP).await;

    client.ask(OTHER).await;
    client.ask(VIP).await;

    let answer = client.answer().await;
    assert_eq!(
        answer.arp.sender_address, VIP,
        "the other address got no answer before"
    );
    assert_eq!(answer.arp.sender_mac, mac_of(&node.host, "eth0").await);
    assert_eq!(answer.arp.target_mac, client.mac);
    let counters = node.segment.counters();
    let of_vip = Arc::clone(&counters.per_vip()[&vip(VIP)]);
    // The answer may be here before the thread has counted it.
    eventually("the answer is counted", async || {
        (of_vip.replies.get() == 1).then_some(())
    })
    .await;
    assert_eq!(of_vip.requests.get(), 1);
    assert!(counters.not_for_us.get() >= 1);
}

#[tokio::test]
async fn defends_the_vip_against_a_probe_and_answers_a_unicast_request() {
    let lan = Lan::new().await;
    let client = Client::on(&lan).await;
    let node = node_on(&lan, &["10.10.10.1/24"], orders(&[VIP])).await;
    node.announces(VIP).await;
    let node_mac = mac_of(&node.host, "eth0").await;

    let probe = ArpPacket {
        sender_address: Ipv4Addr::UNSPECIFIED,
        ..client.request(VIP)
    };
    client.send(Mac::BROADCAST, probe).await;
    let defended = client.answer().await;
    client.send(node_mac, client.request(VIP)).await;
    let refreshed = client.answer().await;

    assert_eq!(defended.arp.sender_mac, node_mac);
    assert_eq!(refreshed.arp.sender_mac, node_mac);
}

#[tokio::test]
async fn a_linux_host_resolves_the_vip_through_the_default_route_interface() {
    let lan = Lan::new().await;
    let host = lan.host(&["192.0.2.201/24"]).await;
    host.shell("ip route add default via 192.0.2.200");
    let node = Node::start(host, orders(&[VIP]));
    let router = lan.host(&["192.0.2.200/24"]).await;
    router.shell("ip route add 10.10.10.0/24 dev eth0");

    let report = node.announces(VIP).await;
    router.shell("ping -c1 -W1 10.10.10.10 || true");

    assert_eq!(
        report.announcing[&vip(VIP)],
        BTreeSet::from(["eth0".to_string()])
    );
    let cached = router.shell("ip neighbour show to 10.10.10.10");
    let mac = mac_of(&node.host, "eth0").await.to_string();
    assert!(cached.contains(&mac), "{cached}");
}

#[tokio::test]
async fn a_change_of_orders_changes_the_answers() {
    let lan = Lan::new().await;
    let client = Client::on(&lan).await;
    let node = node_on(&lan, &["10.10.10.1/24"], orders(&[VIP])).await;
    node.announces(VIP).await;

    node.orders.send_replace(orders(&[OTHER]));
    node.announces(OTHER).await;
    client.ask(VIP).await;
    client.ask(OTHER).await;

    assert_eq!(client.answer().await.arp.sender_address, OTHER);
    let report = node.segment.report().borrow().clone();
    assert!(!report.announcing.contains_key(&vip(VIP)));
}

#[tokio::test]
async fn goes_on_with_its_last_orders_when_nobody_gives_new_ones() {
    let lan = Lan::new().await;
    let client = Client::on(&lan).await;
    let host = lan.host(&["10.10.10.1/24"]).await;
    let (orders, receiver) = watch::channel(orders(&[VIP]));
    let _segment = host
        .inside(|| segment::start(Settings::default(), receiver))
        .unwrap();

    drop(orders);
    // The first announcement tells that the thread is there.
    while client.hear().await.arp.sender_address != VIP {}
    client.ask(VIP).await;

    assert_eq!(client.answer().await.arp.sender_address, VIP);
}

#[tokio::test]
async fn a_nic_that_is_deleted_and_made_again_answers_again() {
    let node_host = Namespace::new();
    let client_host = Namespace::new();
    veth((&node_host, "eth0"), (&client_host, "eth0")).await;
    node_host.shell("ip address add 10.10.10.1/24 dev eth0");
    let node = Node::start(node_host, orders(&[VIP]));
    node.announces(VIP).await;

    node.host.shell("ip link delete eth0");
    let report = node
        .report("the VIP is silent", |report| {
            report.silent.contains_key(&vip(VIP))
        })
        .await;
    veth((&node.host, "eth0"), (&client_host, "eth0")).await;
    node.host.shell("ip address add 10.10.10.1/24 dev eth0");
    node.announces(VIP).await;
    let client = Client::at(client_host).await;
    client.ask(VIP).await;

    assert!(report.silent[&vip(VIP)].contains("no interface on its subnet"));
    let mac = mac_of(&node.host, "eth0").await;
    assert_eq!(client.answer().await.arp.sender_mac, mac);
}

#[tokio::test]
async fn a_changed_hardware_address_is_announced_and_used_in_answers() {
    let lan = Lan::new().await;
    let client = Client::on(&lan).await;
    let node = node_on(&lan, &["10.10.10.1/24"], orders(&[VIP])).await;
    node.announces(VIP).await;
    let new: Mac = "02:00:00:00:00:77".parse().unwrap();

    node.host.shell(&format!("ip link set eth0 address {new}"));

    while client.hear().await.arp.sender_mac != new {}
    client.ask(VIP).await;
    assert_eq!(client.answer().await.arp.sender_mac, new);
}

#[tokio::test]
async fn taking_a_vip_over_updates_the_cache_of_a_linux_host_at_once() {
    let lan = Lan::new().await;
    let client = Client::at(lan.host(&["10.10.10.50/24"]).await).await;
    let first = node_on(&lan, &["10.10.10.1/24"], orders(&[VIP])).await;
    let second = node_on(&lan, &["10.10.10.2/24"], orders(&[])).await;
    first.announces(VIP).await;
    let first_mac = mac_of(&first.host, "eth0").await.to_string();
    let second_mac = mac_of(&second.host, "eth0").await.to_string();
    client.host.shell("ping -c1 -W1 10.10.10.10 || true");
    assert!(
        client.cached(VIP).contains(&first_mac),
        "{}",
        client.cached(VIP)
    );

    first.orders.send_replace(orders(&[]));
    second.orders.send_replace(orders(&[VIP]));
    let moved = Instant::now();

    eventually("the host knows the new owner", async || {
        client.cached(VIP).contains(&second_mac).then_some(())
    })
    .await;
    // Within the second in which Linux ignores other announcements.
    assert!(
        moved.elapsed() < Duration::from_secs(1),
        "{:?}",
        moved.elapsed()
    );
}

#[tokio::test]
async fn announces_in_both_forms_and_repeats_itself() {
    let lan = Lan::new().await;
    let client = Client::on(&lan).await;
    let node = node_on(&lan, &["10.10.10.1/24"], orders(&[VIP])).await;
    let mac = mac_of(&node.host, "eth0").await;

    let mut heard = Vec::new();
    while heard.len() < 6 {
        let frame = client.hear().await;
        if frame.arp.sender_address == VIP {
            heard.push(frame.octets());
        }
    }

    let both = gratuitous(VIP, mac);
    assert_eq!(heard, [both, both, both].concat());
}

#[tokio::test]
async fn a_claim_by_another_host_is_reported_and_counted() {
    let lan = Lan::new().await;
    let client = Client::on(&lan).await;
    let node = node_on(&lan, &["10.10.10.1/24"], orders(&[VIP])).await;
    node.announces(VIP).await;

    for frame in gratuitous(VIP, client.mac) {
        client.socket.send(&frame).await.unwrap();
    }

    let report = node
        .report("the conflict is reported", |report| {
            !report.conflicts.is_empty()
        })
        .await;
    assert_eq!(report.conflicts[&vip(VIP)], client.mac);
    let counters = node.segment.counters();
    eventually("both claims are counted", async || {
        (counters.per_vip()[&vip(VIP)].conflicts.get() == 2).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_request_in_a_vlan_without_interface_is_not_answered() {
    let lan = Lan::new().await;
    let client = Client::on(&lan).await;
    let node = node_on(&lan, &["10.10.10.1/24"], orders(&[VIP])).await;
    node.announces(VIP).await;
    let untagged = Frame {
        destination: Mac::BROADCAST,
        source: client.mac,
        arp: client.request(VIP),
    };
    let octets = untagged.octets();
    let tagged = [&octets[..12], &[0x81, 0x00, 0x00, 0x2a], &octets[12..]].concat();

    client.socket.send(&tagged).await.unwrap();
    client.ask(OTHER).await;

    let counters = node.segment.counters();
    eventually("both requests arrived", async || {
        (counters.not_for_us.get() >= 2).then_some(())
    })
    .await;
    assert_eq!(counters.per_vip()[&vip(VIP)].replies.get(), 0);
}

#[tokio::test]
async fn interfaces_named_in_the_advertisement_are_used_and_a_port_stands_for_its_bridge() {
    let lan = Lan::new().await;
    let client = Client::on(&lan).await;
    let host = lan.host(&[]).await;
    host.shell(
        "ip link add br-lan type bridge; ip link set br-lan up; ip link set eth0 master br-lan",
    );
    kernel::testing::operational(&host, "br-lan").await;
    let node = Node::start(host, on_interfaces(&[VIP], &["eth0"]));

    let report = node.announces(VIP).await;
    client.ask(VIP).await;

    assert_eq!(
        report.announcing[&vip(VIP)],
        BTreeSet::from(["br-lan".to_string()])
    );
    let mac = mac_of(&node.host, "br-lan").await;
    assert_eq!(client.answer().await.arp.sender_mac, mac);
}

#[tokio::test]
async fn ipv6_vips_are_reported_as_not_announced() {
    let lan = Lan::new().await;
    let node = node_on(&lan, &["2001:db8::1/64"], Orders::default()).await;
    let v6 = Vip::new("2001:db8::10".parse().unwrap());

    node.orders.send_modify(|orders| {
        orders.vips.insert(v6, Placement::default());
    });

    let report = node
        .report("the reason is given", |report| {
            report.silent.contains_key(&v6)
        })
        .await;
    assert_eq!(report.silent[&v6], "IPv6 is not announced by this version");
}

#[tokio::test]
async fn nothing_on_the_wire_keeps_a_vip_from_being_answered() {
    let lan = Lan::new().await;
    let client = Client::on(&lan).await;
    let node = node_on(&lan, &["10.10.10.1/24"], orders(&[VIP])).await;
    node.announces(VIP).await;
    let valid = Frame {
        destination: Mac::BROADCAST,
        source: client.mac,
        arp: client.request(VIP),
    };

    // Every octet wrong in turn, every length, and a flood that overruns the socket.
    for at in 0..valid.octets().len() {
        let mut octets = valid.octets();
        octets[at] ^= 0xff;
        octets[..6].fill(0xff);
        octets[12..14].copy_from_slice(&[0x08, 0x06]);
        client.socket.send(&octets[..at.max(14)]).await.unwrap();
        client.socket.send(&octets).await.unwrap();
    }
    for _ in 0..20_000 {
        client.ask(OTHER).await;
    }

    // What the flood pushed out of the queue is asked again, as any host does.
    eventually("the VIP is answered", async || {
        client.ask(VIP).await;
        let answer = tokio::time::timeout(Duration::from_millis(100), client.answer()).await;
        answer.ok().filter(|frame| frame.arp.sender_address == VIP)
    })
    .await;
    assert!(node.segment.counters().malformed.get() > 0);
}

#[tokio::test]
async fn stops_within_100_milliseconds_and_leaves_no_socket() {
    let lan = Lan::new().await;
    let node = node_on(&lan, &["10.10.10.1/24"], orders(&[VIP])).await;
    node.announces(VIP).await;
    // `/proc/net` would be the namespace of the process' first thread.
    let sockets = "tail -n +2 /proc/thread-self/net/packet | wc -l";
    assert_eq!(node.host.shell(sockets).trim(), "1");

    let started = Instant::now();
    node.segment.stop().await.unwrap();
    let took = started.elapsed();

    assert_eq!(node.host.shell(sockets).trim(), "0");
    assert!(took < Duration::from_millis(100), "{took:?}");
}
