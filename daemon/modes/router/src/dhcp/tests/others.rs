//! Other servers and routers on the segment.

use std::{
    process::{Child, Stdio},
    time::Duration,
};

use kernel::{
    Filter, PacketSocket,
    packet::ETHER_TYPE_IPV6,
    testing::{Namespace, eventually},
};
use tokio::task::AbortHandle;

use super::fixture::Home;

/// BusyBox's server at 192.168.1.1. It looks for conflicts for two seconds before it offers.
pub(super) struct ForeignServer {
    child: Child,
    host: Namespace,
    _directory: tempfile::TempDir,
}

pub(super) async fn foreign_server(home: &Home) -> ForeignServer {
    let host = home.lan.host(&["192.168.1.1/24"]).await;
    let directory = tempfile::tempdir().expect("make a folder for the server");
    let folder = directory.path().display();
    let config = directory.path().join("udhcpd.conf");
    let text = format!(
        "start 192.168.1.150\nend 192.168.1.160\ninterface eth0\nlease_file {folder}/leases\n\
         pidfile {folder}/pid\noption subnet 255.255.255.0\noption router 192.168.1.1\n"
    );
    std::fs::write(&config, text).expect("write the server's configuration");
    let child = host
        .command("busybox")
        .args(["udhcpd", "-f"])
        .arg(&config)
        .stderr(Stdio::null())
        .spawn()
        .expect("start udhcpd: install busybox");
    eventually("udhcpd listens", async || {
        host.shell("cat /proc/net/udp")
            .contains(":0043 ")
            .then_some(())
    })
    .await;
    ForeignServer {
        child,
        host,
        _directory: directory,
    }
}

impl ForeignServer {
    pub(super) fn stop(mut self) {
        self.child.kill().expect("end udhcpd");
        self.child.wait().expect("wait for udhcpd");
        self.host.shell("ip link set eth0 down");
    }
}

impl Drop for ForeignServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A router that answers solicitations with an advertisement from fe80::1.
pub(super) struct Router {
    _host: Namespace,
    task: AbortHandle,
}

impl Drop for Router {
    fn drop(&mut self) {
        self.task.abort();
    }
}

pub(super) async fn advertise_a_router(home: &Home) -> Router {
    let host = home.lan.host(&[]).await;
    let link = host
        .netlink()
        .link("eth0")
        .await
        .expect("list interfaces")
        .expect("eth0");
    let filter = Filter::icmpv6_type(133);
    let socket = host
        .inside(|| PacketSocket::open_filtered(link.index, ETHER_TYPE_IPV6, Some(&filter)))
        .expect("open a packet socket");
    let all_routers = model::Mac::new([0x33, 0x33, 0, 0, 0, 2]);
    socket
        .join_multicast(all_routers)
        .expect("listen for solicitations");
    let task = tokio::spawn(async move {
        let mut buffer = [0; 1500];
        loop {
            socket.recv(&mut buffer).await.expect("receive");
            // As slow as a router may be (RFC 4861, 6.2.6).
            tokio::time::sleep(Duration::from_millis(400)).await;
            socket
                .send(&router_advertisement())
                .await
                .expect("advertise");
        }
    });
    Router {
        _host: host,
        task: task.abort_handle(),
    }
}

fn router_advertisement() -> Vec<u8> {
    let mut frame = vec![0x33, 0x33, 0, 0, 0, 1, 2, 0, 0, 0, 0, 1, 0x86, 0xdd];
    frame.extend([0x60, 0, 0, 0, 0, 16, 58, 255]);
    let (source, everybody) = ("fe80::1", "ff02::1");
    for address in [source, everybody] {
        let address: std::net::Ipv6Addr = address.parse().expect("an address");
        frame.extend(address.octets());
    }
    // Type, code, checksum (not looked at), hop limit, flags, router lifetime 1800 s, two timers.
    frame.extend([134, 0, 0, 0, 64, 0, 7, 8, 0, 0, 0, 0, 0, 0, 0, 0]);
    frame
}
