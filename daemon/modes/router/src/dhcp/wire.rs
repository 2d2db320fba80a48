//! The sockets of one LAN.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr, SocketAddrV4},
    task::{Context, Poll, Waker},
};

use ::dhcp::{Arrival, Datagram, Destination, RouterAdvertisement, datagram_frame};
use kernel::{
    Filter, Link, PacketSocket,
    packet::{Addressee, ETHER_TYPE_ARP, ETHER_TYPE_IPV4, ETHER_TYPE_IPV6, Received},
    socket::{Binding, UdpEndpoint},
};
use model::Mac;
use neighbor::ArpPacket;

const SERVER_PORT: u16 = 67;
const CLIENT_PORT: u16 = 68;
/// Longer than any frame that clients, routers or ARP send; a longer one cannot be read.
const FRAME: usize = 2048;

/// Open sockets on one interface. They are opened again when the interface is another one or comes back.
#[derive(Debug)]
pub(super) struct Wire {
    index: u32,
    mac: Mac,
    /// Frames to port 67; replies leave here.
    requests: PacketSocket,
    /// Frames to port 68: other servers.
    replies: PacketSocket,
    arp: PacketSocket,
    advertisements: PacketSocket,
    /// Never read: the packet sockets see everything first. It keeps the kernel from answering renewals, which come by
    /// unicast, with "port unreachable", and a second server from starting on this interface.
    _port: UdpEndpoint,
}

/// Something that arrived.
#[derive(Clone, Debug)]
pub(super) enum Heard {
    /// A datagram for the server's port.
    Request { arrival: Arrival, payload: Vec<u8> },
    /// A datagram that some server sent to a client.
    Reply {
        source_mac: Mac,
        source: Ipv4Addr,
        payload: Vec<u8>,
    },
    /// An ARP packet.
    Arp(ArpPacket),
    /// Another router.
    Router(RouterAdvertisement),
    /// A frame for port 67 that cannot be read.
    Unreadable,
    /// Nothing of interest.
    Nothing,
}

impl Wire {
    /// Opens all sockets; without a MAC there is nothing to serve.
    pub(super) fn open(link: &Link, mac: Mac) -> anyhow::Result<Self> {
        let packets = |ether_type, filter: Option<Filter>| {
            PacketSocket::open_filtered(link.index, ether_type, filter.as_ref())
        };
        let any = SocketAddr::from((Ipv4Addr::UNSPECIFIED, SERVER_PORT));
        let advertisements = packets(ETHER_TYPE_IPV6, Some(Filter::icmpv6_type(134)))?;
        // ff02::1; an interface without IPv6 has not joined it.
        advertisements.join_multicast(Mac::new([0x33, 0x33, 0, 0, 0, 1]))?;
        Ok(Self {
            index: link.index,
            mac,
            requests: packets(ETHER_TYPE_IPV4, Some(Filter::udp_destination(SERVER_PORT)))?,
            replies: packets(ETHER_TYPE_IPV4, Some(Filter::udp_destination(CLIENT_PORT)))?,
            arp: packets(ETHER_TYPE_ARP, None)?,
            advertisements,
            _port: Binding::new(any).on_device(&link.name).udp()?,
        })
    }

    /// Whether the sockets are on this interface.
    pub(super) fn is_on(&self, link: &Link) -> bool {
        self.index == link.index && link.mac == Some(self.mac)
    }

    /// Our Ethernet address.
    pub(super) const fn mac(&self) -> Mac {
        self.mac
    }

    /// Waits for the next frame on any socket. Cancelling loses nothing.
    pub(super) async fn hear(&self) -> io::Result<Heard> {
        let mut buffers = [[0; FRAME]; 4];
        let [requests, replies, arp, advertisements] = &mut buffers;
        let heard = tokio::select! {
            received = self.requests.recv(requests) => received.map(|got| read_request(requests, got)),
            received = self.replies.recv(replies) => received.map(|got| read_reply(replies, got)),
            received = self.arp.recv(arp) => received.map(|got| read_arp(arp, got)),
            received = self.advertisements.recv(advertisements) => {
                received.map(|got| read_advertisement(advertisements, got))
            }
        };
        match heard {
            // Told once each time the interface goes down; its events say the rest.
            Err(error) if error.kind() == io::ErrorKind::NetworkDown => Ok(Heard::Nothing),
            heard => heard,
        }
    }

    /// The next request that is queued already.
    pub(super) fn queued_request(&self) -> Option<Heard> {
        let mut buffer = [0; FRAME];
        let mut context = Context::from_waker(Waker::noop());
        match self.requests.poll_recv(&mut context, &mut buffer) {
            Poll::Ready(Ok(received)) => Some(read_request(&buffer, received)),
            Poll::Ready(Err(_)) | Poll::Pending => None,
        }
    }

    /// Sends a datagram as a frame with all checksums.
    pub(super) fn send_datagram(
        &self,
        from: (Ipv4Addr, u16),
        to: Destination,
        payload: &[u8],
    ) -> io::Result<()> {
        let source = SocketAddrV4::new(from.0, from.1);
        let destination = SocketAddrV4::new(to.address, to.port);
        let frame = datagram_frame((self.mac, to.mac), source, destination, payload)
            .map_err(io::Error::other)?;
        self.send(&frame)
    }

    /// Sends a whole frame.
    pub(super) fn send(&self, frame: &[u8]) -> io::Result<()> {
        self.requests.try_send(frame)
    }
}

fn is_for_us(received: Received) -> bool {
    match received.addressee {
        Addressee::Host | Addressee::Broadcast | Addressee::Multicast => true,
        Addressee::Other => false,
    }
}

fn read_request(buffer: &[u8; FRAME], received: Received) -> Heard {
    if !is_for_us(received) {
        return Heard::Nothing;
    }
    match Datagram::parse(&buffer[..received.length], !received.checksum_ready) {
        Ok(datagram) => Heard::Request {
            arrival: Arrival {
                source_mac: datagram.source_mac,
                source: *datagram.source.ip(),
                destination: *datagram.destination.ip(),
            },
            payload: datagram.payload.to_vec(),
        },
        Err(_) => Heard::Unreadable,
    }
}

fn read_reply(buffer: &[u8; FRAME], received: Received) -> Heard {
    match Datagram::parse(&buffer[..received.length], !received.checksum_ready) {
        Ok(datagram) if is_for_us(received) => Heard::Reply {
            source_mac: datagram.source_mac,
            source: *datagram.source.ip(),
            payload: datagram.payload.to_vec(),
        },
        Ok(_) | Err(_) => Heard::Nothing,
    }
}

fn read_arp(buffer: &[u8; FRAME], received: Received) -> Heard {
    match neighbor::parse(&buffer[..received.length]) {
        Ok(frame) if is_for_us(received) => Heard::Arp(frame.arp),
        Ok(_) | Err(_) => Heard::Nothing,
    }
}

fn read_advertisement(buffer: &[u8; FRAME], received: Received) -> Heard {
    let advertisement = RouterAdvertisement::parse(&buffer[..received.length]);
    match advertisement.filter(|_| is_for_us(received)) {
        Some(advertisement) => Heard::Router(advertisement),
        None => Heard::Nothing,
    }
}
