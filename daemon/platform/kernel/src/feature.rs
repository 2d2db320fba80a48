//! Whether this kernel has what we need, before something fails in a less clear way.

use std::io;

use netlink_sys::{
    Socket, SocketAddr,
    protocols::{NETLINK_NETFILTER, NETLINK_ROUTE},
};
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
    match open_packet_socket() {
        Err(error) if is_unknown(&error) => Err(FeatureError::PacketSockets(error)),
        Ok(()) | Err(_) => Ok(()),
    }
}

pub(crate) fn open_packet_socket() -> io::Result<()> {
    let raw = socket(
        AddressFamily::Packet,
        SockType::Raw,
        SockFlag::SOCK_CLOEXEC,
        None,
    );
    Ok(raw.map(drop)?)
}

/// Succeeds if nf_tables answers. A missing capability is not this function's business, and neither is a shortage of
/// descriptors or memory: they say nothing about the kernel.
pub fn require_nf_tables() -> Result<(), FeatureError> {
    match ask_generation() {
        Err(error) if is_unknown(&error) => Err(FeatureError::NfTables(error)),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Whether the kernel does not know what it was asked: no such sockets, or nobody behind them for this message.
pub(crate) fn is_unknown(error: &io::Error) -> bool {
    let errno = error.raw_os_error().map(Errno::from_raw);
    matches!(
        errno,
        Some(
            Errno::EPROTONOSUPPORT
                | Errno::EAFNOSUPPORT
                | Errno::ESOCKTNOSUPPORT
                | Errno::EINVAL
                | Errno::EOPNOTSUPP
        )
    )
}

/// Asks for the ruleset's generation, the cheapest question that only nf_tables answers.
pub(crate) fn ask_generation() -> io::Result<()> {
    const SUBSYSTEM_NFTABLES: u16 = 10;
    const GET_GENERATION: u16 = 16;
    // An nfgenmsg of zeros.
    let message_type = SUBSYSTEM_NFTABLES << 8 | GET_GENERATION;
    ask(NETLINK_NETFILTER, message_type, REQUEST, &[0; 4])
}

/// Asks for all next-hop objects.
pub(crate) fn ask_next_hops() -> io::Result<()> {
    const GET_NEXT_HOP: u16 = 106;
    const DUMP: u16 = 0x300;
    // An nhmsg of zeros.
    ask(NETLINK_ROUTE, GET_NEXT_HOP, REQUEST | DUMP, &[0; 8])
}

const REQUEST: u16 = 1;

/// Sends one netlink message; an error is the kernel's answer to it.
fn ask(protocol: isize, message_type: u16, flags: u16, body: &[u8]) -> io::Result<()> {
    const NLMSG_ERROR: u16 = 2;

    let socket = Socket::new(protocol)?;
    socket.connect(&SocketAddr::new(0, 0))?;
    let length = u32::try_from(16 + body.len()).map_err(io::Error::other)?;
    let mut request = Vec::with_capacity(16 + body.len());
    request.extend(length.to_ne_bytes());
    request.extend(message_type.to_ne_bytes());
    request.extend(flags.to_ne_bytes());
    // Sequence and port.
    request.extend([0; 8]);
    request.extend(body);
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
