//! The whole ground in namespaces, with real netlink, nft and sockets:
//!
//! ```text
//!   uplink 203.0.113.0/24: web .80, home .70 (trusted), stranger .9   -- eth0 router eth1 --   LAN 192.168.1.0/24:
//!                                                                                              laptop .20, node .202
//!                                                                                              with VIP 10.10.10.10
//! ```

use std::{
    io::{self, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream, UdpSocket},
    thread,
    time::Duration,
};

use kernel::testing::{Lan, Namespace};

use super::*;
use crate::{control, uplink::Leasing};

/// How long an answer may take; also how long silence must last to count as dropped.
const PATIENCE: Duration = Duration::from_millis(700);

const CONFIG: &str = r#"
    [[lan]]
    interface = "eth1"
    [uplink]
    interface = "eth0"
    address = "203.0.113.2/24"
    gateway = "203.0.113.80"
    trusted = ["203.0.113.64/26"]
    [[cluster]]
    name = "lab"
    nodes = ["192.168.1.201-192.168.1.203"]
    pools = ["10.10.10.0/24"]
    [[forward]]
    port = 443
    to = "10.10.10.10:80"
    [[forward]]
    port = 2222
    to = "192.168.1.20:22"
"#;

/// The router's namespace is that of the test's own thread.
struct World {
    router: Namespace,
    _uplink: Lan,
    lan: Lan,
    web: Namespace,
    home: Namespace,
    stranger: Namespace,
    laptop: Namespace,
    node: Namespace,
    state: tempfile::TempDir,
    ground: Ground,
}

impl World {
    async fn new() -> Self {
        let router = Namespace::enter();
        let (uplink, lan) = (Lan::new().await, Lan::new().await);
        uplink.attach(&router, "eth0", &[]).await;
        lan.attach(&router, "eth1", &[]).await;
        let outside = |host: Namespace| {
            host.shell("ip route add 10.10.10.0/24 via 203.0.113.2");
            host.shell("ip route add 192.168.1.0/24 via 203.0.113.2");
            host
        };
        let inside = |host: Namespace| {
            host.shell("ip route add default via 192.168.1.200");
            host
        };
        let web = uplink.host(&["203.0.113.80/24"]).await;
        let home = outside(uplink.host(&["203.0.113.70/24"]).await);
        let stranger = outside(uplink.host(&["203.0.113.9/24"]).await);
        let laptop = inside(lan.host(&["192.168.1.20/24"]).await);
        let node = inside(lan.host(&["192.168.1.202/24", "10.10.10.10/32"]).await);
        Self {
            ground: Ground::new(Netlink::connect().unwrap()),
            state: tempfile::tempdir().unwrap(),
            router,
            _uplink: uplink,
            lan,
            web,
            home,
            stranger,
            laptop,
            node,
        }
    }

    /// The world with the router up.
    async fn routed() -> Self {
        let mut world = Self::new().await;
        let standing = world.apply(CONFIG).await;
        assert_eq!(standing.firewall, Ok(()));
        assert_eq!(standing.problems, Vec::<String>::new());
        world
    }

    async fn apply(&mut self, config: &str) -> Standing {
        let settings = self.settings(config).await;
        self.ground.apply(&settings).await
    }

    async fn settings(&self, config: &str) -> Settings {
        let config = config::router::parse(config, "router.toml").unwrap();
        control::resolve(config, &self.ground, self.state.path(), Leasing::Pending)
            .await
            .unwrap()
    }
}

/// A server that tells each client the address it sees, and then says again whatever it hears.
fn serve(host: &Namespace, address: &str) {
    let listener = host.inside(|| TcpListener::bind(address)).unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            thread::spawn(move || {
                let peer = stream.peer_addr()?.ip().to_string();
                stream.write_all(format!("{peer}\n").as_bytes())?;
                let mut octet = [0];
                while stream.read(&mut octet)? == 1 {
                    stream.write_all(&octet)?;
                }
                io::Result::Ok(())
            });
        }
    });
}

/// A connection from `host`, and the client address that the server sees.
fn connect(host: &Namespace, address: &str) -> io::Result<(TcpStream, String)> {
    let address: SocketAddr = address.parse().map_err(io::Error::other)?;
    let mut stream = host.inside(|| TcpStream::connect_timeout(&address, PATIENCE))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut seen = String::new();
    let mut octet = [0];
    while stream.read(&mut octet)? == 1 && octet != *b"\n" {
        seen.push(char::from(octet[0]));
    }
    Ok((stream, seen))
}

fn seen_by_server(host: &Namespace, address: &str) -> String {
    let connected = connect(host, address);
    connected
        .unwrap_or_else(|error| panic!("connect to {address}: {error}"))
        .1
}

