//! One interface that announces: its socket, who is answered there, and when to announce.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
    task::{Context, Poll},
    time::{Duration, Instant, SystemTime},
};

use kernel::{
    PacketSocket,
    packet::{Addressee, ETHER_TYPE_ARP, OpenError, Received},
};
use model::{Mac, Vip};
use neighbor::{
    Conflict, FRAME_LENGTH, GratuitousSchedule, Ignored, Outcome, Responder, gratuitous,
};

use crate::{Counters, VipCounters};

/// A request that waited longer is dropped: whoever asked repeats it after a second, and meanwhile the VIP may have
/// moved while this thread was not scheduled.
const STALE_AFTER: Duration = Duration::from_millis(500);

/// Frames taken from one socket before others, timers and orders get their turn.
const DRAIN: usize = 64;

/// An ARP frame with room for Ethernet's padding; what is longer is no ARP.
const BUFFER: usize = 128;

pub(crate) struct Port {
    socket: PacketSocket,
    responder: Responder,
    schedule: GratuitousSchedule,
    vips: BTreeMap<Ipv4Addr, Arc<VipCounters>>,
    buffer: [u8; BUFFER],
}

/// What a turn at the sockets brought besides answers.
#[derive(Debug, Default)]
pub(crate) struct Turn {
    /// Claims by others, in the order seen; at most [`DRAIN`] per interface.
    pub(crate) conflicts: Vec<Conflict>,
    /// Indices of the interfaces whose sockets failed.
    pub(crate) broken: Vec<u32>,
}

impl Port {
    /// Opens the socket; `own_macs` are those of all interfaces of the node.
    pub(crate) fn open(index: u32, mac: Mac, own_macs: BTreeSet<Mac>) -> Result<Self, OpenError> {
        let [.., a, b, c] = mac.octets();
        Ok(Self {
            socket: PacketSocket::open(index, ETHER_TYPE_ARP)?,
            responder: Responder::new(mac, own_macs),
            // The hardware address tells nodes apart, which is all that the seed is for.
            schedule: GratuitousSchedule::new(u64::from(u32::from_be_bytes([0, a, b, c]))),
            vips: BTreeMap::new(),
            buffer: [0; BUFFER],
        })
    }

    /// Takes the hardware addresses as they are now; another one of its own is announced anew.
    pub(crate) fn take_macs(&mut self, mac: Mac, own_macs: BTreeSet<Mac>, now: Instant) {
        if mac != self.responder.mac() {
            self.schedule.restart(now);
        }
        self.responder = Responder::new(mac, own_macs);
        self.responder
            .own(self.vips.keys().map(|vip| Vip::new(IpAddr::V4(*vip))));
    }

    /// Answers for these VIPs from now on, and announces those that are new.
    pub(crate) fn own(&mut self, vips: &BTreeSet<Vip>, counters: &Counters, now: Instant) {
        let v4 = |vip: &Vip| match vip.address() {
            IpAddr::V4(v4) => Some((v4, counters.of(*vip))),
            IpAddr::V6(_) => None,
        };
        self.vips = vips.iter().filter_map(v4).collect();
        self.responder.own(vips.iter().copied());
        self.schedule.own(&self.vips.keys().copied().collect(), now);
    }

    /// When an announcement is due.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.schedule.deadline()
    }

    /// Makes the announcements that are due.
    pub(crate) fn announce(&mut self, counters: &Counters, now: Instant) {
        let mac = self.responder.mac();
        for vip in self.schedule.poll(now) {
            for frame in gratuitous(vip, mac) {
                if self.socket.try_send(&frame).is_err() {
                    counters.send_failed.add_one();
                } else if let Some(vip) = self.vips.get(&vip) {
                    vip.gratuitous.add_one();
                }
            }
        }
    }

    /// Takes and answers what is queued, and has the task woken by the next frame; true if there was any.
    pub(crate) fn poll(
        &mut self,
        context: &mut Context<'_>,
        counters: &Counters,
        turn: &mut Turn,
    ) -> bool {
        for taken in 0..DRAIN {
            match self.socket.poll_recv(context, &mut self.buffer) {
                Poll::Pending => return taken > 0,
                Poll::Ready(Err(_error)) => {
                    turn.broken.push(self.socket.index());
                    return true;
                }
                Poll::Ready(Ok(received)) => {
                    turn.conflicts.extend(self.handle(&received, counters))
                }
            }
        }
        true
    }

    fn handle(&self, received: &Received, counters: &Counters) -> Option<Conflict> {
        // Frames of a VLAN that has no interface here come as those of others: to answer would leak between VLANs.
        if received.addressee == Addressee::Other {
            counters.not_for_us.add_one();
            return None;
        }
        let frame = self.buffer.get(..received.length).unwrap_or_default();
        match self.responder.handle(frame) {
            Outcome::Reply(vip, reply) => self.reply(vip, &reply, received, counters),
            Outcome::Conflict(conflict) => {
                if let Some(vip) = self.counters_of(conflict.vip) {
                    vip.conflicts.add_one();
                }
                return Some(conflict);
            }
            Outcome::Ignored(Ignored::Malformed) => counters.malformed.add_one(),
            Outcome::Ignored(Ignored::InvalidSender) => counters.invalid_sender.add_one(),
            Outcome::Ignored(
                Ignored::Reply | Ignored::NotOwned | Ignored::OtherDestination | Ignored::OwnFrame,
            ) => counters.not_for_us.add_one(),
        }
        None
    }

    fn reply(
        &self,
        vip: Ipv4Addr,
        reply: &[u8; FRAME_LENGTH],
        received: &Received,
        counters: &Counters,
    ) {
        let vip = self.vips.get(&vip);
        if let Some(vip) = vip {
            vip.requests.add_one();
        }
        if received.waited(SystemTime::now()) > STALE_AFTER {
            counters.stale.add_one();
        } else if self.socket.try_send(reply).is_err() {
            counters.send_failed.add_one();
        } else if let Some(vip) = vip {
            vip.replies.add_one();
        }
    }

    fn counters_of(&self, vip: Vip) -> Option<&VipCounters> {
        match vip.address() {
            IpAddr::V4(v4) => self.vips.get(&v4).map(|counters| &**counters),
            IpAddr::V6(_) => None,
        }
    }
}

#[cfg(test)]
mod tests;
