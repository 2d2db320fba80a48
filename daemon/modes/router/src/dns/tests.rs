//! The task in a network namespace of its own, asked with dig and nsupdate.

use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    time::Duration,
};

use config::router::Interfaces;
use kernel::testing::Namespace;
use tokio::{process::Command, task::JoinHandle};

use super::*;

const CONFIG: &str = r#"
    [[lan]]
    address = "192.168.1.200/24"
    [uplink]
    address = "203.0.113.2/24"
    trusted = ["203.0.113.64/26"]
    [dns]
    upstream = []
    [[dns.record]]
    name = "nas.home.arpa"
    type = "A"
    value = "192.168.1.10"
    [[cluster]]
    name = "lab"
    nodes = ["192.168.1.201-192.168.1.203"]
    pools = ["10.10.10.0/24"]
    zones = [{ name = "example.com", names = ["*"] }]
"#;

#[tokio::test]
async fn names_are_answered_on_the_lan_and_on_the_trusted_side_of_the_uplink_only_to_whom_they_are_for()
 {
    let _namespace = namespace();
    let state = tempfile::tempdir().expect("directory");
    let router = Router::start(settings(CONFIG), state.path()).await;

    let lan = dig("@192.168.1.200 -b 192.168.1.200 +short nas.home.arpa").await;
    let own = dig("@192.168.1.200 -b 192.168.1.200 +short router.home.arpa").await;
    let trusted = dig("@203.0.113.2 -b 203.0.113.70 +short nas.home.arpa").await;
    let stranger = dig("@203.0.113.2 -b 203.0.113.9 nas.home.arpa").await;

    assert_eq!(lan, "192.168.1.10");
    assert_eq!(own, "192.168.1.200");
    assert_eq!(trusted, "192.168.1.10");
    assert!(stranger.contains("status: REFUSED"), "{stranger}");
    assert_eq!(router.report().status().zones, ["example.com", "home.arpa"]);
}

#[tokio::test]
async fn a_cluster_names_what_its_policy_allows_and_the_name_survives_a_reload_and_a_restart() {
    let _namespace = namespace();
    let state = tempfile::tempdir().expect("directory");
    let router = Router::start(settings(CONFIG), state.path()).await;

    assert_eq!(
        update("update add www.example.com 30 A 10.10.10.10").await,
        ""
    );
    let reloaded = CONFIG.replace("192.168.1.10\"", "192.168.1.11\"");
    router.follow(settings(&reloaded));
    wait_for("@192.168.1.200 +short nas.home.arpa", "192.168.1.11").await;
    let after_reload = dig("@192.168.1.200 +short www.example.com").await;
    let status = router.report().status();
    router.stop().await;
    let _again = Router::start(settings(&reloaded), state.path()).await;
    let after_restart = dig("@192.168.1.200 +short www.example.com").await;

    assert_eq!(
        (after_reload.as_str(), after_restart.as_str()),
        ("10.10.10.10", "10.10.10.10")
    );
    assert_eq!((status.updates_accepted, status.updates_refused), (1, 0));
    let www = status
        .names
        .iter()
        .find(|name| name.name == "www.example.com")
        .expect("listed");
    assert_eq!(www.source, "cluster lab");
}

#[tokio::test]
async fn a_cluster_that_is_taken_out_of_the_configuration_loses_its_names() {
    let _namespace = namespace();
    let state = tempfile::tempdir().expect("directory");
    let router = Router::start(settings(CONFIG), state.path()).await;
    assert_eq!(
        update("update add www.example.com 30 A 10.10.10.10").await,
        ""
    );

    let without = CONFIG.replace("name = \"lab\"", "name = \"other\"");
    router.follow(settings(&without));

    wait_for("@192.168.1.200 +norecurse +short www.example.com", "").await;
    let refused = update("update add www.example.com 30 A 10.10.10.10").await;
    assert!(refused.contains("NOTAUTH"), "{refused}");
}

#[tokio::test]
async fn a_port_that_somebody_holds_ends_the_start_and_says_who() {
    let _namespace = namespace();
    let state = tempfile::tempdir().expect("directory");
    let taken: SocketAddr = "192.168.1.200:53".parse().expect("address");
    let _holder = std::net::UdpSocket::bind(taken).expect("bind");

    let (inputs, _ends) = inputs(settings(CONFIG), state.path());
    let error = run(inputs).await.expect_err("the port is taken");

    let text = format!("{error:#}");
    assert!(
        text.contains("53") && text.contains("192.168.1.200"),
        "{text}"
    );
}

