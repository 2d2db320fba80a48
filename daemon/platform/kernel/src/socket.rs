//! UDP and TCP sockets with the options that servers on several addresses and interfaces need.
//!
//! A server bound to a wildcard or to a device must answer from the address it was asked at; [`UdpEndpoint`] learns it
//! with each datagram (IP_PKTINFO) and sends from it.

use std::{
    io::{self, IoSlice, IoSliceMut},
    net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV4, SocketAddrV6},
    os::fd::AsRawFd,
};

use nix::{
    cmsg_space, libc,
    sys::socket::{
        ControlMessage, ControlMessageOwned, MsgFlags, SockaddrIn, SockaddrIn6, SockaddrStorage,
        recvmsg, sendmsg,
    },
};
use socket2::{Domain, Protocol, Socket, Type};
use thiserror::Error;
use tokio::{
    io::Interest,
    net::{TcpListener, UdpSocket},
};

use crate::port::{self, InUse, Transport};

/// A socket that could not be bound. The text is complete; the source adds the kernel's words.
#[derive(Debug, Error)]
pub enum BindError {
    /// Another process is there.
    #[error("{0}")]
    InUse(InUse),
    /// A port below 1024 without the privilege.
    #[error("bind port {}/{transport} on {}: missing CAP_NET_BIND_SERVICE (or lower net.ipv4.ip_unprivileged_port_start)",
        .address.port(), .address.ip())]
    Privileged {
        /// `udp` or `tcp`.
        transport: &'static str,
        /// Address asked for.
        address: SocketAddr,
    },
    /// Anything else, such as an address that no interface has.
    #[error("bind {address}{}", .device.as_ref().map(|device| format!(" on {device}")).unwrap_or_default())]
    Other {
        /// Address asked for.
        address: SocketAddr,
        /// Interface asked for.
        device: Option<String>,
        /// The kernel's answer.
        #[source]
        source: io::Error,
    },
}

/// How to bind.
#[derive(Clone, Debug)]
pub struct Binding {
    address: SocketAddr,
    device: Option<String>,
    reuse_port: bool,
    broadcast: bool,
    freebind: bool,
}

impl Binding {
    /// An ordinary bind; IPv6 sockets take IPv6 only.
    pub fn new(address: SocketAddr) -> Self {
        Self {
            address,
            device: None,
            reuse_port: false,
            broadcast: false,
            freebind: false,
        }
    }

    /// Only packets of this interface (SO_BINDTODEVICE).
    #[must_use]
    pub fn on_device(self, device: &str) -> Self {
        Self {
            device: Some(device.to_string()),
            ..self
        }
    }

    /// Shares the port among sockets of this user (SO_REUSEPORT): several tasks, or old and new over a restart.
    #[must_use]
    pub fn reuse_port(self) -> Self {
        Self {
            reuse_port: true,
            ..self
        }
    }

    /// May send to broadcast addresses (SO_BROADCAST).
    #[must_use]
    pub fn broadcast(self) -> Self {
        Self {
            broadcast: true,
            ..self
        }
    }

    /// Binds even while the address is on no interface yet (IP_FREEBIND).
    #[must_use]
    pub fn before_the_address(self) -> Self {
        Self {
            freebind: true,
            ..self
        }
    }

    /// Binds a UDP socket; must be called within a tokio runtime.
    pub fn udp(&self) -> Result<UdpEndpoint, BindError> {
        let bind = || {
            let socket = self.open(Type::DGRAM, Protocol::UDP)?;
            if self.address.is_ipv4() {
                nix::sys::socket::setsockopt(
                    &socket,
                    nix::sys::socket::sockopt::Ipv4PacketInfo,
                    &true,
                )?;
            } else {
                nix::sys::socket::setsockopt(
                    &socket,
                    nix::sys::socket::sockopt::Ipv6RecvPacketInfo,
                    &true,
                )?;
            }
            socket.bind(&self.address.into())?;
            UdpSocket::from_std(socket.into())
        };
        match bind() {
            Ok(socket) => Ok(UdpEndpoint { socket }),
            Err(error) => Err(self.explain(Transport::Udp, error)),
        }
    }

    /// Binds a TCP socket and listens; must be called within a tokio runtime.
    pub fn tcp(&self) -> Result<TcpListener, BindError> {
        let listen = || {
            let socket = self.open(Type::STREAM, Protocol::TCP)?;
            // A restart must not wait for connections of before to time out.
            socket.set_reuse_address(true)?;
            socket.bind(&self.address.into())?;
            socket.listen(1024)?;
            TcpListener::from_std(socket.into())
        };
        listen().map_err(|error| self.explain(Transport::Tcp, error))
    }

    fn open(&self, kind: Type, protocol: Protocol) -> io::Result<Socket> {
        let domain = Domain::for_address(self.address);
        let socket = Socket::new(domain, kind.nonblocking(), Some(protocol))?;
        if self.address.is_ipv6() {
            socket.set_only_v6(true)?;
        }
        if let Some(device) = &self.device {
            socket.bind_device(Some(device.as_bytes()))?;
        }
        if self.reuse_port {
            socket.set_reuse_port(true)?;
        }
        if self.broadcast {
            socket.set_broadcast(true)?;
        }
        if self.freebind {
            match self.address {
                SocketAddr::V4(_) => socket.set_freebind_v4(true)?,
                SocketAddr::V6(_) => socket.set_freebind_v6(true)?,
            }
        }
        Ok(socket)
    }

