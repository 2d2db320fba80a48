//! A disk that cannot be written: the LAN is served all the same, and nothing is promised that would not hold.

use std::{fs, net::Ipv4Addr, path::Path, process::Output};

use kernel::testing::{Namespace, eventually};
use nix::{
    mount::{MsFlags, mount},
    sched::{CloneFlags, unshare},
};

use super::fixture::{Home, Running, lease_of};

const RESERVED: &str = "[[lan.reservation]]\nname = \"talos-1\"\nmac = \"bc:24:11:00:00:01\"\naddress = \"192.168.1.201\"\n";
const FIRST: Ipv4Addr = Ipv4Addr::new(192, 168, 1, 20);

/// Mounts from now on are of this thread and of those that it starts.
fn own_mounts() {
    unshare(CloneFlags::CLONE_NEWNS)
        .expect("make a mount namespace: run as root, or the whole run under `unshare -Urnm`");
    let none = None::<&str>;
    mount(none, "/", none, MsFlags::MS_REC | MsFlags::MS_PRIVATE, none)
        .expect("keep mounts private");
}

/// Mounts a tmpfs of 64 KiB there.
fn small_disk(path: &Path) {
    own_mounts();
    let size = Some("size=64k");
    mount(Some("tmpfs"), path, Some("tmpfs"), MsFlags::empty(), size).expect("mount a small tmpfs");
}

fn set_writable(path: &Path, writable: bool) {
    let none = None::<&str>;
    let flags = MsFlags::MS_BIND | MsFlags::MS_REMOUNT;
    let flags = match writable {
        true => flags,
        false => flags | MsFlags::MS_RDONLY,
    };
    mount(none, path, none, flags, none).expect("remount the state folder");
}

/// Makes the folder a mount of its own, whose flags can be changed.
fn own_disk(path: &Path) {
    own_mounts();
    let none = None::<&str>;
    mount(Some(path), path, none, MsFlags::MS_BIND, none).expect("bind mount");
}

/// udhcpc's own words; it fails without a lease. The script prints how long the lease lasts.
async fn dhcp(host: &Namespace) -> String {
    let mut command = host.command("timeout");
    command.args(["20", "udhcpc", "-f", "-q", "-n", "-t", "15", "-T", "1"]);
    command.args(["-i", "eth0", "-s", "/bin/true"]);
    let output: Output = tokio::task::spawn_blocking(move || command.output())
        .await
        .expect("no panic")
        .expect("run udhcpc");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    said
}

async fn problem(running: &Running) -> String {
    eventually("the problem is told", async || {
        running.problems().first().cloned()
    })
    .await
}

async fn stored(running: &Running, home: &Home) -> String {
    eventually("everything is stored", async || {
        running.problems().is_empty().then_some(())
    })
    .await;
    fs::read_to_string(home.state.path().join("leases/eth1.journal")).expect("a journal")
}

#[tokio::test]
async fn clients_are_served_while_the_disk_is_full_and_stored_when_it_has_room() {
    let home = Home::new(RESERVED).await;
    small_disk(home.state.path());
    let running = home.serve().await;
    let laptop = home.lan.host(&[]).await;
    let filler = home.state.path().join("filler");
    let _ = fs::write(&filler, vec![0; 1 << 20]);

    let said = dhcp(&laptop).await;

    assert!(said.contains("192.168.1.20 obtained"), "{said}");
    assert!(said.contains("lease time 300"), "{said}");
    let problem = problem(&running).await;
    assert!(problem.contains("leases cannot be stored"), "{problem}");
    assert!(problem.contains("No space left"), "{problem}");
    assert_eq!(running.counter("lanlord_dhcp_memory_only"), 1);
    assert_eq!(running.counter("lanlord_dhcp_memory_only_leases"), 1);

    fs::remove_file(&filler).expect("make room");
    let journal = stored(&running, &home).await;

    assert!(journal.contains(&FIRST.to_string()), "{journal}");
    lease_of(&home, FIRST);
    assert_eq!(running.counter("lanlord_dhcp_memory_only"), 0);
    let said = dhcp(&laptop).await;
    assert!(said.contains("lease time 43200"), "{said}");
}

#[tokio::test]
async fn a_read_only_state_folder_keeps_nobody_from_a_lease() {
    let home = Home::new(RESERVED).await;
    own_disk(home.state.path());
    let running = home.serve().await;
    let laptop = home.lan.host(&[]).await;
    dhcp(&laptop).await;
    running.stop().await;
    set_writable(home.state.path(), false);

    let running = home.serve().await;

    let problem = problem(&running).await;
    assert!(problem.contains("Read-only file system"), "{problem}");
    lease_of(&home, FIRST);
    let phone = home.lan.host(&[]).await;
    let said = dhcp(&phone).await;
    assert!(said.contains("192.168.1.21 obtained"), "{said}");
    assert!(said.contains("lease time 300"), "{said}");
    let talos = home.lan.host(&[]).await;
    talos.shell("ip link set eth0 address bc:24:11:00:00:01");
    let said = dhcp(&talos).await;
    assert!(said.contains("192.168.1.201 obtained"), "{said}");
    assert!(said.contains("lease time 43200"), "{said}");

    set_writable(home.state.path(), true);
    let journal = stored(&running, &home).await;

    for address in ["192.168.1.20", "192.168.1.21", "192.168.1.201"] {
        assert!(journal.contains(&format!("\"{address}\"")), "{journal}");
    }
}
