//! A bound on how many messages one client is heard with.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, SystemTime},
};

use model::Mac;

/// Messages a client may send at once: boot loaders, installers and restarting clients come in bursts.
const BURST: u32 = 20;
/// After a burst, one message per this time.
const REFILL: Duration = Duration::from_millis(500);
/// Clients told apart. Beyond that, unknown ones share one allowance, so that invented MAC addresses cost no memory.
const CLIENTS: usize = 4096;
/// What the clients beyond [`CLIENTS`] may send together: one allowance per this many clients of a full LAN.
const CROWD: u32 = 1000;

/// Counts messages per MAC address: a bucket that drains with time.
#[derive(Clone, Debug, Default)]
pub(crate) struct Flood {
    /// The time at which each client's bucket will be empty again.
    empty_at: BTreeMap<Mac, SystemTime>,
    by_time: BTreeSet<(SystemTime, Mac)>,
    crowd_empty_at: Option<SystemTime>,
}

impl Flood {
    /// Whether this message of `mac` is within its bound.
    pub(crate) fn admits(&mut self, mac: Mac, now: SystemTime) -> bool {
        self.forget_quiet(now);
        let known = self.empty_at.get(&mac).copied();
        if known.is_none() && self.empty_at.len() >= CLIENTS {
            let (admitted, empty_at) =
                pour(self.crowd_empty_at, now, REFILL / CROWD, BURST * CROWD);
            self.crowd_empty_at = Some(empty_at);
            return admitted;
        }
        let (admitted, empty_at) = pour(known, now, REFILL, BURST);
        if let Some(before) = known {
            self.by_time.remove(&(before, mac));
        }
        self.by_time.insert((empty_at, mac));
        self.empty_at.insert(mac, empty_at);
        admitted
    }

    fn forget_quiet(&mut self, now: SystemTime) {
        while let Some((at, mac)) = self.by_time.first().copied()
            && at <= now
        {
            self.by_time.pop_first();
            self.empty_at.remove(&mac);
        }
    }
}

/// Adds one message to a bucket of `burst` that loses one per `refill`.
fn pour(
    empty_at: Option<SystemTime>,
    now: SystemTime,
    refill: Duration,
    burst: u32,
) -> (bool, SystemTime) {
    // A clock that was set back must not silence a client for longer than a full bucket takes to drain.
    let full = now + refill * burst;
    let from = empty_at.unwrap_or(now).clamp(now, full);
    match from + refill {
        next if next <= full => (true, next),
        _ => (false, from),
    }
}
