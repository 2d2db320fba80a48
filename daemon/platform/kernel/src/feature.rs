//! Whether this kernel has what we need, before something fails in a less clear way.

use std::io;

use netlink_sys::{Socket, SocketAddr, protocols::NETLINK_NETFILTER};
use nix::{
    errno::Errno,
    sys::socket::{AddressFamily, SockFlag, SockType, socket},
};
use thiserror::Error;

/// Something the kernel lacks, with how to give it.
#[derive(Debug, Error)]
pub enum FeatureError {
    /// No AF_PACKET: no ARP answers and no DHCP.
    #[error(
        "this kernel has no packet sockets (CONFIG_PACKET); load them on the host: modprobe af_packet"
    )]
    PacketSockets(#[source] io::Error),
    /// No nf_tables: no NAT and no firewall.
    #[error(
        "this kernel has no nf_tables (CONFIG_NF_TABLES); load it on the host: modprobe nf_tables"
    )]
    NfTables(#[source] io::Error),
}

/// Succeeds if packet sockets can be made; a missing capability is not this function's business.
pub fn require_packet_sockets() -> Result<(), FeatureError> {
    match socket(
        AddressFamily::Packet,
        SockType::Raw,
        SockFlag::SOCK_CLOEXEC,
        None,
    ) {
        Err(errno @ (Errno::EAFNOSUPPORT | Errno::EPROTONOSUPPORT | Errno::ESOCKTNOSUPPORT)) => {
            Err(FeatureError::PacketSockets(errno.into()))
        }
        Ok(_) | Err(_) => Ok(()),
    }
}

/// Succeeds if nf_tables answers. A missing capability is not this function's business, and neither is a shortage of
/// descriptors or memory: they say nothing about the kernel.
pub fn require_nf_tables() -> Result<(), FeatureError> {
    match ask_generation() {
        Err(error) if is_unknown(&error) => Err(FeatureError::NfTables(error)),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Whether the kernel does not know what it was asked: no netlink for netfilter (the socket is refused), or no subsystem
/// of nf_tables behind it (the message is).
fn is_unknown(error: &io::Error) -> bool {
    let errno = error.raw_os_error().map(Errno::from_raw);
    matches!(
        errno,
        Some(Errno::EPROTONOSUPPORT | Errno::EAFNOSUPPORT | Errno::EINVAL | Errno::EOPNOTSUPP)
    )
}

/// Asks for the ruleset's generation, the cheapest question that only nf_tables answers.
fn ask_generation() -> io::Result<()> {
    const SUBSYSTEM_NFTABLES: u16 = 10;
    const GET_GENERATION: u16 = 16;
    const NLMSG_ERROR: u16 = 2;
    const REQUEST: u16 = 1;

    let socket = Socket::new(NETLINK_NETFILTER)?;
    socket.connect(&SocketAddr::new(0, 0))?;
    let mut request = Vec::with_capacity(20);
    request.extend(20_u32.to_ne_bytes());
    request.extend((SUBSYSTEM_NFTABLES << 8 | GET_GENERATION).to_ne_bytes());
    request.extend(REQUEST.to_ne_bytes());
    // Sequence, port, and an nfgenmsg of zeros.
    request.extend([0; 12]);
    socket.send(&request, 0)?;
    let (answer, _from) = socket.recv_from_full()?;
    let field = |at: usize| {
        answer
            .get(at..at + 4)
            .and_then(|octets| octets.try_into().ok())
    };
    let header: [u8; 4] = field(4).unwrap_or_default();
    if u16::from_ne_bytes([header[0], header[1]]) != NLMSG_ERROR {
        return Ok(());
    }
    match i32::from_ne_bytes(field(16).unwrap_or_default()) {
        0 => Ok(()),
        negative => Err(io::Error::from_raw_os_error(negative.saturating_neg())),
    }
}
