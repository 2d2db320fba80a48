//! The DHCP client's side of RFC 2131, without socket and clock.
//!
//! ```text
//!   Selecting --OFFER--> Requesting --ACK--> Bound --T1--> renew --T2--> rebind --end--> Selecting
//!       ^                    |                 ^             | ACK          | ACK
//!       '---- NAK, silence --'                 '-------------'--------------'
//! ```

use std::{
    net::Ipv4Addr,
    time::{Duration, Instant},
};

use ::dhcp::{Message, MessageType, Options, code};
use ipnet::Ipv4Net;
use model::Mac;

#[cfg(test)]
mod tests;

/// First wait for an answer; it doubles (RFC 2131, 4.1).
const FIRST_WAIT: Duration = Duration::from_secs(1);
/// Longest wait: a modem that boots must not keep the house waiting for a minute.
const LONGEST_WAIT: Duration = Duration::from_secs(16);
/// A REQUEST that nobody answers is given up after this many tries.
const REQUESTS: u32 = 4;
/// Shortest time between renewals (RFC 2131, 4.4.5).
const RENEW_WAIT: Duration = Duration::from_secs(60);
/// Lease times below this would keep us renewing all the time.
const SHORTEST_LEASE: Duration = Duration::from_secs(30);

/// What the network gave us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lease {
    /// Own address with the length of the subnet's prefix.
    pub(crate) address: Ipv4Net,
    /// Default gateway.
    pub(crate) gateway: Option<Ipv4Addr>,
}

/// What the driver is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Output {
    /// Send a message from `source`, port 68, to `server`'s port 67; to everybody where there is none.
    Send {
        message: Message,
        source: Ipv4Addr,
        server: Option<Ipv4Addr>,
    },
    /// The lease is ours, or was renewed.
    Bound(Lease),
    /// The lease ended or was taken back.
    Lost,
}

/// The client of one interface.
#[derive(Debug)]
pub(crate) struct Client {
    mac: Mac,
    hostname: String,
    /// Last transaction number; each exchange gets the next one.
    xid: u32,
    /// When the present exchange began, for the field `secs`.
    since: Instant,
    state: State,
    deadline: Instant,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Selecting {
        tries: u32,
    },
    Requesting {
        tries: u32,
        address: Ipv4Addr,
        server: Ipv4Addr,
    },
    Bound(Held),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Held {
    lease: Lease,
    server: Ipv4Addr,
    renew_at: Instant,
    rebind_at: Instant,
    ends_at: Instant,
}

impl Client {
    /// Begins; the first message is due at once. `xid` is the first transaction number, best a random one.
    pub(crate) fn new(mac: Mac, hostname: &str, xid: u32, now: Instant) -> Self {
        Self {
            mac,
            hostname: hostname.to_string(),
            xid,
            since: now,
            state: State::Selecting { tries: 0 },
            deadline: now,
        }
    }

    /// When [`Client::tick`] is due.
    pub(crate) const fn deadline(&self) -> Instant {
        self.deadline
    }

    /// Goes on where it is due.
    pub(crate) fn tick(&mut self, now: Instant) -> Vec<Output> {
        if now < self.deadline {
            return Vec::new();
        }
        match self.state {
            State::Selecting { tries } => {
                self.state = State::Selecting {
                    tries: tries.saturating_add(1),
                };
                self.deadline = now + wait(tries);
                vec![self.discover(now)]
            }
            State::Requesting { tries, .. } if tries >= REQUESTS => self.start_over(now),
            State::Requesting {
                tries,
                address,
                server,
            } => {
                self.state = State::Requesting {
                    tries: tries + 1,
                    address,
                    server,
                };
                self.deadline = now + wait(tries);
                vec![self.request(address, server, now)]
            }
            State::Bound(held) if now >= held.ends_at => {
                let mut outputs = vec![Output::Lost];
                outputs.extend(self.start_over(now));
                outputs
            }
            State::Bound(held) => {
                if now < held.rebind_at && self.since < held.renew_at {
                    self.next_exchange(now);
                }
                let stage_ends = if now < held.rebind_at {
                    held.rebind_at
                } else {
                    held.ends_at
                };
                // RFC 2131, 4.4.5: half of the time that is left, at least a minute.
                let half = stage_ends.duration_since(now) / 2;
                self.deadline = (now + half.max(RENEW_WAIT)).min(stage_ends);
                vec![self.renew(held, now)]
            }
        }
    }

    /// Takes a message from the network; one that is not for us, or not now, changes nothing.
    pub(crate) fn handle(&mut self, message: &Message, now: Instant) -> Vec<Output> {
        if !message.is_reply || message.xid != self.xid || message.mac != self.mac {
            return Vec::new();
        }
        let server = message.options.address(code::SERVER_ID);
        match (self.state, message.message_type(), server) {
            (State::Selecting { .. }, Some(MessageType::Offer), Some(server))
                if is_host(message.yiaddr) =>
            {
                self.state = State::Requesting {
                    tries: 0,
                    address: message.yiaddr,
                    server,
                };
                self.deadline = now;
                self.tick(now)
            }
            (State::Requesting { server: asked, .. }, Some(MessageType::Ack), Some(server))
                if server == asked =>
            {
                self.bind(message, server, now)
            }
            (State::Bound(held), Some(MessageType::Ack), Some(server)) if now >= held.renew_at => {
                self.bind(message, server, now)
            }
            (State::Requesting { .. }, Some(MessageType::Nak), _) => self.start_over(now),
            (State::Bound(held), Some(MessageType::Nak), _) if now >= held.renew_at => {
                let mut outputs = vec![Output::Lost];
                outputs.extend(self.start_over(now));
                outputs
            }
            _ => Vec::new(),
        }
    }