#[tokio::test]
async fn an_address_that_is_taken_away_is_no_longer_answered_and_a_new_one_is() {
    let _namespace = namespace();
    let state = tempfile::tempdir().expect("directory");
    let router = Router::start(settings(CONFIG), state.path()).await;

    let mut moved = settings(CONFIG);
    moved.uplink_address = Some("203.0.113.3/24".parse().expect("address"));
    router.follow(moved);

    wait_for(
        "@203.0.113.3 -b 203.0.113.70 +short nas.home.arpa",
        "192.168.1.10",
    )
    .await;
    let old = dig("@203.0.113.2 -b 203.0.113.70 +time=1 nas.home.arpa").await;
    assert!(old.contains("no servers could be reached"), "{old}");
}

/// A running task.
struct Router {
    ends: Ends,
    task: JoinHandle<anyhow::Result<()>>,
}

/// The other ends of the task's channels.
struct Ends {
    settings: watch::Sender<Arc<Settings>>,
    report: watch::Receiver<Arc<Report>>,
    /// The task takes the end of its inputs for the end of the router.
    _leases: watch::Sender<Arc<crate::lans::Report>>,
}

impl Router {
    async fn start(settings: Settings, state: &Path) -> Self {
        let (inputs, mut ends) = inputs(settings, state);
        let task = tokio::spawn(run(inputs));
        tokio::time::timeout(Duration::from_secs(10), ends.report.changed())
            .await
            .expect("the task reports within 10 s")
            .expect("the task runs");
        Self { ends, task }
    }

    fn report(&self) -> Arc<Report> {
        self.ends.report.borrow().clone()
    }

    fn follow(&self, settings: Settings) {
        self.ends.settings.send_replace(Arc::new(settings));
    }

    /// As a power cut would.
    async fn stop(self) {
        self.task.abort();
        let _ = self.task.await;
    }
}

fn inputs(settings: Settings, state: &Path) -> (Inputs, Ends) {
    let settings = watch::Sender::new(Arc::new(settings));
    let report: watch::Sender<Arc<Report>> = watch::Sender::default();
    let leases: watch::Sender<Arc<crate::lans::Report>> = watch::Sender::default();
    let ends = Ends {
        report: report.subscribe(),
        settings: settings.clone(),
        _leases: leases.clone(),
    };
    let inputs = Inputs {
        settings: settings.subscribe(),
        state: state.to_path_buf(),
        leases: leases.subscribe(),
        report,
        counters: Arc::default(),
    };
    (inputs, ends)
}

fn settings(text: &str) -> Settings {
    let config = config::router::parse(text, "router.toml").expect("configuration");
    let keys = config
        .clusters
        .iter()
        .map(|cluster| (cluster.name.clone(), crate::keys::Key::of([7; 32])))
        .collect::<BTreeMap<_, _>>();
    Settings {
        config,
        interfaces: Interfaces {
            lans: vec!["eth1".to_string()],
            uplink: Some("eth0".to_string()),
        },
        uplink_address: Some("203.0.113.2/24".parse().expect("address")),
        uplink_gateway: Some(Ipv4Addr::new(203, 0, 113, 1)),
        uplink_pending: false,
        keys,
        missing_keys: Vec::new(),
    }
}

/// Addresses of the router, and of two hosts beyond the uplink, all on one loopback.
fn namespace() -> Namespace {
    let namespace = Namespace::enter();
    for address in [
        "192.168.1.200",
        "203.0.113.2",
        "203.0.113.3",
        "203.0.113.70",
        "203.0.113.9",
    ] {
        namespace.shell(&format!("ip address add {address}/32 dev lo"));
    }
    namespace
}

async fn dig(arguments: &str) -> String {
    let mut all = vec!["+tries=1"];
    all.extend(arguments.split_whitespace());
    output(Command::new("dig").args(all)).await
}

async fn update(line: &str) -> String {
    let script = format!("server 192.168.1.200\nzone example.com\n{line}\nsend\n");
    let key = "hmac-sha256:lab:pvPbvAbvgoXW4qS8FwrVix/Z8nwr5BxAuyWRMdBbBNM=";
    let file = tempfile::NamedTempFile::new().expect("file");
    std::fs::write(file.path(), script).expect("write");
    output(
        Command::new("nsupdate")
            .args(["-v", "-y", key])
            .arg(file.path()),
    )
    .await
}

async fn output(command: &mut Command) -> String {
    let output = command.output().await.expect("apt-get install dnsutils");
    let text = [output.stdout, output.stderr].concat();
    String::from_utf8_lossy(&text).trim().to_string()
}

async fn wait_for(question: &str, expected: &str) {
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        let answer = dig(question).await;
        if answer == expected {
            return;
        }
        assert!(
            Instant::now() < deadline,
            "{question}: expected {expected:?}, got {answer:?}"
        );
    }
}
