//! Packet sockets on a real segment.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use kernel::{
    Filter, PacketSocket,
    packet::{Addressee, ETHER_TYPE_ARP, ETHER_TYPE_IPV4, ETHER_TYPE_IPV6},
    testing::{Lan, Namespace},
};

async fn socket(host: &Namespace, ether_type: u16, filter: Option<&Filter>) -> PacketSocket {
    let index = host.netlink().link("eth0").await.unwrap().unwrap().index;
    host.inside(|| PacketSocket::open_filtered(index, ether_type, filter))
        .unwrap()
}

async fn receive(socket: &PacketSocket, buffer: &mut [u8]) -> kernel::packet::Received {
    tokio::time::timeout(Duration::from_secs(5), socket.recv(buffer))
        .await
        .expect("a frame within five seconds")
        .unwrap()
}

fn frame(destination: [u8; 6], ether_type: u16, payload: &[u8]) -> Vec<u8> {
    let mut frame = destination.to_vec();
    frame.extend([2, 0, 0, 0, 0, 9]);
    frame.extend(ether_type.to_be_bytes());
    frame.extend(payload);
    frame
}

#[tokio::test]
async fn receives_whole_frames_of_its_ether_type_only() {
    let lan = Lan::new().await;
    let (sender, receiver) = (lan.host(&[]).await, lan.host(&[]).await);
    let send = socket(&sender, 0x88b5, None).await;
    let receive_socket = socket(&receiver, 0x88b5, None).await;

    send.send(&frame([0xff; 6], 0x88b6, b"another type"))
        .await
        .unwrap();
    send.send(&frame([0xff; 6], 0x88b5, b"ours")).await.unwrap();

    let mut buffer = [0; 1514];
    let received = receive(&receive_socket, &mut buffer).await;
    assert_eq!(&buffer[12..18], b"\x88\xb5ours");
    assert_eq!(received.addressee, Addressee::Broadcast);
    assert_eq!(received.vlan, None);
    assert!(received.received_at.is_some());
    assert!(!received.truncated);
}

#[tokio::test]
async fn a_group_is_received_after_joining_it() {
    let lan = Lan::new().await;
    let (sender, receiver) = (lan.host(&[]).await, lan.host(&[]).await);
    let send = socket(&sender, 0x88b5, None).await;
    let receive_socket = socket(&receiver, 0x88b5, None).await;
    let group = [0x03, 0, 0, 0, 0, 7];

    receive_socket
        .join_multicast(model::Mac::new(group))
        .unwrap();
    send.send(&frame(group, 0x88b5, b"to the group"))
        .await
        .unwrap();

    let mut buffer = [0; 1514];
    let received = receive(&receive_socket, &mut buffer).await;
    assert_eq!(received.addressee, Addressee::Multicast);
    assert!(
        receiver
            .shell("ip maddress show dev eth0")
            .contains("03:00:00:00:00:07")
    );
}

#[tokio::test]
async fn a_frame_of_a_vlan_without_interface_is_for_others() {
    let lan = Lan::new().await;
    let (sender, receiver) = (lan.host(&[]).await, lan.host(&[]).await);
    let send = socket(&sender, ETHER_TYPE_ARP, None).await;
    let receive_socket = socket(&receiver, ETHER_TYPE_ARP, None).await;
    let tagged = frame([0xff; 6], 0x8100, &[0x00, 0x2a, 0x08, 0x06, 1, 2, 3, 4]);

    send.send(&tagged).await.unwrap();

    let mut buffer = [0; 1514];
    let received = receive(&receive_socket, &mut buffer).await;
    assert_eq!(received.addressee, Addressee::Other);
}

#[tokio::test]
async fn the_udp_filter_passes_its_port_and_marks_checksums_that_are_not_ready() {
    let lan = Lan::new().await;
    let sender = lan.host(&["192.0.2.1/24"]).await;
    let receiver = lan.host(&["192.0.2.2/24"]).await;
    let filter = Filter::udp_destination(67);
    let receive_socket = socket(&receiver, ETHER_TYPE_IPV4, Some(&filter)).await;
    let send = sender
        .inside(|| std::net::UdpSocket::bind("192.0.2.1:0"))
        .unwrap();

    send.send_to(b"not for us", "192.0.2.2:68").unwrap();
    send.send_to(b"for us", "192.0.2.2:67").unwrap();

    let mut buffer = [0; 1514];
    let received = receive(&receive_socket, &mut buffer).await;
    assert_eq!(&buffer[received.length - 6..received.length], b"for us");
    assert!(
        !received.checksum_ready,
        "a veth leaves the checksum to nobody"
    );
}

#[tokio::test]
async fn the_icmpv6_filter_passes_its_type_only() {
    let lan = Lan::new().await;
    let (sender, receiver) = (lan.host(&[]).await, lan.host(&[]).await);
    let send = socket(&sender, ETHER_TYPE_IPV6, None).await;
    let receive_socket = socket(&receiver, ETHER_TYPE_IPV6, Some(&Filter::icmpv6_type(134))).await;
    let message = |next_header: u8, kind: u8| {
        let mut packet = vec![0; 48];
        packet[0] = 0x60;
        packet[5] = 8;
        packet[6] = next_header;
        packet[40] = kind;
        frame([0xff; 6], ETHER_TYPE_IPV6, &packet)
    };

    send.send(&message(58, 135)).await.unwrap();
    send.send(&message(17, 134)).await.unwrap();
    send.send(&message(58, 134)).await.unwrap();

    let mut buffer = [0; 1514];
    receive(&receive_socket, &mut buffer).await;
    assert_eq!((buffer[14 + 6], buffer[14 + 40]), (58, 134));
}

#[tokio::test]
async fn a_frame_longer_than_the_buffer_is_marked_as_truncated() {
    let lan = Lan::new().await;
    let (sender, receiver) = (lan.host(&[]).await, lan.host(&[]).await);
    let send = socket(&sender, 0x88b5, None).await;
    let receive_socket = socket(&receiver, 0x88b5, None).await;

    send.send(&frame([0xff; 6], 0x88b5, &[7; 100]))
        .await
        .unwrap();

    let mut buffer = [0; 60];
    let received = receive(&receive_socket, &mut buffer).await;
    assert!(received.truncated);
    assert_eq!(received.length, 60);
}

#[tokio::test]
async fn a_socket_on_a_deleted_interface_fails_and_does_not_hang_the_caller() {
    let lan = Lan::new().await;
    let host = lan.host(&[]).await;
    let open = socket(&host, ETHER_TYPE_ARP, None).await;

    host.shell("ip link delete eth0");

    let mut buffer = [0; 64];
    let result = tokio::time::timeout(Duration::from_secs(5), open.recv(&mut buffer))
        .await
        .expect("an error within five seconds");
    assert!(result.is_err());
}
