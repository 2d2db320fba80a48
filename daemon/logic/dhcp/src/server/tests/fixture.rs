//! A LAN with one reservation, clients by number, and the messages they send.

use std::{collections::BTreeMap, time::Duration};

use crate::server::*;
use crate::{Options, Reservation, Route, code};

pub(in crate::server) const SERVER: Ipv4Addr = Ipv4Addr::new(192, 168, 1, 200);
/// The MAC with a reservation: 192.168.1.201, talos-1.
pub(in crate::server) const TALOS: Mac = Mac::new([0xbc, 0x24, 0x11, 0, 0, 1]);
pub(in crate::server) const NOBODY: Ipv4Addr = Ipv4Addr::UNSPECIFIED;

pub(in crate::server) fn scope() -> Scope {
    let kept = Reservation {
        address: lan_address(201),
        name: Some("talos-1".into()),
    };
    Scope {
        server: SERVER,
        prefix: "192.168.1.0/24".parse().unwrap(),
        range: Some("192.168.1.20-192.168.1.99".parse().unwrap()),
        router: Some(SERVER),
        resolvers: vec![SERVER],
        domain: Some("home.arpa".into()),
        mtu: Some(1400),
        routes: vec![Route {
            prefix: "10.10.10.0/24".parse().unwrap(),
            via: SERVER,
        }],
        lease_time: Duration::from_secs(43_200),
        reservations: BTreeMap::from([(TALOS, kept)]),
        denied_names: ["router".to_string()].into(),
        authoritative: false,
    }
}

pub(in crate::server) const fn lan_address(last: u8) -> Ipv4Addr {
    Ipv4Addr::new(192, 168, 1, last)
}

pub(in crate::server) const fn mac(number: u8) -> Mac {
    Mac::new([0x52, 0x54, 0, 0, 0, number])
}

/// A server and the time on its LAN.
pub(in crate::server) struct Lan {
    pub(in crate::server) server: Server,
    pub(in crate::server) now: SystemTime,
}

impl Lan {
    pub(in crate::server) fn new() -> Self {
        Self {
            server: Server::new(scope(), []),
            now: SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000),
        }
    }

    pub(in crate::server) fn with_range(range: &str) -> Self {
        let mut lan = Self::new();
        let range = Some(range.parse().unwrap());
        lan.server.reconfigure(Scope { range, ..scope() });
        lan
    }

    pub(in crate::server) fn advance(&mut self, by: Duration) {
        self.now += by;
    }

    pub(in crate::server) fn hear(&mut self, packet: &Packet) -> Vec<Output> {
        self.server
            .handle(&packet.message.encode(), packet.arrival, self.now)
    }

    /// Sends a DISCOVER, answers probes with "free", and returns the offer.
    pub(in crate::server) fn offered(&mut self, discover: &Packet) -> Reply {
        let outputs = self.hear(discover);
        match outputs.as_slice() {
            [Output::Probe(address)] => {
                only_reply(self.server.probed(*address, Probed::Free, self.now))
            }
            _ => only_reply(outputs),
        }
    }

    /// DISCOVER to ACK; the address must be this one.
    pub(in crate::server) fn lease(
        &mut self,
        discover: &Packet,
        expected: Ipv4Addr,
    ) -> Vec<Output> {
        assert_eq!(self.offered(discover).address, expected);
        let mut select = discover.clone();
        let options = &mut select.message.options;
        options.set(code::MESSAGE_TYPE, [MessageType::Request.octet()]);
        options.set(code::SERVER_ID, SERVER.octets());
        options.set(code::REQUESTED_ADDRESS, expected.octets());
        let outputs = self.hear(&select);
        assert_eq!(only_reply_of(&outputs).kind, MessageType::Ack);
        outputs
    }

    pub(in crate::server) fn binding(&self, address: Ipv4Addr) -> Binding {
        self.server
            .bindings()
            .find(|binding| binding.address == address)
            .expect("a binding")
            .clone()
    }
}

