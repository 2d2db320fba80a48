//! The whole router in a namespace, as `lanlord router` runs it, asked over its admin socket.

use std::{fs, path::PathBuf};

use admin::types::{RouterStatus, Status};
use kernel::testing::{Lan, Namespace, eventually};
use router::Options;

const GOOD: &str = r#"
hostname = "gw"
[uplink]
address = "203.0.113.2/24"
gateway = "203.0.113.1"
trusted = ["203.0.113.64/26"]
[dns]
upstream = []
"#;

/// The test's own thread is in the router's namespace; the LANs live as long as this does.
struct World {
    router: Namespace,
    _uplink: Lan,
    _lan: Lan,
    folder: tempfile::TempDir,
}

impl World {
    async fn new() -> Self {
        let router = Namespace::enter();
        let (uplink, lan) = (Lan::new().await, Lan::new().await);
        uplink.attach(&router, "eth0", &[]).await;
        lan.attach(&router, "eth1", &[]).await;
        Self {
            router,
            _uplink: uplink,
            _lan: lan,
            folder: tempfile::tempdir().expect("make a folder"),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, config: &str) {
        fs::write(self.path("router.toml"), config).expect("write the configuration");
    }

    fn options(&self) -> Options {
        Options {
            config: Some(self.path("router.toml")),
            state: self.path("state"),
            socket: self.path("lanlord.sock"),
            flush: false,
        }
    }

    /// The status, as soon as it satisfies `holds`.
    async fn status(&self, what: &str, holds: impl Fn(&RouterStatus) -> bool) -> RouterStatus {
        eventually(what, async || {
            let Ok(Status::Router(status)) =
                admin::get::<Status>(&self.path("lanlord.sock"), "/v1/status").await
            else {
                return None;
            };
            holds(&status).then_some(status)
        })
        .await
    }

    /// Runs the router while `act` looks at it.
    async fn while_running<T>(&self, act: impl Future<Output = T>) -> T {
        tokio::select! {
            ended = router::run(self.options()) => panic!("the router ended: {ended:?}"),
            result = act => result,
        }
    }
}

#[tokio::test]
async fn a_router_tells_how_it_stands_and_what_to_type_elsewhere() {
    let world = World::new().await;
    world.write(GOOD);

    let status = world
        .while_running(world.status("DHCP is served", |status| {
            status.dhcp.iter().any(|lan| lan.state == "serving")
        }))
        .await;

    assert_eq!(status.hostname, "gw");
    assert_eq!(status.firewall, Ok(()));
    assert_eq!(status.problems, Vec::<String>::new());
    assert_eq!(status.pools, ["10.10.10.0/24 on eth1"]);
    let route = "ip route add 10.10.10.0/24 via 203.0.113.2";
    assert!(
        status.hints.iter().any(|hint| hint.ends_with(route)),
        "{:?}",
        status.hints
    );
}

#[tokio::test]
async fn a_wrong_file_is_told_and_leaves_the_last_good_one_in_force() {
    let world = World::new().await;
    world.write(GOOD);

    world
        .while_running(async {
            world
                .status("the router is up", |status| status.hostname == "gw")
                .await;
            world.write("hostname = 5\n");
            let status = world
                .status("the fault is told", |status| status.config.error.is_some())
                .await;
            assert_eq!(status.hostname, "gw");
            let error = status.config.error.unwrap();
            assert!(error.contains("router.toml:1:12: invalid type"), "{error}");

            world.write(&GOOD.replace("\"gw\"", "\"other\""));
            let status = world
                .status("the new file is in force", |status| {
                    status.hostname == "other"
                })
                .await;
            assert_eq!(status.config.error, None);
        })
        .await;
}

#[tokio::test]
async fn a_wrong_file_at_start_is_a_configuration_error() {
    let world = World::new().await;
    world.write("hostnam = \"gw\"\n");

    let error = router::run(world.options()).await.unwrap_err();

    assert!(
        error
            .chain()
            .any(<dyn std::error::Error>::is::<config::ConfigError>)
    );
}

#[tokio::test]
async fn a_router_that_is_gone_leaves_the_firewall_and_a_flush_leaves_nothing() {
    let world = World::new().await;
    world.write(GOOD);
    world
        .while_running(world.status("the router is up", |_| true))
        .await;
    // Its tasks are dropped when the runtime comes to it.
    eventually("the socket is gone", async || {
        (!world.path("lanlord.sock").exists()).then_some(())
    })
    .await;
    assert!(
        world
            .router
            .shell("nft list tables")
            .contains("inet lanlord")
    );

    let flush = Options {
        flush: true,
        ..world.options()
    };
    router::run(flush).await.unwrap();

    assert_eq!(world.router.shell("nft list ruleset"), "");
    assert_eq!(world.router.shell("ip route"), "");
}

#[tokio::test]
async fn a_running_router_is_not_flushed_and_not_joined_by_a_second_one() {
    let world = World::new().await;
    world.write(GOOD);

    world
        .while_running(async {
            world.status("the router is up", |_| true).await;
            let flush = Options {
                flush: true,
                ..world.options()
            };
            let refused = Box::pin(router::run(flush)).await.unwrap_err().to_string();
            assert!(refused.contains("stop it before --flush"), "{refused}");
            let second = Box::pin(router::run(world.options()))
                .await
                .unwrap_err()
                .to_string();
            assert!(second.contains("in use by another lanlord"), "{second}");
        })
        .await;
}
