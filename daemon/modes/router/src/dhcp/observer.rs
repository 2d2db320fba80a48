//! What others see of DHCP on one LAN.

use std::{collections::BTreeMap, sync::Arc, time::SystemTime};

use admin::types::{DhcpStatus, LeaseStatus};
use config::router::Lan;
use tokio::sync::watch;

use super::{Counters, LeaseTable, Standing};

/// It shows the present state each time it is read, and the last one after the task ended.
#[derive(Clone, Debug)]
pub(crate) struct Observer {
    /// All bindings that are on disk. Changes when a lease is given or over, or its name changes; not at renewals.
    pub(crate) leases: watch::Receiver<LeaseTable>,
    /// Whether clients are served, and who else is there.
    pub(crate) standing: watch::Receiver<Standing>,
    /// What was received, sent and refused.
    pub(crate) counters: Arc<Counters>,
}

impl Observer {
    /// The entry of this LAN in `lanlord status`.
    pub(crate) fn status(&self, interface: &str, lan: &Lan, now: SystemTime) -> DhcpStatus {
        DhcpStatus {
            interface: interface.to_string(),
            state: self.standing.borrow().to_string(),
            range: lan.dhcp.range.to_string(),
            leases: leases(&self.leases.borrow(), lan, now),
        }
    }
}

/// Leases by address, and reservations that are not leased now.
fn leases(table: &LeaseTable, lan: &Lan, now: SystemTime) -> Vec<LeaseStatus> {
    let reservation = |address| lan.reservations.iter().find(|kept| kept.address == address);
    let leased = table.bindings().filter(|binding| binding.is_leased(now));
    let mut all: BTreeMap<_, _> = leased
        .map(|binding| {
            let kept = reservation(binding.address).filter(|kept| kept.mac == binding.mac);
            let name = kept.and_then(|kept| kept.name.clone());
            let left = binding.free_from().duration_since(now).unwrap_or_default();
            let lease = LeaseStatus {
                address: binding.address.into(),
                mac: binding.mac.to_string(),
                hostname: name.or_else(|| binding.hostname.clone()),
                expires_in_secs: Some(left.as_secs()),
                reserved: kept.is_some(),
            };
            (binding.address, lease)
        })
        .collect();
    for kept in &lan.reservations {
        all.entry(kept.address).or_insert_with(|| LeaseStatus {
            address: kept.address.into(),
            mac: kept.mac.to_string(),
            hostname: kept.name.clone(),
            expires_in_secs: None,
            reserved: true,
        });
    }
    all.into_values().collect()
}
