//! The update client against our server and against BIND.

mod support;

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
    path::Path,
    process::Stdio,
    time::Duration,
};

use names::{Client, ClientError, NameRefusal, Synced};
use support::{DIG_KEY, Server, key, settings};
use tokio::process::{Child, Command};

#[tokio::test(flavor = "multi_thread")]
async fn names_follow_what_is_wanted() {
    let state = tempfile::tempdir().expect("directory");
    let server = Server::start(settings(), state.path(), &[]);
    let mut client = Client::new(server.address, key());

    let first = sync(
        &mut client,
        &[
            ("www.example.com", "10.10.10.10"),
            ("*.apps.corp.example", "10.10.10.11"),
        ],
    )
    .await;
    let again = sync(
        &mut client,
        &[
            ("www.example.com", "10.10.10.10"),
            ("*.apps.corp.example", "10.10.10.11"),
        ],
    )
    .await;
    let moved = sync(
        &mut client,
        &[("www.example.com", "10.10.10.12 2001:db8::12")],
    )
    .await;
    let answer = server.dig("+short www.example.com").await;
    let answer_v6 = server.dig("+short www.example.com AAAA").await;
    let none = sync(&mut client, &[]).await;

    assert_eq!(first.added, ["*.apps.corp.example", "www.example.com"]);
    assert_eq!((again.kept, again.added.len()), (2, 0));
    assert_eq!(moved.changed, ["www.example.com"]);
    assert_eq!(moved.removed, ["*.apps.corp.example"]);
    assert_eq!(
        (answer.as_str(), answer_v6.as_str()),
        ("10.10.10.12", "2001:db8::12")
    );
    assert_eq!(none.removed, ["www.example.com"]);
    let rest = server.dig(&format!("-y {DIG_KEY} example.com AXFR")).await;
    assert!(!rest.contains("lanlord"), "the marks are gone, too: {rest}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_policy_refuses_does_not_stop_the_rest() {
    let state = tempfile::tempdir().expect("directory");
    let server = Server::start(settings(), state.path(), &[]);
    let mut client = Client::new(server.address, key());
    let mut wanted: Vec<(String, &str)> = (0..60)
        .map(|host| (format!("h{host}.example.com"), "10.10.10.10"))
        .collect();
    wanted.push(("mail.corp.example".to_string(), "10.10.10.10"));
    wanted.push(("web.apps.corp.example".to_string(), "10.10.10.10"));
    wanted.push(("fixed.example.com".to_string(), "10.10.10.10"));
    wanted.push(("login.bank.example".to_string(), "10.10.10.10"));
    wanted.push(("not a name..".to_string(), "10.10.10.10"));
    let wanted: Vec<(&str, &str)> = wanted
        .iter()
        .map(|(name, address)| (name.as_str(), *address))
        .collect();

    let synced = sync(&mut client, &wanted).await;

    assert_eq!(synced.added.len(), 61);
    let refused: Vec<(&str, &NameRefusal)> = synced
        .refused
        .iter()
        .map(|(name, why)| (name.as_str(), why))
        .collect();
    assert_eq!(
        refused,
        [
            ("fixed.example.com", &NameRefusal::HeldByAnother),
            ("login.bank.example", &NameRefusal::NoZone),
            ("mail.corp.example", &NameRefusal::Policy),
            ("not a name..", &NameRefusal::NotAName),
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_lease_holder_takes_over_the_names_of_the_one_before() {
    let state = tempfile::tempdir().expect("directory");
    let server = Server::start(settings(), state.path(), &[]);
    let mut before = Client::new(server.address, key());
    sync(
        &mut before,
        &[
            ("www.example.com", "10.10.10.10"),
            ("old.example.com", "10.10.10.10"),
        ],
    )
    .await;

    let mut after = Client::new(server.address, key());
    let synced = sync(&mut after, &[("www.example.com", "10.10.10.10")]).await;
    let all_gone = sync(&mut Client::new(server.address, key()), &[]).await;

    assert_eq!(
        (synced.kept, synced.removed),
        (1, vec!["old.example.com".to_string()])
    );
    assert_eq!(
        all_gone.removed,
        ["www.example.com"],
        "the router tells its zones"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn names_that_carry_no_mark_of_ours_are_left_alone() {
    let state = tempfile::tempdir().expect("directory");
    let server = Server::start(settings(), state.path(), &[]);
    // Somebody else with the same key, such as external-dns.
    assert_eq!(
        server
            .nsupdate("update add own.example.com 30 A 10.10.10.99")
            .await,
        ""
    );
    let mut client = Client::new(server.address, key());

    let wanted = sync(&mut client, &[("own.example.com", "10.10.10.10")]).await;
    let unwanted = sync(&mut client, &[]).await;

    assert_eq!(
        wanted.refused["own.example.com"],
        NameRefusal::HeldByAnother
    );
    assert!(unwanted.removed.is_empty());
    assert_eq!(server.dig("+short own.example.com").await, "10.10.10.99");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_router_tells_the_cluster_what_it_must_never_give_out() {
    let state = tempfile::tempdir().expect("directory");
    let server = Server::start(settings(), state.path(), &[]);

    let facts = Client::new(server.address, key())
        .facts()
        .await
        .expect("facts")
        .expect("a router");

    assert_eq!(facts.addresses, ["192.168.1.200"]);
    assert_eq!(facts.dhcp, ["192.168.1.20-192.168.1.99"]);
    assert_eq!(facts.pools, ["10.10.10.0/24"]);
    assert_eq!(facts.zones, ["example.com", "corp.example"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_key_and_a_dead_server_are_told_apart() {
    let state = tempfile::tempdir().expect("directory");
    let server = Server::start(settings(), state.path(), &[]);
    let wrong = dns::Key::derive(&[8; 32], "lab").expect("key");
    let address = server.address;

    let imposter = Client::new(address, wrong).sync(&BTreeMap::new()).await;
    drop(server);
    let dead = Client::new(address, key()).sync(&BTreeMap::new()).await;

    assert!(
        matches!(imposter, Err(ClientError::Signature { .. })),
        "{imposter:?}"
    );
    assert!(
        matches!(
            dead,
            Err(ClientError::Connect { .. } | ClientError::Exchange { .. })
        ),
        "{dead:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn bind_works_as_target() {
    let directory = tempfile::tempdir().expect("directory");
    let bind = Bind::start(directory.path()).await;
    let mut client = Client::new(bind.address, key());
    let wanted = [
        ("www.example.com", "10.10.10.10 2001:db8::10"),
        ("*.apps.example.com", "10.10.10.11"),
        ("static.example.com", "10.10.10.12"),
        ("www.elsewhere.example", "10.10.10.13"),
    ];

    let first = sync(&mut client, &wanted).await;
    let again = sync(&mut client, &wanted).await;
    let moved = sync(
        &mut client,
        &[
            ("www.example.com", "10.10.10.20"),
            ("*.apps.example.com", "10.10.10.11"),
        ],
    )
    .await;
    let answer = bind
        .dig("+short www.example.com A www.example.com AAAA")
        .await;
    let wildcard = bind.dig("+short any.apps.example.com").await;
    let none = sync(&mut client, &[]).await;
    let rest = bind.dig("+short static.example.com").await;

    assert_eq!(first.added, ["*.apps.example.com", "www.example.com"]);
    assert_eq!(
        first.refused["static.example.com"],
        NameRefusal::HeldByAnother
    );
    assert_eq!(first.refused["www.elsewhere.example"], NameRefusal::NoZone);
    assert_eq!((again.kept, again.added.len()), (2, 0));
    assert_eq!(moved.changed, ["www.example.com"]);
    assert_eq!(
        (answer.as_str(), wildcard.as_str()),
        ("10.10.10.20", "10.10.10.11")
    );
    assert_eq!(none.removed, ["*.apps.example.com", "www.example.com"]);
    assert_eq!(rest, "192.0.2.9");
    assert_eq!(
        client.facts().await.expect("facts"),
        None,
        "BIND is no lanlord router"
    );
}

/// Names with addresses, as in a hosts file the other way round; TTL 30.
async fn sync(client: &mut Client, wanted: &[(&str, &str)]) -> Synced {
    let wanted = wanted
        .iter()
        .map(|(name, addresses)| {
            let addresses: BTreeSet<IpAddr> = addresses
                .split_whitespace()
                .map(|address| address.parse().expect("address"))
                .collect();
            ((*name).to_string(), (addresses, 30))
        })
        .collect();
    client.sync(&wanted).await.expect("sync")
}

/// The distribution's BIND on loopback, with a zone that our key may change; gone when dropped.
struct Bind {
    address: std::net::SocketAddr,
    _process: Child,
}

impl Bind {
    async fn start(directory: &Path) -> Self {
        let port = std::net::TcpListener::bind("127.0.0.1:0")
            .and_then(|listener| listener.local_addr())
            .expect("a free port")
            .port();
        let here = directory.display();
        let secret = DIG_KEY.rsplit(':').next().expect("secret");
        let config = format!(
            r#"
            options {{
                directory "{here}"; pid-file none; session-keyfile none; recursion no;
                listen-on port {port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }};
                allow-transfer {{ key lab; }}; notify no;
            }};
            controls {{ }};
            key lab {{ algorithm hmac-sha256; secret "{secret}"; }};
            zone "example.com" {{
                type primary; file "{here}/example.com.zone";
                update-policy {{ grant lab zonesub ANY; }};
            }};
            "#
        );
        let zone = "$TTL 60\n@ SOA ns hostmaster 1 3600 600 86400 5\n@ NS ns\nns A 192.0.2.53\nstatic A 192.0.2.9\n";
        std::fs::write(directory.join("named.conf"), config).expect("write");
        std::fs::write(directory.join("example.com.zone"), zone).expect("write");
        let log = std::fs::File::create(directory.join("named.log")).expect("log");
        let process = Command::new("named")
            .args(["-g", "-n", "1", "-c"])
            .arg(directory.join("named.conf"))
            .stdin(Stdio::null())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .expect("run named; apt-get install bind9");
        let bind = Self {
            address: ([127, 0, 0, 1], port).into(),
            _process: process,
        };
        bind.wait(directory).await;
        bind
    }

    async fn wait(&self, directory: &Path) {
        let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
        while !self
            .dig("+short +time=1 example.com SOA")
            .await
            .starts_with("ns.example.com.")
        {
            if tokio::time::Instant::now() > deadline {
                let log = std::fs::read_to_string(directory.join("named.log"));
                panic!("BIND did not answer: {}", log.unwrap_or_default());
            }
        }
    }

    async fn dig(&self, arguments: &str) -> String {
        let port = self.address.port().to_string();
        let mut all = vec!["@127.0.0.1", "-p", &port, "+tries=1"];
        all.extend(arguments.split_whitespace());
        support::run("dig", &all, "").await
    }
}