#[track_caller]
fn assert_silence(host: &Namespace, address: &str) {
    let error = connect(host, address).expect_err("nothing may answer");
    let silent = [io::ErrorKind::TimedOut, io::ErrorKind::WouldBlock];
    assert!(
        silent.contains(&error.kind()),
        "{address} answered: {error}"
    );
}

fn echoes(stream: &mut TcpStream) -> bool {
    let mut octet = [0];
    stream.write_all(b"x").is_ok() && stream.read_exact(&mut octet).is_ok() && octet == *b"x"
}

/// Whether a datagram from `source` (an address of `host`) arrives at the server of `target`.
fn arrives(host: &Namespace, source: &str, target: &Namespace, address: &str) -> bool {
    let receiver = target.inside(|| UdpSocket::bind(address)).unwrap();
    receiver.set_read_timeout(Some(PATIENCE)).unwrap();
    let sender = host.inside(|| UdpSocket::bind(source)).unwrap();
    // A router that refuses may answer by ICMP, which the next send would report.
    let _ = sender.send_to(b"x", address);
    receiver.recv(&mut [0]).is_ok()
}

#[tokio::test]
async fn a_laptop_reaches_a_vip_through_the_router_without_being_tracked_or_redirected() {
    let world = World::routed().await;
    serve(&world.node, "10.10.10.10:80");

    let (mut stream, seen) = connect(&world.laptop, "10.10.10.10:80").unwrap();

    assert_eq!(seen, "192.168.1.20");
    assert!(echoes(&mut stream));
    let tracked = world
        .router
        .shell("cat /proc/sys/net/netfilter/nf_conntrack_count");
    assert_eq!(tracked.trim(), "0");
    let route = world.laptop.shell("ip route get 10.10.10.10");
    assert!(
        route.contains("via 192.168.1.200") && !route.contains("redirect"),
        "{route}"
    );
}

#[tokio::test]
async fn the_lan_goes_out_behind_the_uplink_address() {
    let world = World::routed().await;
    serve(&world.web, "203.0.113.80:80");

    assert_eq!(
        seen_by_server(&world.laptop, "203.0.113.80:80"),
        "203.0.113.2"
    );
}

#[tokio::test]
async fn a_trusted_host_of_the_uplink_reaches_vips_and_names_and_nothing_else() {
    let world = World::routed().await;
    serve(&world.node, "10.10.10.10:80");
    serve(&world.router, "203.0.113.2:53");
    serve(&world.router, "0.0.0.0:8080");
    serve(&world.laptop, "192.168.1.20:22");

    assert_eq!(
        seen_by_server(&world.home, "10.10.10.10:80"),
        "203.0.113.70"
    );
    assert_eq!(
        seen_by_server(&world.home, "203.0.113.2:53"),
        "203.0.113.70"
    );
    assert_silence(&world.home, "203.0.113.2:8080");
    assert_silence(&world.home, "192.168.1.200:8080");
    assert_silence(&world.home, "192.168.1.20:22");
}

#[tokio::test]
async fn another_host_of_the_uplink_gets_nothing() {
    let world = World::routed().await;
    serve(&world.node, "10.10.10.10:80");
    serve(&world.router, "0.0.0.0:53");
    serve(&world.laptop, "192.168.1.20:22");

    for address in [
        "10.10.10.10:80",
        "203.0.113.2:53",
        "192.168.1.200:53",
        "192.168.1.20:22",
    ] {
        assert_silence(&world.stranger, address);
    }
    let ping = world
        .stranger
        .command("ping")
        .args(["-c1", "-W1", "203.0.113.2"])
        .output();
    assert!(!ping.unwrap().status.success());
}

#[tokio::test]
async fn a_port_forward_works_from_the_uplink_and_from_the_lan() {
    let world = World::routed().await;
    serve(&world.node, "10.10.10.10:80");
    serve(&world.laptop, "192.168.1.20:22");

    assert_eq!(
        seen_by_server(&world.stranger, "203.0.113.2:443"),
        "203.0.113.9"
    );
    assert_eq!(
        seen_by_server(&world.home, "203.0.113.2:443"),
        "203.0.113.70"
    );
    assert_eq!(
        seen_by_server(&world.laptop, "203.0.113.2:443"),
        "192.168.1.200"
    );
    assert_eq!(
        seen_by_server(&world.stranger, "203.0.113.2:2222"),
        "203.0.113.9"
    );
    assert_eq!(
        seen_by_server(&world.node, "203.0.113.2:2222"),
        "192.168.1.200"
    );
}

#[tokio::test]
async fn forged_sources_are_dropped_on_both_sides() {
    let world = World::routed().await;
    world
        .stranger
        .shell("ip address add 192.168.1.77/32 dev eth0");
    world
        .laptop
        .shell("ip address add 198.51.100.7/32 dev eth0");

    assert!(arrives(
        &world.home,
        "203.0.113.70:0",
        &world.node,
        "10.10.10.10:9"
    ));
    assert!(!arrives(
        &world.stranger,
        "192.168.1.77:0",
        &world.node,
        "10.10.10.10:9"
    ));
    assert!(arrives(
        &world.laptop,
        "192.168.1.20:0",
        &world.web,
        "203.0.113.80:9"
    ));
    assert!(!arrives(
        &world.laptop,
        "198.51.100.7:0",
        &world.web,
        "203.0.113.80:9"
    ));
}