    fn bind(&mut self, message: &Message, server: Ipv4Addr, now: Instant) -> Vec<Output> {
        let Some(lease) = lease(message) else {
            tracing::warn!(%server, "DHCP server on the uplink sends no usable address");
            return self.start_over(now);
        };
        let secs = |code| {
            message
                .options
                .number(code)
                .map(|secs| Duration::from_secs(secs.into()))
        };
        let time = secs(code::LEASE_TIME)
            .unwrap_or(SHORTEST_LEASE)
            .max(SHORTEST_LEASE);
        // The times that the server sends count where they are in order (RFC 2131, 4.4.5).
        let rebind = secs(code::REBINDING_TIME)
            .filter(|t2| *t2 < time)
            .unwrap_or(time / 8 * 7);
        let renew = secs(code::RENEWAL_TIME)
            .filter(|t1| *t1 < rebind)
            .unwrap_or(time / 2);
        let held = Held {
            lease,
            server,
            renew_at: now + renew.min(rebind),
            rebind_at: now + rebind,
            ends_at: now + time,
        };
        self.state = State::Bound(held);
        self.deadline = held.renew_at;
        vec![Output::Bound(lease)]
    }

    fn start_over(&mut self, now: Instant) -> Vec<Output> {
        self.next_exchange(now);
        self.state = State::Selecting { tries: 0 };
        // A server that refuses at once must not be asked in a tight loop.
        self.deadline = now + FIRST_WAIT;
        Vec::new()
    }

    fn next_exchange(&mut self, now: Instant) {
        self.xid = self.xid.wrapping_add(1);
        self.since = now;
    }

    fn discover(&self, now: Instant) -> Output {
        let mut message = self.message(MessageType::Discover, now);
        message.set_broadcast();
        broadcast(message)
    }

    fn request(&self, address: Ipv4Addr, server: Ipv4Addr, now: Instant) -> Output {
        let mut message = self.message(MessageType::Request, now);
        message.set_broadcast();
        message
            .options
            .set(code::REQUESTED_ADDRESS, address.octets());
        message.options.set(code::SERVER_ID, server.octets());
        broadcast(message)
    }

    /// To our server while renewing, to any while rebinding.
    fn renew(&self, held: Held, now: Instant) -> Output {
        let mut message = self.message(MessageType::Request, now);
        message.ciaddr = held.lease.address.addr();
        Output::Send {
            source: message.ciaddr,
            server: (now < held.rebind_at).then_some(held.server),
            message,
        }
    }

    fn message(&self, kind: MessageType, now: Instant) -> Message {
        let mut options = Options::new();
        options.set(code::MESSAGE_TYPE, [kind.octet()]);
        options.set(code::HOST_NAME, self.hostname.as_bytes());
        let wanted = [
            code::SUBNET_MASK,
            code::ROUTER,
            code::LEASE_TIME,
            code::RENEWAL_TIME,
            code::REBINDING_TIME,
        ];
        options.set(code::PARAMETER_REQUEST_LIST, wanted);
        let secs = now.duration_since(self.since).as_secs();
        Message {
            is_reply: false,
            htype: 1,
            hops: 0,
            xid: self.xid,
            secs: u16::try_from(secs).unwrap_or(u16::MAX),
            flags: 0,
            ciaddr: Ipv4Addr::UNSPECIFIED,
            yiaddr: Ipv4Addr::UNSPECIFIED,
            siaddr: Ipv4Addr::UNSPECIFIED,
            giaddr: Ipv4Addr::UNSPECIFIED,
            mac: self.mac,
            options,
        }
    }
}

const fn broadcast(message: Message) -> Output {
    Output::Send {
        message,
        source: Ipv4Addr::UNSPECIFIED,
        server: None,
    }
}

fn wait(tries: u32) -> Duration {
    FIRST_WAIT
        .saturating_mul(1 << tries.min(5))
        .min(LONGEST_WAIT)
}

fn is_host(address: Ipv4Addr) -> bool {
    !address.is_unspecified()
        && !address.is_broadcast()
        && !address.is_multicast()
        && !address.is_loopback()
}

fn lease(message: &Message) -> Option<Lease> {
    let mask = message.options.address(code::SUBNET_MASK)?;
    let address = Ipv4Net::with_netmask(message.yiaddr, mask).ok()?;
    let gateway = message
        .options
        .address(code::ROUTER)
        .filter(|gateway| is_host(*gateway));
    is_host(message.yiaddr).then_some(Lease { address, gateway })
}
