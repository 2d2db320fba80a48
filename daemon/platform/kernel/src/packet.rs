//! Packet sockets: whole Ethernet frames of one EtherType on one interface.
//!
//! A socket is bound before it receives anything, so no frame of another type or interface ever gets in. Bound to one
//! EtherType it does not see what the host itself sends. When the interface is deleted the socket stays silent for
//! good: watch [`crate::Events`] and open another one on the new index.

use std::{
    io,
    os::fd::{AsRawFd, OwnedFd},
    task::{Context, Poll, ready},
    time::{Duration, SystemTime},
};

use model::Mac;
use nix::{
    libc,
    sys::socket::{AddressFamily, MsgFlags, SockFlag, SockType, send, socket},
};
use thiserror::Error;
use tokio::io::{Interest, unix::AsyncFd};

pub use filter::Filter;

use crate::sys;

mod filter;

/// EtherType of ARP.
pub const ETHER_TYPE_ARP: u16 = 0x0806;
/// EtherType of IPv4.
pub const ETHER_TYPE_IPV4: u16 = 0x0800;
/// EtherType of IPv6.
pub const ETHER_TYPE_IPV6: u16 = 0x86dd;

/// A packet socket that could not be had.
#[derive(Debug, Error)]
#[error("open a packet socket for EtherType {ether_type:#06x} on interface {index}")]
pub struct OpenError {
    /// EtherType asked for.
    pub ether_type: u16,
    /// Interface index asked for.
    pub index: u32,
    /// The kernel's answer; `PermissionDenied` when CAP_NET_RAW is missing.
    #[source]
    pub source: io::Error,
}

/// To whom a frame was addressed, as the kernel sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Addressee {
    /// To this interface's own address.
    Host,
    /// To everybody.
    Broadcast,
    /// To a group.
    Multicast,
    /// To somebody else (seen in promiscuous mode), or of a VLAN that has no interface here.
    Other,
}

/// What came with a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Received {
    /// Octets of the frame in the buffer, Ethernet header included, VLAN tag taken out.
    pub length: usize,
    /// The frame was longer than the buffer.
    pub truncated: bool,
    /// To whom it was addressed.
    pub addressee: Addressee,
    /// VLAN that the frame was tagged with, 0 for a mere priority tag. Linux tells it to sockets for all EtherTypes
    /// only; on a socket for one EtherType a frame of a foreign VLAN is [`Addressee::Other`].
    pub vlan: Option<u16>,
    /// False for a frame that the same machine sent with checksums left to the (virtual) hardware: do not check them.
    pub checksum_ready: bool,
    /// When the kernel took it from the wire, by the wall clock.
    pub received_at: Option<SystemTime>,
}

impl Received {
    /// How long the frame waited in the socket. A clock that was set back in between makes it zero.
    pub fn waited(&self, now: SystemTime) -> Duration {
        self.received_at
            .and_then(|at| now.duration_since(at).ok())
            .unwrap_or_default()
    }
}

/// A bound packet socket on tokio's reactor.
#[derive(Debug)]
pub struct PacketSocket {
    socket: AsyncFd<OwnedFd>,
    index: u32,
}

impl PacketSocket {
    /// Opens a socket for one EtherType (host byte order) on the interface with this index.
    pub fn open(index: u32, ether_type: u16) -> Result<Self, OpenError> {
        Self::open_filtered(index, ether_type, None)
    }

    /// The same, with a filter that is in force before the first frame.
    pub fn open_filtered(
        index: u32,
        ether_type: u16,
        filter: Option<&Filter>,
    ) -> Result<Self, OpenError> {
        let open = || {
            // Protocol 0 receives nothing until bound.
            let descriptor = socket(
                AddressFamily::Packet,
                SockType::Raw,
                SockFlag::SOCK_NONBLOCK | SockFlag::SOCK_CLOEXEC,
                None,
            )?;
            if let Some(filter) = filter {
                sys::attach_filter(&descriptor, &mut filter.program())?;
            }
            sys::set_integer(&descriptor, sys::Level::Packet, libc::PACKET_AUXDATA, 1)?;
            sys::set_integer(&descriptor, sys::Level::Socket, libc::SO_TIMESTAMPNS, 1)?;
            sys::bind_packet(&descriptor, signed(index)?, ether_type)?;
            sys::register(descriptor)
        };
        let socket = open().map_err(|source| OpenError {
            ether_type,
            index,
            source,
        })?;
        Ok(Self { socket, index })
    }

    /// Index of the interface that the socket was opened on.
    pub fn index(&self) -> u32 {
        self.index
    }

    /// Also receives frames to the group address.
    pub fn join_multicast(&self, group: Mac) -> io::Result<()> {
        sys::join_group(self.socket.get_ref(), signed(self.index)?, group.octets())
    }

    /// Waits for a frame and puts it into `buffer`. Cancelling loses nothing.
    ///
    /// Fails with ENETDOWN once each time the interface goes down; the socket works again when it comes up.
    pub async fn recv(&self, buffer: &mut [u8]) -> io::Result<Received> {
        loop {
            let mut ready = self
                .socket
                .ready(Interest::READABLE | Interest::ERROR)
                .await?;
            if let Ok(received) = ready.try_io(|socket| receive(socket.get_ref(), buffer)) {
                return received;
            }
        }
    }

    /// Takes a queued frame, or registers the task to be woken by the next one. An interface that goes down does not
    /// wake it.
    pub fn poll_recv(
        &self,
        context: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<Received>> {
        loop {
            let mut ready = ready!(self.socket.poll_read_ready(context))?;
            if let Ok(received) = ready.try_io(|socket| receive(socket.get_ref(), buffer)) {
                return Poll::Ready(received);
            }
        }
    }

    /// Sends a whole Ethernet frame, waiting while the interface's queue is full.
    pub async fn send(&self, frame: &[u8]) -> io::Result<()> {
        loop {
            let mut ready = self.socket.writable().await?;
            if let Ok(sent) = ready.try_io(|_| self.try_send(frame)) {
                return sent;
            }
        }
    }

    /// Sends a whole Ethernet frame now; `WouldBlock` when the interface's queue is full.
    pub fn try_send(&self, frame: &[u8]) -> io::Result<()> {
        let descriptor = self.socket.get_ref().as_raw_fd();
        send(descriptor, frame, MsgFlags::MSG_DONTWAIT)?;
        Ok(())
    }
}

fn receive(socket: &OwnedFd, buffer: &mut [u8]) -> io::Result<Received> {
    let facts = sys::receive_frame(socket, buffer)?;
    let tagged = facts.status & libc::TP_STATUS_VLAN_VALID != 0;
    Ok(Received {
        length: facts.length.min(buffer.len()),
        truncated: facts.length > buffer.len(),
        addressee: match facts.packet_type {
            libc::PACKET_HOST => Addressee::Host,
            libc::PACKET_BROADCAST => Addressee::Broadcast,
            libc::PACKET_MULTICAST => Addressee::Multicast,
            _ => Addressee::Other,
        },
        vlan: tagged.then_some(facts.vlan_tci & 0x0fff),
        checksum_ready: facts.status & libc::TP_STATUS_CSUMNOTREADY == 0,
        received_at: facts.received_at,
    })
}

fn signed(index: u32) -> io::Result<i32> {
    i32::try_from(index).map_err(io::Error::other)
}
