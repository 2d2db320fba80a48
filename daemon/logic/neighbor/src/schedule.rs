//! When a VIP is announced without being asked, and how.
//!
//! Caches and switches learn a new owner from gratuitous ARP. Linux ignores most forms of it within a second of an
//! entry's last change; these two it always takes (measured, see the reference on failover): a request whose sender and
//! target address are the VIP, and a reply whose target hardware address is the sender's. Each announcement is both.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::Ipv4Addr,
    time::{Duration, Instant},
};

use model::Mac;

use crate::packet::{ArpPacket, FRAME_LENGTH, Frame, Operation};

/// Offsets from the start of ownership. The first is for everybody, the early ones cover lost frames, the later ones
/// caches that were locked for a second and switches that were busy relearning.
pub const BURST: [Duration; 6] = [
    Duration::from_millis(0),
    Duration::from_millis(50),
    Duration::from_millis(150),
    Duration::from_millis(350),
    Duration::from_millis(1100),
    Duration::from_millis(2500),
];

/// Refresh afterwards, below the usual ageing time of switches (300 s) and drawn anew each round, so that nodes and
/// VIPs do not fall into step.
const REFRESH_AT_LEAST: Duration = Duration::from_secs(60);
const REFRESH_SPREAD_MILLIS: u64 = 40_000;

/// Announcements in one go; switches limit the rate of ARP (two frames each).
const BATCH: usize = 32;
/// Pause after a full batch.
const PACE: Duration = Duration::from_millis(2);

/// The two frames of one announcement, in the order to send them.
pub fn gratuitous(vip: Ipv4Addr, mac: Mac) -> [[u8; FRAME_LENGTH]; 2] {
    let frame = |operation, target_mac| {
        let frame = Frame {
            destination: Mac::BROADCAST,
            source: mac,
            arp: ArpPacket {
                operation,
                sender_mac: mac,
                sender_address: vip,
                target_mac,
                target_address: vip,
            },
        };
        frame.octets()
    };
    [
        frame(Operation::Request, Mac::ZERO),
        frame(Operation::Reply, mac),
    ]
}

/// Due times of the announcements on one interface.
#[derive(Clone, Debug)]
pub struct GratuitousSchedule {
    seed: u64,
    announced: BTreeMap<Ipv4Addr, Progress>,
    due: BTreeSet<(Instant, Ipv4Addr)>,
    not_before: Option<Instant>,
}

#[derive(Clone, Copy, Debug)]
struct Progress {
    started: Instant,
    /// Announcements made since the start.
    made: usize,
    next: Instant,
}

impl GratuitousSchedule {
    /// An empty schedule; the seed spreads the refreshes.
    pub fn new(seed: u64) -> Self {
        Self {
            seed,
            announced: BTreeMap::new(),
            due: BTreeSet::new(),
            not_before: None,
        }
    }

    /// Begins with newly owned VIPs and forgets those no longer owned; the others go on undisturbed.
    pub fn own(&mut self, vips: &BTreeSet<Ipv4Addr>, now: Instant) {
        let gone: Vec<Ipv4Addr> = self
            .announced
            .keys()
            .filter(|vip| !vips.contains(vip))
            .copied()
            .collect();
        for vip in gone {
            if let Some(progress) = self.announced.remove(&vip) {
                self.due.remove(&(progress.next, vip));
            }
        }
        for vip in vips {
            if !self.announced.contains_key(vip) {
                self.start(*vip, now);
            }
        }
    }

    /// Begins anew with every VIP: the link came up, or the interface has another hardware address.
    pub fn restart(&mut self, now: Instant) {
        let vips: Vec<Ipv4Addr> = self.announced.keys().copied().collect();
        self.due.clear();
        for vip in vips {
            self.start(vip, now);
        }
    }

    /// VIPs to announce now, at most a batch; call again when [`Self::deadline`] says so.
    pub fn poll(&mut self, now: Instant) -> impl Iterator<Item = Ipv4Addr> + use<> {
        let mut batch = Vec::new();
        if self.not_before.is_none_or(|not_before| not_before <= now) {
            while batch.len() < BATCH
                && let Some((_, vip)) = self.due.first().copied().filter(|(due, _)| *due <= now)
            {
                self.due.pop_first();
                self.advance(vip, now);
                batch.push(vip);
            }
            self.not_before = (batch.len() == BATCH).then(|| now + PACE);
        }
        batch.into_iter()
    }

    /// When to poll next; none while nothing is owned.
    pub fn deadline(&self) -> Option<Instant> {
        let (first, _) = self.due.first()?;
        Some(
            self.not_before
                .map_or(*first, |not_before| not_before.max(*first)),
        )
    }

    fn start(&mut self, vip: Ipv4Addr, now: Instant) {
        let progress = Progress {
            started: now,
            made: 0,
            next: now,
        };
        self.announced.insert(vip, progress);
        self.due.insert((now, vip));
    }

    fn advance(&mut self, vip: Ipv4Addr, now: Instant) {
        let seed = self.seed;
        if let Some(progress) = self.announced.get_mut(&vip) {
            progress.made += 1;
            // A step that a pause has overtaken is made late once, not caught up with.
            let step = BURST.iter().skip(progress.made).find_map(|offset| {
                let at = progress.started + *offset;
                (at > now).then_some(at)
            });
            progress.next = step.unwrap_or_else(|| now + refresh(seed, vip, progress.made));
            self.due.insert((progress.next, vip));
        }
    }
}

fn refresh(seed: u64, vip: Ipv4Addr, round: usize) -> Duration {
    let round = u64::try_from(round).unwrap_or_default();
    let drawn = mix(seed ^ mix(u64::from(vip.to_bits()) ^ (round << 32)));
    REFRESH_AT_LEAST + Duration::from_millis(drawn % (REFRESH_SPREAD_MILLIS + 1))
}

/// SplitMix64's finalizer: spreads neighbouring inputs over the whole range.
const fn mix(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

#[cfg(test)]
mod tests;