    fn explain(&self, transport: Transport, source: io::Error) -> BindError {
        let address = self.address;
        if source.kind() == io::ErrorKind::AddrInUse {
            BindError::InUse(port::in_use(transport, address))
        } else if source.kind() == io::ErrorKind::PermissionDenied
            && (1..1024).contains(&address.port())
        {
            let transport = match transport {
                Transport::Udp => "udp",
                Transport::Tcp => "tcp",
            };
            BindError::Privileged { transport, address }
        } else {
            BindError::Other {
                address,
                device: self.device.clone(),
                source,
            }
        }
    }
}

/// A received datagram, without its payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Datagram {
    /// Octets in the buffer.
    pub length: usize,
    /// Who sent it.
    pub peer: SocketAddr,
    /// Where it came in: answer from here.
    pub local: Local,
}

/// The end of a datagram that is ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Local {
    /// Address that the peer sent to; ours to answer from unless it is a broadcast or multicast address.
    pub address: IpAddr,
    /// Index of the interface it came in on.
    pub interface: u32,
}

/// A UDP socket that knows at which address each datagram arrived.
#[derive(Debug)]
pub struct UdpEndpoint {
    socket: UdpSocket,
}

impl UdpEndpoint {
    /// Waits for a datagram. One longer than the buffer is cut.
    pub async fn recv(&self, buffer: &mut [u8]) -> io::Result<Datagram> {
        self.socket
            .async_io(Interest::READABLE, || self.receive(buffer))
            .await
    }

    /// Sends from the address that `local` names, or from the one the kernel picks.
    pub async fn send(
        &self,
        payload: &[u8],
        peer: SocketAddr,
        local: Option<Local>,
    ) -> io::Result<()> {
        self.socket
            .async_io(Interest::WRITABLE, || self.transmit(payload, peer, local))
            .await
    }

    /// The bound address.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    fn receive(&self, buffer: &mut [u8]) -> io::Result<Datagram> {
        let mut control = cmsg_space!(libc::in6_pktinfo);
        let mut parts = [IoSliceMut::new(buffer)];
        let message = recvmsg::<SockaddrStorage>(
            self.socket.as_raw_fd(),
            &mut parts,
            Some(&mut control),
            MsgFlags::MSG_DONTWAIT,
        )?;
        let peer = message
            .address
            .as_ref()
            .and_then(peer_address)
            .ok_or_else(|| io::Error::other("a datagram without an IP source address"))?;
        let local = message
            .cmsgs()?
            .find_map(|control| {
                #[expect(
                    clippy::wildcard_enum_match_arm,
                    reason = "no other control message was asked for"
                )]
                match control {
                    ControlMessageOwned::Ipv4PacketInfo(info) => Some(Local {
                        address: IpAddr::V4(Ipv4Addr::from(info.ipi_addr.s_addr.to_ne_bytes())),
                        interface: u32::try_from(info.ipi_ifindex).ok()?,
                    }),
                    ControlMessageOwned::Ipv6PacketInfo(info) => Some(Local {
                        address: IpAddr::V6(info.ipi6_addr.s6_addr.into()),
                        interface: info.ipi6_ifindex,
                    }),
                    _ => None,
                }
            })
            .ok_or_else(|| io::Error::other("a datagram without packet information"))?;
        Ok(Datagram {
            length: message.bytes,
            peer,
            local,
        })
    }

    fn transmit(&self, payload: &[u8], peer: SocketAddr, local: Option<Local>) -> io::Result<()> {
        let parts = [IoSlice::new(payload)];
        let descriptor = self.socket.as_raw_fd();
        let flags = MsgFlags::MSG_DONTWAIT;
        match peer {
            SocketAddr::V4(peer) => {
                let info = local.and_then(packet_info_v4);
                let control = info.as_ref().map(ControlMessage::Ipv4PacketInfo);
                sendmsg(
                    descriptor,
                    &parts,
                    control.as_slice(),
                    flags,
                    Some(&SockaddrIn::from(peer)),
                )?;
            }
            SocketAddr::V6(peer) => {
                let info = local.and_then(packet_info_v6);
                let control = info.as_ref().map(ControlMessage::Ipv6PacketInfo);
                sendmsg(
                    descriptor,
                    &parts,
                    control.as_slice(),
                    flags,
                    Some(&SockaddrIn6::from(peer)),
                )?;
            }
        }
        Ok(())
    }
}

fn peer_address(address: &SockaddrStorage) -> Option<SocketAddr> {
    if let Some(v4) = address.as_sockaddr_in() {
        return Some(SocketAddr::V4(SocketAddrV4::from(*v4)));
    }
    address
        .as_sockaddr_in6()
        .map(|v6| SocketAddr::V6(SocketAddrV6::from(*v6)))
}

fn packet_info_v4(local: Local) -> Option<libc::in_pktinfo> {
    let IpAddr::V4(address) = local.address else {
        return None;
    };
    Some(libc::in_pktinfo {
        // The route decides the way out; a reply may leave by another interface than the request came in on.
        ipi_ifindex: 0,
        ipi_spec_dst: libc::in_addr {
            s_addr: u32::from_ne_bytes(address.octets()),
        },
        ipi_addr: libc::in_addr { s_addr: 0 },
    })
}

fn packet_info_v6(local: Local) -> Option<libc::in6_pktinfo> {
    let IpAddr::V6(address) = local.address else {
        return None;
    };
    Some(libc::in6_pktinfo {
        ipi6_addr: libc::in6_addr {
            s6_addr: address.octets(),
        },
        // Link-local addresses mean nothing without their interface.
        ipi6_ifindex: if address.is_unicast_link_local() {
            local.interface
        } else {
            0
        },
    })
}
