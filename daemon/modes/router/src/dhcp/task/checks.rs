//! Questions of the guard and probes of addresses, and what comes back.

use std::{error::Error, net::Ipv4Addr, time::Instant};

use ::dhcp::{
    Destination, Instruction, Message, Other, RouterAdvertisement, code, inform, probe_discover,
    router_solicitation,
};
use model::Mac;
use neighbor::{ArpPacket, Frame, Operation};
use tracing::debug;

use super::Task;
use crate::dhcp::prober::Due;

const SERVER_PORT: u16 = 67;
const CLIENT_PORT: u16 = 68;

impl Task {
    /// Sends the guard's questions. One that is lost is asked again.
    pub(super) fn ask(&self, instructions: &[Instruction]) {
        let Some(wire) = &self.wire else { return };
        let (mac, server) = (wire.mac(), self.server.scope().server);
        let everybody = Destination {
            mac: Mac::BROADCAST,
            address: Ipv4Addr::BROADCAST,
            port: SERVER_PORT,
        };
        for instruction in instructions {
            let sent = match instruction {
                Instruction::ProbeOwnAddress => wire.send(&arp_probe(mac, server)),
                Instruction::Discover => {
                    let payload = probe_discover(mac, self.xid);
                    wire.send_datagram((Ipv4Addr::UNSPECIFIED, CLIENT_PORT), everybody, &payload)
                }
                Instruction::Inform => {
                    let payload = inform(mac, server, self.xid.wrapping_add(1));
                    wire.send_datagram((server, CLIENT_PORT), everybody, &payload)
                }
                Instruction::SolicitRouters => wire.send(&router_solicitation(mac)),
            };
            if let Err(error) = sent {
                debug!(
                    error = &error as &dyn Error,
                    ?instruction,
                    "question was not sent"
                );
            }
        }
    }

    /// A DHCP message to a client: whoever sent it is a server.
    pub(super) fn notice_server(&mut self, mac: Mac, source: Ipv4Addr, payload: &[u8]) {
        let Ok(message) = Message::parse(payload) else {
            return;
        };
        let server = message.options.address(code::SERVER_ID).unwrap_or(source);
        let ours = self.wire.as_ref().is_some_and(|wire| wire.mac() == mac)
            || server == self.server.scope().server;
        if message.is_reply && !ours {
            self.guard.saw(Other::DhcpServer(server), Instant::now());
        }
    }

    pub(super) fn notice_router(&mut self, advertisement: RouterAdvertisement) {
        let ours = |wire: &super::Wire| wire.mac() == advertisement.source_mac;
        if !self.wire.as_ref().is_some_and(ours) {
            let other = Other::Router(advertisement.source);
            self.guard.saw(other, Instant::now());
        }
    }

    /// An ARP packet claims an address: our own, or one that is looked for.
    pub(super) async fn notice_arp(&mut self, arp: ArpPacket) -> anyhow::Result<()> {
        let Some(wire) = &self.wire else {
            return Ok(());
        };
        if arp.sender_mac == wire.mac() {
            return Ok(());
        }
        if arp.sender_address == self.server.scope().server {
            let other = Other::AddressInUse(arp.sender_mac);
            self.guard.saw(other, Instant::now());
        }
        match self.prober.claimed(arp.sender_address, arp.sender_mac) {
            Some(Due::Over(address, found)) => self.probe_over(address, found).await,
            Some(Due::Ask(_)) | None => Ok(()),
        }
    }

    /// Sends the probes that are due, and ends those that nobody answered.
    pub(super) async fn go_on_probing(&mut self, now: Instant) -> anyhow::Result<()> {
        for due in self.prober.due(now) {
            match due {
                Due::Ask(address) => {
                    if let Some(wire) = &self.wire
                        && let Err(error) = wire.send(&arp_probe(wire.mac(), address))
                    {
                        debug!(%address, error = &error as &dyn Error, "probe was not sent");
                    }
                }
                Due::Over(address, found) => self.probe_over(address, found).await?,
            }
        }
        Ok(())
    }
}

/// Asks for an address without claiming one (RFC 5227, 2.1.1).
fn arp_probe(mac: Mac, address: Ipv4Addr) -> [u8; neighbor::FRAME_LENGTH] {
    let arp = ArpPacket {
        operation: Operation::Request,
        sender_mac: mac,
        sender_address: Ipv4Addr::UNSPECIFIED,
        target_mac: Mac::ZERO,
        target_address: address,
    };
    let frame = Frame {
        destination: Mac::BROADCAST,
        source: mac,
        arp,
    };
    frame.octets()
}
