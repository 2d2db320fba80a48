//! A disk that is full: no lease is acknowledged that would not survive.

use std::{fs, path::Path};

use nix::{
    mount::{MsFlags, mount},
    sched::{CloneFlags, unshare},
};

use super::fixture::{Home, lease_of};

/// Mounts a tmpfs of 64 KiB there, in a mount namespace of this thread and of those that it starts.
fn small_disk(path: &Path) {
    unshare(CloneFlags::CLONE_NEWNS)
        .expect("make a mount namespace: run as root, or the whole run under `unshare -Urnm`");
    let none = None::<&str>;
    mount(none, "/", none, MsFlags::MS_REC | MsFlags::MS_PRIVATE, none)
        .expect("keep mounts private");
    let size = Some("size=64k");
    mount(Some("tmpfs"), path, Some("tmpfs"), MsFlags::empty(), size).expect("mount a small tmpfs");
}

#[tokio::test]
async fn no_lease_is_acknowledged_while_the_disk_is_full() {
    let home = Home::new("").await;
    small_disk(home.state.path());
    let running = home.serve().await;
    let laptop = home.lan.host(&[]).await;
    let filler = home.state.path().join("filler");
    let _ = fs::write(&filler, vec![0; 1 << 20]);

    let client = tokio::task::spawn_blocking({
        let mut command = laptop.command("timeout");
        command.args(["20", "udhcpc", "-f", "-q", "-n", "-t", "15", "-T", "1"]);
        command.args(["-i", "eth0", "-s", "/bin/true"]);
        move || command.output()
    });
    kernel::testing::eventually("a lease could not be stored", async || {
        (running.counter("lanlord_dhcp_unstored_leases") > 0).then_some(())
    })
    .await;
    let problems = running.problems().join("\n");
    assert!(problems.contains("no lease can be given"), "{problems}");
    assert!(problems.contains("No space left"), "{problems}");

    fs::remove_file(&filler).expect("make room");
    let output = client.await.expect("no panic").expect("run udhcpc");

    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    lease_of(&home, std::net::Ipv4Addr::new(192, 168, 1, 20));
    assert_eq!(running.problems(), Vec::<String>::new());
}
