//! A server of ours on loopback, and the distribution's tools to ask it.
//!
//! Loopback needs no namespace: nothing leaves the machine, and each test has ports of its own.

#![allow(
    dead_code,
    clippy::allow_attributes,
    reason = "every test file uses a part of this"
)]

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::Path,
    process::Stdio,
    str::FromStr,
    sync::Arc,
    time::Duration,
};

use dns::{Grant, Key, Settings, ZoneGrant, ZoneSettings};
use hickory_proto::rr::{Name, RData, rdata::A};
use kernel::socket::Binding;
use names::{Keeper, Resolver, Responder, Upstream, ZoneFiles, serve_tcp, serve_udp};
use tokio::{io::AsyncWriteExt, process::Command, task::JoinSet};

/// The key that cluster `lab` shares with the router.
pub(crate) const SHARED: [u8; 32] = [7; 32];

pub(crate) fn key() -> Key {
    Key::derive(&SHARED, "lab").expect("key")
}

/// The secret of [`key`] for `-y` of dig and nsupdate: HKDF-SHA256 of `SHARED`, computed outside this program.
pub(crate) const DIG_KEY: &str = "hmac-sha256:lab:pvPbvAbvgoXW4qS8FwrVix/Z8nwr5BxAuyWRMdBbBNM=";

pub(crate) fn name(text: &str) -> Name {
    let mut name = Name::from_str(text).expect("name");
    name.set_fqdn(true);
    name
}

pub(crate) fn settings() -> Settings {
    let grant = |zone: &str, pattern: &str| ZoneGrant {
        zone: name(zone),
        names: vec![pattern.parse().expect("pattern")],
    };
    let zone = |text: &str, fallthrough| ZoneSettings {
        name: name(text),
        fallthrough,
    };
    let nas = RData::A(A(Ipv4Addr::new(192, 168, 1, 10)));
    Settings {
        server: name("router.home.arpa"),
        addresses: vec![IpAddr::V4(Ipv4Addr::new(192, 168, 1, 200))],
        domain: name("home.arpa"),
        zones: vec![
            zone("home.arpa", false),
            zone("example.com", true),
            zone("corp.example", false),
        ],
        records: vec![
            (name("nas.home.arpa"), nas.clone()),
            (name("fixed.example.com"), nas),
        ],
        grants: vec![Grant {
            key: key(),
            zones: vec![grant("example.com", "*"), grant("corp.example", "*.apps")],
            facts: vec![
                "address=192.168.1.200".to_string(),
                "dhcp=192.168.1.20-192.168.1.99".to_string(),
                "pool=10.10.10.0/24".to_string(),
                "zone=example.com".to_string(),
                "zone=corp.example".to_string(),
            ],
        }],
        clients: vec!["127.0.0.0/8".parse().expect("prefix")],
    }
}

/// A running server; dropping it is a power cut.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) responder: Arc<Responder>,
    tasks: JoinSet<()>,
}

impl Server {
    pub(crate) fn start(settings: Settings, state: &Path, upstream: &[Resolver]) -> Self {
        let files = ZoneFiles::new(state.join("zones"));
        let (mut keeper, problems) = Keeper::open(settings, Upstream::new(upstream), files);
        assert!(problems.is_empty(), "{problems:?}");
        let responder = Arc::clone(keeper.responder());
        let (udp, tcp, address) = sockets();
        let mut tasks = JoinSet::new();
        let (first, second) = (Arc::clone(&responder), Arc::clone(&responder));
        tasks.spawn(async move { match serve_udp(udp, first).await {} });
        tasks.spawn(async move { match serve_tcp(tcp, second).await {} });
        tasks.spawn(async move {
            loop {
                let batch = keeper.next().await;
                keeper.apply(batch).await;
            }
        });
        Self {
            address,
            responder,
            tasks,
        }
    }

    /// What dig prints with `+short`, or with other options that `arguments` hold.
    pub(crate) async fn dig(&self, arguments: &str) -> String {
        let port = self.address.port().to_string();
        let host = format!("@{}", self.address.ip());
        let mut all = vec![host.as_str(), "-p", &port, "+tries=1", "+time=5"];
        all.extend(arguments.split_whitespace());
        run("dig", &all, "").await
    }

    /// What nsupdate says to these lines; signed with the cluster's key.
    pub(crate) async fn nsupdate(&self, lines: &str) -> String {
        let script = format!(
            "server {} {}\n{lines}\nsend\n",
            self.address.ip(),
            self.address.port()
        );
        run("nsupdate", &["-v", "-y", DIG_KEY], &script).await
    }
}

/// UDP and TCP on one free port.
fn sockets() -> (
    kernel::socket::UdpEndpoint,
    tokio::net::TcpListener,
    SocketAddr,
) {
    for _ in 0..20 {
        let any = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
        let udp = Binding::new(any).udp().expect("bind UDP");
        let address = udp.local_addr().expect("address");
        // Somebody else may have the TCP port of that number.
        if let Ok(tcp) = Binding::new(address).tcp() {
            return (udp, tcp, address);
        }
    }
    panic!("no port free for both UDP and TCP");
}

/// Runs a program to its end; output and errors together.
pub(crate) async fn run(program: &str, arguments: &[&str], input: &str) -> String {
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap_or_else(|error| panic!("run {program}: {error}; apt-get install dnsutils"));
    let mut stdin = child.stdin.take().expect("stdin");
    stdin.write_all(input.as_bytes()).await.expect("write");
    drop(stdin);
    let output = tokio::time::timeout(Duration::from_secs(30), child.wait_with_output())
        .await
        .unwrap_or_else(|_| panic!("{program} did not end"))
        .expect("wait");
    let text = [output.stdout, output.stderr].concat();
    String::from_utf8_lossy(&text).trim().to_string()
}