#[derive(Clone)]
pub(in crate::server) struct Packet {
    pub(in crate::server) message: Message,
    pub(in crate::server) arrival: Arrival,
}

pub(in crate::server) fn packet(mac: Mac, kind: MessageType) -> Packet {
    let mut options = Options::new();
    options.set(code::MESSAGE_TYPE, [kind.octet()]);
    Packet {
        message: Message {
            is_reply: false,
            htype: 1,
            hops: 0,
            xid: 0xfeed,
            secs: 0,
            flags: 0,
            ciaddr: NOBODY,
            yiaddr: NOBODY,
            siaddr: NOBODY,
            giaddr: NOBODY,
            mac,
            options,
        },
        arrival: Arrival {
            source_mac: mac,
            source: NOBODY,
            destination: Ipv4Addr::BROADCAST,
        },
    }
}

/// A client without reservation, by number.
pub(in crate::server) struct Sender {
    mac: Mac,
    name: Option<&'static str>,
}

pub(in crate::server) const fn client(number: u8) -> Sender {
    Sender {
        mac: mac(number),
        name: None,
    }
}

impl Sender {
    pub(in crate::server) fn named(self, name: &'static str) -> Self {
        Self {
            name: Some(name),
            ..self
        }
    }

    fn packet(&self, kind: MessageType) -> Packet {
        let mut packet = packet(self.mac, kind);
        if let Some(name) = self.name {
            packet.message.options.set(code::HOST_NAME, name);
        }
        packet
    }

    pub(in crate::server) fn discover(&self) -> Packet {
        self.packet(MessageType::Discover)
    }

    pub(in crate::server) fn select(&self, address: Ipv4Addr) -> Packet {
        let mut packet = self.init_reboot(address);
        let options = &mut packet.message.options;
        options.set(code::SERVER_ID, SERVER.octets());
        packet
    }

    pub(in crate::server) fn init_reboot(&self, address: Ipv4Addr) -> Packet {
        let mut packet = self.packet(MessageType::Request);
        let options = &mut packet.message.options;
        options.set(code::REQUESTED_ADDRESS, address.octets());
        packet
    }

    pub(in crate::server) fn renew(&self, address: Ipv4Addr) -> Packet {
        let mut packet = self.rebind(address);
        packet.arrival.destination = SERVER;
        packet
    }

    pub(in crate::server) fn rebind(&self, address: Ipv4Addr) -> Packet {
        let mut packet = self.packet(MessageType::Request);
        packet.message.ciaddr = address;
        packet.arrival.source = address;
        packet
    }

    pub(in crate::server) fn decline(&self, address: Ipv4Addr) -> Packet {
        let mut packet = self.select(address);
        let kind = MessageType::Decline.octet();
        packet.message.options.set(code::MESSAGE_TYPE, [kind]);
        packet
    }

    pub(in crate::server) fn release(&self, address: Ipv4Addr) -> Packet {
        let mut packet = self.renew(address);
        let kind = MessageType::Release.octet();
        packet.message.options.set(code::MESSAGE_TYPE, [kind]);
        packet.message.options.set(code::SERVER_ID, SERVER.octets());
        packet
    }
}

pub(in crate::server) fn reply_of(outputs: &[Output]) -> Option<Reply> {
    outputs.iter().find_map(|output| match output {
        Output::Send(reply) => Some(reply.clone()),
        Output::Store(_) | Output::Probe(_) | Output::Refused(_) => None,
    })
}

#[track_caller]
pub(in crate::server) fn only_reply_of(outputs: &[Output]) -> Reply {
    reply_of(outputs).unwrap_or_else(|| panic!("no reply in {outputs:?}"))
}

#[track_caller]
pub(in crate::server) fn only_reply(outputs: Vec<Output>) -> Reply {
    only_reply_of(&outputs)
}
