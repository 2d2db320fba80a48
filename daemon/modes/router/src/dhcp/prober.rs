//! ARP probes before an address is offered (RFC 2131, 2.2; RFC 5227, 2.1.1).

use std::{
    collections::BTreeMap,
    net::Ipv4Addr,
    time::{Duration, Instant},
};

use ::dhcp::Probed;
use model::Mac;

#[cfg(test)]
mod tests;

/// Probes of one address: three, as one frame may get lost.
const TRIES: u32 = 3;
/// Time between them, and from the last to the verdict. RFC 5227 takes seconds because its probes are random; a server
/// asks once, and a host on the LAN answers within milliseconds.
const INTERVAL: Duration = Duration::from_millis(150);

/// Addresses that are being looked for.
#[derive(Debug, Default)]
pub(super) struct Prober {
    running: BTreeMap<Ipv4Addr, Probe>,
}

#[derive(Debug)]
struct Probe {
    next: Instant,
    sent: u32,
}

/// What is due.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Due {
    /// Send an ARP probe for this address.
    Ask(Ipv4Addr),
    /// Nobody answered.
    Over(Ipv4Addr, Probed),
}

impl Prober {
    /// Begins to look for an address.
    pub(super) fn start(&mut self, address: Ipv4Addr, now: Instant) {
        let probe = Probe { next: now, sent: 0 };
        self.running.entry(address).or_insert(probe);
    }

    /// When [`Prober::due`] has something.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.running.values().map(|probe| probe.next).min()
    }

    /// What is to be done now.
    pub(super) fn due(&mut self, now: Instant) -> Vec<Due> {
        let mut due = Vec::new();
        self.running.retain(|address, probe| {
            if probe.next > now {
                return true;
            }
            if probe.sent == TRIES {
                due.push(Due::Over(*address, Probed::Free));
                return false;
            }
            due.push(Due::Ask(*address));
            probe.sent += 1;
            probe.next = now + INTERVAL;
            true
        });
        due
    }

    /// Somebody claims an address: the verdict, if it is looked for.
    pub(super) fn claimed(&mut self, address: Ipv4Addr, by: Mac) -> Option<Due> {
        self.running.remove(&address)?;
        Some(Due::Over(address, Probed::Taken(by)))
    }
}