#[tokio::test]
async fn a_restart_or_another_configuration_does_not_cut_connections() {
    let mut world = World::routed().await;
    serve(&world.web, "203.0.113.80:80");
    serve(&world.node, "10.10.10.10:80");
    let (mut out, _) = connect(&world.laptop, "203.0.113.80:80").unwrap();
    let (mut forwarded, _) = connect(&world.stranger, "203.0.113.2:443").unwrap();

    world.ground = Ground::new(Netlink::connect().unwrap());
    let restarted = world.apply(CONFIG).await;
    assert_eq!(
        restarted.firewall_changes, 0,
        "an equal ruleset is not touched"
    );
    assert!(echoes(&mut out) && echoes(&mut forwarded));

    let changed = world
        .apply(&CONFIG.replace("port = 2222", "port = 2223"))
        .await;
    assert_eq!(changed.firewall_changes, 1);
    assert!(echoes(&mut out) && echoes(&mut forwarded));
}

#[tokio::test]
async fn a_table_that_a_hand_changed_is_set_right() {
    let mut world = World::routed().await;
    serve(&world.node, "10.10.10.10:80");
    world.router.shell("nft flush chain inet lanlord forward");
    assert_eq!(
        seen_by_server(&world.stranger, "10.10.10.10:80"),
        "203.0.113.9"
    );

    let standing = world.apply(CONFIG).await;

    assert_eq!(standing.firewall_changes, 2);
    assert_silence(&world.stranger, "10.10.10.10:80");
}

#[tokio::test]
async fn what_a_configuration_no_longer_asks_for_is_removed() {
    let mut world = World::routed().await;
    let other = CONFIG
        .replace(
            "interface = \"eth1\"",
            "interface = \"eth1\"\naddress = \"192.168.1.201/24\"",
        )
        .replace("192.168.1.201-", "192.168.1.202-")
        .replace("10.10.10.", "10.20.20.");

    let standing = world.apply(&other).await;

    assert_eq!(standing.problems, Vec::<String>::new());
    let addresses = world.router.shell("ip -4 address show dev eth1");
    assert!(addresses.contains("192.168.1.201/24"), "{addresses}");
    assert!(!addresses.contains("192.168.1.200/24"), "{addresses}");
    let routes = world.router.shell("ip route");
    assert!(routes.contains("10.20.20.0/24 dev eth1"), "{routes}");
    assert!(!routes.contains("10.10.10.0/24"), "{routes}");
}

#[tokio::test]
async fn a_flush_removes_every_trace() {
    let world = World::routed().await;

    world.ground.flush().await.unwrap();

    assert_eq!(world.router.shell("nft list ruleset"), "");
    assert_eq!(world.router.shell("ip route"), "");
    assert_eq!(
        world
            .router
            .shell("ip -4 -o address | grep -v ' lo ' || true"),
        ""
    );
    world.ground.flush().await.expect("a second time is fine");
}

#[tokio::test]
async fn without_a_firewall_the_uplink_stays_shut_and_vips_work() {
    let world = World::routed().await;
    serve(&world.node, "10.10.10.10:80");
    let settings = world.settings(CONFIG).await;

    filter::remove().await.unwrap();
    let mut problems = Problems::default();
    forward(&settings, false, &mut problems);

    assert_eq!(problems.0, Vec::<String>::new());
    assert_eq!(
        seen_by_server(&world.laptop, "10.10.10.10:80"),
        "192.168.1.20"
    );
    assert_silence(&world.home, "10.10.10.10:80");
}

#[tokio::test]
async fn a_nic_that_is_taken_away_and_given_back_is_set_up_again() {
    let mut world = World::routed().await;
    serve(&world.node, "10.10.10.10:80");
    world.router.shell("ip link delete eth1");
    let standing = world.ground.apply(&world.settings_of_before().await).await;
    assert!(!standing.problems.is_empty());

    world.lan.attach(&world.router, "eth1", &[]).await;
    let standing = world.apply(CONFIG).await;

    assert_eq!(standing.problems, Vec::<String>::new());
    assert_eq!(
        seen_by_server(&world.laptop, "10.10.10.10:80"),
        "192.168.1.20"
    );
}

impl World {
    /// The settings of [`CONFIG`] as they were resolved while all interfaces were there.
    async fn settings_of_before(&self) -> Settings {
        let mut settings = self.settings(&CONFIG.replace("\"eth1\"", "\"lo\"")).await;
        settings.interfaces.lans = vec!["eth1".to_string()];
        settings
    }
}
