//! What a Service holds before a round.

use std::net::IpAddr;

use model::Service;

use super::Holdings;

/// What a Service holds: by its status, and by what was given since.
pub(super) struct Held {
    first: Vec<IpAddr>,
    second: Vec<IpAddr>,
}

impl Held {
    pub(super) fn of(service: &Service, holdings: &Holdings) -> Self {
        let mut status = service.status_ips.clone();
        status.sort();
        status.dedup();
        let mut saved: Vec<IpAddr> = holdings
            .get(&service.key)
            .into_iter()
            .flatten()
            .map(|vip| vip.address())
            .collect();
        saved.sort();
        saved.dedup();
        if contains_all(&saved, &status) {
            std::mem::swap(&mut saved, &mut status);
        }
        Self {
            first: status,
            second: saved,
        }
    }

    pub(super) fn first(&self) -> &[IpAddr] {
        &self.first
    }

    pub(super) fn second(&self) -> &[IpAddr] {
        &self.second
    }
}

fn contains_all(set: &[IpAddr], subset: &[IpAddr]) -> bool {
    subset.iter().all(|address| set.contains(address))
}
