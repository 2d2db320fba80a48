//! The whole router in a namespace, as `lanlord router` runs it, asked over its admin socket.

use std::{fs, path::PathBuf};

use admin::types::{RouterStatus, Status};
use kernel::testing::{Lan, Namespace, eventually};
use nix::{
    mount::{MsFlags, mount},
    sched::{CloneFlags, unshare},
};
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
    uplink: Lan,
    lan: Lan,
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
            uplink,
            lan,
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

/// Makes the folder a mount of its own that cannot be written, seen by this thread and those that it starts.
fn read_only(path: &std::path::Path) {
    let none = None::<&str>;
    unshare(CloneFlags::CLONE_NEWNS).expect("make a mount namespace");
    mount(none, "/", none, MsFlags::MS_REC | MsFlags::MS_PRIVATE, none).expect("private mounts");
    mount(Some(path), path, none, MsFlags::MS_BIND, none).expect("bind mount");
    remount(path, MsFlags::MS_RDONLY);
}

fn remount(path: &std::path::Path, flags: MsFlags) {
    let none = None::<&str>;
    let flags = flags | MsFlags::MS_BIND | MsFlags::MS_REMOUNT;
    mount(none, path, none, flags, none).expect("remount");
}

#[tokio::test]
async fn a_router_without_a_writable_state_folder_serves_and_makes_no_key_until_it_is_writable() {
    let world = World::new().await;
    world.write(&format!(
        "{GOOD}[[cluster]]\nname = \"lab\"\npools = [\"10.10.10.0/24\"]\nnodes = [\"192.168.1.201\"]\n"
    ));
    fs::create_dir(world.path("state")).unwrap();
    read_only(&world.path("state"));

    world
        .while_running(async {
            let status = world
                .status("DHCP is served", |status| {
                    status.dhcp.iter().any(|lan| lan.state == "serving")
                })
                .await;
            let problems = status.problems.join("\n");
            assert!(problems.contains("no key for cluster lab"), "{problems}");
            assert!(problems.contains("leases cannot be stored"), "{problems}");
            assert_eq!(status.firewall, Ok(()));
            assert!(!status.dns.names.is_empty() || !status.dns.zones.is_empty());

            remount(&world.path("state"), MsFlags::empty());
            world
                .status("everything is stored", |status| status.problems.is_empty())
                .await;
            assert!(world.path("state/keys/lab.key").exists());
        })
        .await;
}

/// What a host beyond the uplink hears from the router's LAN address on port 80, whatever the firewall does.
#[tokio::test]
async fn metrics_are_for_the_lan_only_even_without_nft() {
    let world = World::new().await;
    world.write(GOOD);
    let nft = kernel::nft::Nft::find().unwrap().program().to_path_buf();
    unshare(CloneFlags::CLONE_NEWNS).expect("make a mount namespace");
    let none = None::<&str>;
    mount(none, "/", none, MsFlags::MS_REC | MsFlags::MS_PRIVATE, none).expect("private mounts");
    let places = ["/usr/sbin/nft", "/sbin/nft", nft.to_str().unwrap()];
    for place in places
        .iter()
        .filter(|place| fs::metadata(place).is_ok_and(|file| file.is_file()))
    {
        mount(Some("/dev/null"), *place, none, MsFlags::MS_BIND, none).expect("hide nft");
    }
    let stranger = world.uplink.host(&["203.0.113.9/24"]).await;
    stranger.shell("ip route add 192.168.1.0/24 via 203.0.113.2");
    let laptop = world.lan.host(&["192.168.1.50/24"]).await;
    let ask = "curl --silent --max-time 2 http://192.168.1.200/healthz || echo refused";

    world
        .while_running(async {
            let status = world
                .status("DHCP is served", |status| {
                    status.dhcp.iter().any(|lan| lan.state == "serving")
                })
                .await;
            let why = status.firewall.unwrap_err();
            assert!(why.contains("the program nft is not here"), "{why}");
            let seen = eventually("the LAN is answered", async || {
                let seen = output(&laptop, ask).await;
                seen.contains("ok").then_some(seen)
            })
            .await;
            assert_eq!(seen, "ok\n");
            assert_eq!(output(&stranger, ask).await, "refused\n");
            assert_eq!(output(&world.router, ask).await, "ok\n");
        })
        .await;
}

/// What a shell line prints in a namespace, while the router goes on.
async fn output(host: &Namespace, line: &str) -> String {
    let mut command = host.command("sh");
    command.args(["-c", line]);
    let output = tokio::task::spawn_blocking(move || command.output()).await;
    let output = output.expect("no panic").expect("run the shell");
    String::from_utf8_lossy(&output.stdout).into_owned()
}
