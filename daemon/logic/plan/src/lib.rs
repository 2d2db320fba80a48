//! The whole plan: what `lanlord plan` prints and what a node follows.
//!
//! ```text
//! Snapshot --> ipam::plan or ipam::follow --> announce::plan --> owners
//!                         |
//!                         +---------------->  naming::plan   --> names
//! ```
//!
//! Nothing is decided here but the order in which the three are asked.

#![forbid(unsafe_code)]

mod json;
mod print;

#[cfg(test)]
mod proptests;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

pub use announce::Options;

use announce::{Announcement, AnnouncementPlan};
use ipam::{AllocationPlan, Holdings};
use model::{NodeName, Refusal, ServiceKey, Snapshot, Vip};
use naming::NamingPlan;

/// Where addresses come from.
#[derive(Clone, Copy, Debug)]
pub enum AddressSource<'a> {
    /// From the status of the Services: another node holds the lease and decides.
    Status,
    /// Decided here: by the lease holder, from a directory of manifests, or in a dry run. The holdings say what was
    /// given before where the status in the snapshot does not.
    Allocate(&'a Holdings),
}

/// Who gets which address, which node owns it, which name points at it, and what was refused.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Addresses.
    pub allocation: AllocationPlan,
    /// Owners.
    pub announcement: AnnouncementPlan,
    /// Names.
    pub naming: NamingPlan,
    /// Objects that were unusable before any planning.
    pub unusable: Vec<Refusal>,
}

/// Plans a whole snapshot.
pub fn plan(snapshot: &Snapshot, source: AddressSource<'_>, options: &Options) -> Plan {
    let allocation = match source {
        AddressSource::Status => ipam::follow(snapshot),
        AddressSource::Allocate(holdings) => ipam::plan(snapshot, holdings),
    };
    let announcement = announce::plan(snapshot, &allocation.allocations, *options);
    let naming = naming::plan(snapshot, &allocation.allocations);
    Plan {
        allocation,
        announcement,
        naming,
        unusable: snapshot.refused.clone(),
    }
}

impl Plan {
    /// Everything that was refused, pools first, then Services, announcements and names.
    pub fn refusals(&self) -> Vec<Refusal> {
        let pools = self.allocation.refused_pools.iter();
        let names = self.naming.refused.iter();
        let mut refusals = self.unusable.clone();
        refusals.extend(
            pools.map(|(pool, reason)| Refusal::new(format!("IPAddressPool {pool}"), reason)),
        );
        refusals.extend(of_services(&self.allocation.refused));
        refusals.extend(of_services(&self.announcement.refused));
        refusals.extend(names.map(|(source, reason)| Refusal::new(source.to_string(), reason)));
        refusals
    }

    /// What people should know about things that were not refused, in the same form and order.
    pub fn warnings(&self) -> Vec<Refusal> {
        let names = self.naming.warnings.iter();
        of_services(&self.allocation.warnings)
            .chain(names.map(|(source, reason)| Refusal::new(source.to_string(), reason)))
            .collect()
    }

    /// The VIPs that `node` owns.
    pub fn owned_by(&self, node: &NodeName) -> BTreeMap<Vip, &Announcement> {
        self.announcement
            .announcements
            .iter()
            .filter(|(_, announcement)| announcement.owner == *node)
            .map(|(vip, announcement)| (*vip, announcement))
            .collect()
    }

    /// What Services hold after this plan, as the next one wants to know it.
    pub fn holdings(&self) -> Holdings {
        let allocations = self.allocation.allocations.iter();
        allocations
            .map(|(service, allocation)| (service.clone(), allocation.vips.clone()))
            .collect()
    }
}

fn of_services<R: model::Reason>(rows: &[(ServiceKey, R)]) -> impl Iterator<Item = Refusal> {
    rows.iter()
        .map(|(service, reason)| Refusal::new(format!("Service {service}"), reason))
}
