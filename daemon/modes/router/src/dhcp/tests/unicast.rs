//! Renewals: unicast from a kernel socket, across a virtual cable that leaves checksums undone.

use std::{
    net::{Ipv4Addr, SocketAddr},
    time::{Duration, SystemTime},
};

use ::dhcp::{Message, MessageType, Options, code};
use kernel::{socket::Binding, testing::Namespace};
use model::Mac;

use super::{ROUTER, fixture::Home, udhcpc};

async fn mac_of(host: &Namespace) -> Mac {
    let link = host.netlink().link("eth0").await.expect("list interfaces");
    link.and_then(|link| link.mac).expect("a MAC")
}

fn renewal(mac: Mac, address: Ipv4Addr) -> Vec<u8> {
    let mut options = Options::new();
    options.set(code::MESSAGE_TYPE, [MessageType::Request.octet()]);
    // As udhcpc identifies itself.
    let mut id = vec![1];
    id.extend(mac.octets());
    options.set(code::CLIENT_ID, id);
    let message = Message {
        is_reply: false,
        htype: 1,
        hops: 0,
        xid: 0x1234_5678,
        secs: 0,
        flags: 0,
        ciaddr: address,
        yiaddr: Ipv4Addr::UNSPECIFIED,
        siaddr: Ipv4Addr::UNSPECIFIED,
        giaddr: Ipv4Addr::UNSPECIFIED,
        mac,
        options,
    };
    message.encode()
}

#[tokio::test]
async fn a_renewal_from_a_kernel_socket_is_acknowledged_and_no_icmp_error_comes() {
    let home = Home::new("").await;
    let running = home.serve().await;
    let laptop = home.lan.host(&[]).await;
    let address = udhcpc().lease(&laptop, "laptop").await.address;
    laptop.shell(&format!("ip address add {address}/24 dev eth0"));
    let before = home.status(SystemTime::now()).leases[0].clone();
    let mac = mac_of(&laptop).await;

    let socket = laptop
        .inside(|| Binding::new(SocketAddr::from((address, 68))).udp())
        .expect("bind the client's port");
    socket
        .send(&renewal(mac, address), SocketAddr::from((ROUTER, 67)), None)
        .await
        .expect("send a renewal");
    let mut buffer = [0; 1500];
    let received = tokio::time::timeout(Duration::from_secs(5), socket.recv(&mut buffer))
        .await
        .expect("an answer within five seconds")
        .expect("no ICMP error");

    let ack = Message::parse(&buffer[..received.length]).expect("a DHCP message");
    assert_eq!(received.peer, SocketAddr::from((ROUTER, 67)));
    assert_eq!(ack.message_type(), Some(MessageType::Ack));
    assert_eq!(ack.yiaddr, address);
    assert_eq!(running.counter("lanlord_dhcp_unreadable_frames"), 0);
    let after = home.status(SystemTime::now()).leases[0].clone();
    assert!(after.expires_in_secs >= before.expires_in_secs);
}

#[tokio::test]
async fn messages_that_pass_through_the_router_to_another_server_are_left_alone() {
    let home = Home::new("").await;
    let running = home.serve().await;
    let relay = home.lan.host(&["192.168.1.5/24"]).await;
    relay.shell("ip route add default via 192.168.1.200");
    let mac = mac_of(&relay).await;

    let socket = relay
        .inside(|| Binding::new(SocketAddr::from(([192, 168, 1, 5], 67))).udp())
        .expect("bind the relay's port");
    let elsewhere = SocketAddr::from(([198, 51, 100, 1], 67));
    let foreign = renewal(mac, Ipv4Addr::new(198, 51, 100, 9));
    socket
        .send(&foreign, elsewhere, None)
        .await
        .expect("send through the router");
    // What comes after it was handled after it.
    let own = renewal(mac, Ipv4Addr::new(192, 168, 1, 5));
    socket
        .send(&own, SocketAddr::from((ROUTER, 67)), None)
        .await
        .expect("send to the router");

    kernel::testing::eventually("the second message is handled", async || {
        (running.counter("lanlord_dhcp_requests") > 0).then_some(())
    })
    .await;
    assert_eq!(running.counter("lanlord_dhcp_requests"), 1);
}
