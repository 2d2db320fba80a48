//! What a Service holds before a round.

use std::net::IpAddr;

use model::Service;

use super::Holdings;

/// What a Service holds: by its status, and by what was given since.
pub(super) struct Held {
    pub(super) status: Vec<IpAddr>,
    pub(super) saved: Vec<IpAddr>,
}

impl Held {
    pub(super) fn of(service: &Service, holdings: &Holdings) -> Self {
        let saved = holdings.get(&service.key).into_iter().flatten();
        Self {
            status: sorted(service.status_ips.iter().copied()),
            saved: sorted(saved.map(|vip| vip.address())),
        }
    }

    /// What the status vouches for, best first: all that was given, if it is the status and more, then the status.
    pub(super) fn vouched(&self) -> Vec<&[IpAddr]> {
        let extended = self
            .status
            .iter()
            .all(|address| self.saved.contains(address));
        match (self.status.is_empty(), extended) {
            (true, _) => Vec::new(),
            (false, true) => vec![&self.saved, &self.status],
            (false, false) => vec![&self.status],
        }
    }

    /// The only address, where status and record agree on one.
    pub(super) fn single(&self) -> Option<IpAddr> {
        let first = self.vouched().first().copied().unwrap_or(&self.saved);
        match first {
            &[address] => Some(address),
            _ => None,
        }
    }
}

fn sorted(addresses: impl Iterator<Item = IpAddr>) -> Vec<IpAddr> {
    let mut addresses: Vec<IpAddr> = addresses.collect();
    addresses.sort();
    addresses.dedup();
    addresses
}
