//! Changes of interfaces, addresses and routes, as they happen.
//!
//! What changed is told by kind only: whoever listens lists again and compares, so a lost message costs nothing but a
//! listing. That is also why the messages are not decoded and never queue up here.

use std::io;

use netlink_sys::{Socket, SocketAddr, protocols::NETLINK_ROUTE};
use nix::errno::Errno;
use tokio::io::unix::AsyncFd;

use crate::{netlink::NetlinkError, sys};

const GROUP_LINK: u32 = 1;
const GROUP_IPV4_ADDRESS: u32 = 5;
const GROUP_IPV4_ROUTE: u32 = 7;
const GROUP_IPV6_ADDRESS: u32 = 9;
const GROUP_IPV6_ROUTE: u32 = 11;

/// Kinds of things that changed since the last look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// An interface came, went, or changed name, flags, state, hardware address or master.
    pub links: bool,
    /// An address was added or removed.
    pub addresses: bool,
    /// A route was added or removed.
    pub routes: bool,
    /// The kernel dropped messages, so all three may have changed; they are set too.
    pub lost: bool,
}

impl Changes {
    const EVERYTHING: Self = Self {
        links: true,
        addresses: true,
        routes: true,
        lost: true,
    };

    /// Whether anything changed.
    pub fn any(self) -> bool {
        self.links || self.addresses || self.routes
    }

    fn add(&mut self, message_type: u16) {
        match message_type {
            // RTM_NEWLINK, RTM_DELLINK
            16 | 17 => self.links = true,
            // RTM_NEWADDR, RTM_DELADDR
            20 | 21 => self.addresses = true,
            // RTM_NEWROUTE, RTM_DELROUTE
            24 | 25 => self.routes = true,
            _ => {}
        }
    }
}

/// A subscription to changes in the namespace that the calling thread was in.
#[derive(Debug)]
pub struct Events {
    socket: AsyncFd<Socket>,
    buffer: Vec<u8>,
}

impl Events {
    /// Subscribes; must be called within a tokio runtime. Subscribe first and list afterwards, or a change between
    /// the two is missed.
    pub fn subscribe() -> Result<Self, NetlinkError> {
        let open = || {
            let mut socket = Socket::new(NETLINK_ROUTE)?;
            socket.set_non_blocking(true)?;
            let groups = [
                GROUP_LINK,
                GROUP_IPV4_ADDRESS,
                GROUP_IPV4_ROUTE,
                GROUP_IPV6_ADDRESS,
                GROUP_IPV6_ROUTE,
            ];
            let mask = groups.iter().fold(0, |mask, group| mask | 1 << (group - 1));
            socket.bind(&SocketAddr::new(0, mask))?;
            sys::register_netlink(socket)
        };
        Ok(Self {
            socket: open().map_err(NetlinkError::Open)?,
            // The kernel sends a notification as one datagram of at most 32 KiB.
            buffer: vec![0; 32 * 1024],
        })
    }

    /// Waits until something changed, then takes all that is queued. Cancelling loses nothing.
    pub async fn changed(&mut self) -> io::Result<Changes> {
        loop {
            let mut ready = self.socket.readable().await?;
            let mut changes = Changes::default();
            let drained = loop {
                let received = ready.try_io(|socket| {
                    let length = sys::receive(socket.get_ref(), &mut self.buffer)?;
                    Ok(length)
                });
                match received {
                    Ok(Ok(length)) => {
                        for message_type in
                            message_types(self.buffer.get(..length).unwrap_or_default())
                        {
                            changes.add(message_type);
                        }
                    }
                    Ok(Err(error)) if error.raw_os_error() == Some(Errno::ENOBUFS as i32) => {
                        changes = Changes::EVERYTHING;
                    }
                    Ok(Err(error)) => break Err(error),
                    Err(_would_block) => break Ok(()),
                }
            };
            drained?;
            if changes.any() {
                return Ok(changes);
            }
        }
    }
}

/// Types of the messages in a netlink datagram; ends at the first malformed one.
fn message_types(mut datagram: &[u8]) -> impl Iterator<Item = u16> {
    const HEADER: usize = 16;
    std::iter::from_fn(move || {
        let (length, rest) = datagram.split_first_chunk::<4>()?;
        let (message_type, _) = rest.split_first_chunk::<2>()?;
        let length = usize::try_from(u32::from_ne_bytes(*length)).ok()?;
        if length < HEADER {
            return None;
        }
        datagram = datagram
            .get(length.next_multiple_of(4)..)
            .unwrap_or_default();
        Some(u16::from_ne_bytes(*message_type))
    })
}

#[cfg(test)]
mod tests;
