//! Network namespaces for tests: real links and real packets that touch nothing outside.
//!
//! [`Namespace::enter`] moves the calling test's thread; [`Namespace::new`] makes further hosts; [`Lan`] is a switch
//! with hosts on it. A socket belongs to the namespace that its thread was in when it was opened, so
//! `host.inside(|| PacketSocket::open(..))` gives a socket of that host which any task may use, and threads started
//! `inside` stay there. Everything vanishes with the last handle.
//!
//! Tests need root, or `unshare -Urn cargo test`; without they fail. Functions here panic with what went wrong.

use std::{
    ffi::OsStr,
    fs::File,
    os::fd::{AsRawFd, OwnedFd},
    process::Command,
    time::Duration,
};

use ipnet::IpNet;
use nix::sched::{CloneFlags, setns, unshare};
use rtnetlink::{
    LinkBridge, LinkUnspec, LinkVeth,
    packet_route::link::{InfoData, InfoVeth, LinkAttribute},
};

use crate::{Netlink, sys};

/// How long a condition may take to come true; far above what it takes on a busy machine.
const DEADLINE: Duration = Duration::from_secs(10);

/// A network namespace with `lo` up, gone when dropped.
#[derive(Debug)]
pub struct Namespace {
    descriptor: OwnedFd,
}

impl Namespace {
    /// A new namespace; the calling thread stays where it is.
    #[expect(
        clippy::new_without_default,
        reason = "a namespace is made, not defaulted"
    )]
    pub fn new() -> Self {
        let before = current();
        unshare(CloneFlags::CLONE_NEWNET)
            .expect("make a network namespace: run as root, or the whole run under `unshare -Urn`");
        let namespace = Self {
            descriptor: current(),
        };
        namespace.shell("ip link set lo up");
        setns(&before, CloneFlags::CLONE_NEWNET).expect("return to the namespace of before");
        namespace
    }

    /// A new namespace that the calling thread (and with it a current-thread runtime) moves into for good.
    pub fn enter() -> Self {
        let namespace = Self::new();
        setns(&namespace.descriptor, CloneFlags::CLONE_NEWNET).expect("enter the new namespace");
        namespace
    }

    /// Runs `act` on this thread within the namespace. What it opens belongs there; what it awaits would not, so it
    /// is not async.
    pub fn inside<T>(&self, act: impl FnOnce() -> T) -> T {
        /// Returns even when `act` panics: the runtime of the test goes on.
        struct Return(OwnedFd);
        impl Drop for Return {
            fn drop(&mut self) {
                setns(&self.0, CloneFlags::CLONE_NEWNET)
                    .expect("return to the namespace of before");
            }
        }
        let _return = Return(current());
        setns(&self.descriptor, CloneFlags::CLONE_NEWNET).expect("enter the namespace");
        act()
    }

    /// A netlink connection to this namespace.
    pub fn netlink(&self) -> Netlink {
        self.inside(Netlink::connect).expect("connect to netlink")
    }

    /// A program that will start in this namespace.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        let namespace = self
            .descriptor
            .try_clone()
            .expect("copy the namespace's descriptor");
        sys::start_in_namespace(&mut command, namespace);
        command
    }

    /// Runs a shell line in this namespace and returns what it printed; panics with it when it fails.
    #[track_caller]
    pub fn shell(&self, line: &str) -> String {
        let output = self
            .command("sh")
            .args(["-c", line])
            .output()
            .unwrap_or_else(|error| panic!("start `{line}`: {error}"));
        assert!(
            output.status.success(),
            "`{line}` failed: {}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr),
        );
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}

/// Joins two namespaces by a veth pair and waits until both ends are operational.
pub async fn veth(left: (&Namespace, &str), right: (&Namespace, &str)) {
    let peer = LinkUnspec::new_with_name(right.1)
        .append_extra_attribute(LinkAttribute::NetNsFd(right.0.descriptor.as_raw_fd()))
        .build();
    let pair = LinkVeth::new(left.1, right.1)
        .set_info_data(InfoData::Veth(InfoVeth::Peer(peer)))
        .build();
    let netlink = left.0.netlink();
    netlink
        .handle()
        .link()
        .add(pair)
        .execute()
        .await
        .unwrap_or_else(|error| panic!("add veth pair {} - {}: {error}", left.1, right.1));
    for (namespace, name) in [left, right] {
        namespace
            .netlink()
            .ensure_up(name)
            .await
            .expect("set a veth end up");
    }
    for (namespace, name) in [left, right] {
        operational(namespace, name).await;
    }
}

/// Waits until the interface passes packets. A carrier alone is not enough: ARP sent before is lost.
pub async fn operational(namespace: &Namespace, interface: &str) {
    let netlink = namespace.netlink();
    eventually(&format!("{interface} is operational"), async || {
        let link = netlink.link(interface).await.expect("list interfaces")?;
        link.is_operational().then_some(())
    })
    .await;
}

/// Polls `probe` until it gives a value; panics with `what` after ten seconds.
pub async fn eventually<T>(what: &str, mut probe: impl AsyncFnMut() -> Option<T>) -> T {
    let poll = async {
        loop {
            if let Some(value) = probe().await {
                return value;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(DEADLINE, poll)
        .await
        .unwrap_or_else(|_elapsed| panic!("not within {DEADLINE:?}: {what}"))
}

/// An Ethernet segment: a bridge in a namespace of its own, hosts on its ports.
#[derive(Debug)]
pub struct Lan {
    switch: Namespace,
    hosts: std::sync::atomic::AtomicU32,
}

impl Lan {
    /// An empty segment.
    pub async fn new() -> Self {
        let switch = Namespace::new();
        let netlink = switch.netlink();
        netlink
            .handle()
            .link()
            .add(LinkBridge::new("br0").up().build())
            .execute()
            .await
            .expect("add a bridge");
        Self {
            switch,
            hosts: std::sync::atomic::AtomicU32::new(0),
        }
    }

    /// A new namespace with `eth0` on the segment, up and with these addresses.
    pub async fn host(&self, addresses: &[&str]) -> Namespace {
        let host = Namespace::new();
        self.attach(&host, "eth0", addresses).await;
        host
    }

    /// Gives a namespace an interface on the segment, up and with these addresses (`192.0.2.1/24`).
    pub async fn attach(&self, host: &Namespace, interface: &str, addresses: &[&str]) {
        let number = self
            .hosts
            .fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let port = format!("port{number}");
        veth((&self.switch, &port), (host, interface)).await;
        self.switch.shell(&format!("ip link set {port} master br0"));
        let netlink = host.netlink();
        for address in addresses {
            let address: IpNet = address.parse().expect("an address with its prefix length");
            netlink
                .ensure_address(interface, address)
                .await
                .expect("add an address");
        }
        operational(&self.switch, "br0").await;
    }

    /// The namespace of the bridge `br0` itself, to look at its ports or to cut one off.
    pub fn switch(&self) -> &Namespace {
        &self.switch
    }
}

fn current() -> OwnedFd {
    File::open("/proc/thread-self/ns/net")
        .expect("open this thread's network namespace")
        .into()
}
