use kernel::testing::Lan;
use neighbor::{ArpPacket, Frame, Operation};

use super::*;

const VIP: Ipv4Addr = Ipv4Addr::new(10, 10, 10, 10);
const MAC: Mac = Mac::new([2, 0, 0, 0, 0, 1]);
const CLIENT: Mac = Mac::new([2, 0, 0, 0, 0, 9]);

fn request() -> [u8; FRAME_LENGTH] {
    let frame = Frame {
        destination: Mac::BROADCAST,
        source: CLIENT,
        arp: ArpPacket {
            operation: Operation::Request,
            sender_mac: CLIENT,
            sender_address: Ipv4Addr::new(192, 0, 2, 50),
            target_mac: Mac::ZERO,
            target_address: VIP,
        },
    };
    frame.octets()
}

fn received(waited: Duration) -> Received {
    Received {
        length: FRAME_LENGTH,
        truncated: false,
        addressee: Addressee::Broadcast,
        vlan: None,
        checksum_ready: true,
        received_at: SystemTime::now().checked_sub(waited),
    }
}

#[tokio::test]
async fn a_request_that_waited_too_long_is_not_answered() {
    let lan = Lan::new().await;
    let host = lan.host(&[]).await;
    let index = host.netlink().link("eth0").await.unwrap().unwrap().index;
    let mut port = host
        .inside(|| Port::open(index, MAC, BTreeSet::new()))
        .unwrap();
    let counters = Counters::default();
    let vip = Vip::new(VIP.into());
    port.own(&BTreeSet::from([vip]), &counters, Instant::now());
    port.buffer[..FRAME_LENGTH].copy_from_slice(&request());

    port.handle(&received(Duration::from_secs(1)), &counters);
    let after_stale = counters.of(vip).replies.get();
    port.handle(&received(Duration::from_millis(100)), &counters);

    assert_eq!((after_stale, counters.stale.get()), (0, 1));
    assert_eq!(counters.of(vip).replies.get(), 1);
    assert_eq!(counters.of(vip).requests.get(), 2);
}
