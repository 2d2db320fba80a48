//! Addresses into the status of Services: the lease holder's part.
//!
//! Level-triggered: [`Writer::apply`] compares the plan with the Services as they were read, and writes the
//! differences. Each write carries the resourceVersion that was read, so one that is based on an old view fails and a
//! new plan follows; nothing is written where nothing changes.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
    sync::Arc,
};

use futures::{StreamExt, stream::FuturesUnordered};
use ipam::AllocationPlan;
use k8s_openapi::api::core::v1::{LoadBalancerIngress, Service};
use kube::{
    Api, Client, ResourceExt,
    api::{Patch, PatchParams},
};
use model::{ServiceKey, Vip};
use serde_json::{Value, json};
use thiserror::Error;
use tracing::{info, warn};

use super::{Counters, counters::count, events::Events, status};
use crate::{
    View,
    convert::{ALLOCATED_FROM_POOL, Record, ingress_ip},
};

/// Writes under way at a time: enough to give a thousand Services their addresses in seconds, few enough for the API
/// server's priority and fairness.
const PARALLEL: usize = 8;

/// Writes allocations and reports them as events.
pub struct Writer {
    client: Client,
    counters: Arc<Counters>,
    events: Events,
    /// A view has shown a valid pool. Before that, nothing is cleared: a cluster that is being set up (or whose CRDs
    /// are being restored) must not lose its addresses.
    pool_seen: bool,
    /// Versions that were written upon: until the watch brings the next one, the view is known to be old.
    outdated: BTreeMap<ServiceKey, String>,
}

/// What one turn did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Statuses written.
    pub changed: usize,
    /// Some write lost against another writer, or was refused: plan and try again.
    pub conflicts: bool,
}

/// The API cannot be reached.
#[derive(Debug, Error)]
#[error("write the status of Service {service}")]
pub struct WriteError {
    service: ServiceKey,
    source: Box<kube::Error>,
}

/// One Service whose status is not as planned.
struct Change<'a> {
    key: &'a ServiceKey,
    record: &'a Record,
    vips: Vec<Vip>,
    pool: Option<&'a str>,
    ingress: Vec<LoadBalancerIngress>,
}

enum Outcome {
    Written { version: Option<String> },
    Conflict,
    Refused,
    Gone,
}

impl Writer {
    /// A writer that reports its events as `node`.
    pub fn new(client: Client, node: &str, counters: Arc<Counters>) -> Self {
        Self {
            events: Events::new(client.clone(), node, Arc::clone(&counters)),
            client,
            counters,
            pool_seen: false,
            outdated: BTreeMap::new(),
        }
    }

    /// Writes what differs between the plan and the view that it was made from. Addresses are taken away before they
    /// are given to others, so that no two Services show one address that they may not share.
    pub async fn apply(
        &mut self,
        view: &View,
        plan: &AllocationPlan,
    ) -> Result<Written, WriteError> {
        self.pool_seen |= !view.snapshot.pools.is_empty();
        self.outdated.retain(|key, version| {
            let record = view.records.get(key);
            record.is_some_and(|record| record.resource_version.as_ref() == Some(version))
        });
        let (taking, giving): (Vec<_>, Vec<_>) = view
            .records
            .iter()
            .filter(|(key, _)| !self.outdated.contains_key(*key))
            .filter_map(|(key, record)| self.change(key, record, plan))
            .partition(|change| !change.taken().is_empty());
        let mut written = Written::default();
        let mut held = BTreeSet::new();
        for (change, outcome) in self.write(taking).await? {
            if matches!(outcome, Outcome::Conflict | Outcome::Refused) {
                held.extend(change.taken());
            }
            self.note(&change, &outcome, view, &mut written).await;
        }
        let giving = giving
            .into_iter()
            .filter(|change| change.vips.iter().all(|vip| !held.contains(&vip.address())))
            .collect();
        for (change, outcome) in self.write(giving).await? {
            self.note(&change, &outcome, view, &mut written).await;
        }
        self.events.report(view, plan).await;
        Ok(written)
    }

    /// What has to change about a Service, if anything.
    fn change<'a>(
        &self,
        key: &'a ServiceKey,
        record: &'a Record,
        plan: &'a AllocationPlan,
    ) -> Option<Change<'a>> {
        let allocation = plan.allocations.get(key);
        let vips = allocation.map_or_else(Vec::new, |allocation| allocation.vips.clone());
        let pool = allocation.map(|allocation| allocation.pool.as_str());
        let change = Change {
            ingress: status::merge(&record.ingress, &vips),
            key,
            record,
            vips,
            pool,
        };
        if change.ingress == record.ingress && pool == record.pool.as_deref() {
            return None;
        }
        let clears = change.vips.is_empty();
        (!clears || self.pool_seen).then_some(change)
    }

    /// Sends the changes; ends early when the API cannot be reached.
    async fn write<'a>(
        &self,
        changes: Vec<Change<'a>>,
    ) -> Result<Vec<(Change<'a>, Outcome)>, WriteError> {
        let mut outcomes = Vec::with_capacity(changes.len());
        let mut waiting = changes.into_iter();
        let mut under_way: FuturesUnordered<_> = waiting
            .by_ref()
            .take(PARALLEL)
            .map(|change| self.send(change))
            .collect();
        while let Some(outcome) = under_way.next().await {
            outcomes.push(outcome?);
            if let Some(change) = waiting.next() {
                under_way.push(self.send(change));
            }
        }
        Ok(outcomes)
    }

    async fn send<'a>(&self, change: Change<'a>) -> Result<(Change<'a>, Outcome), WriteError> {
        let api: Api<Service> = Api::namespaced(self.client.clone(), &change.key.namespace);
        let patch = Patch::Merge(change.patch());
        let params = PatchParams::default();
        let outcome = match api.patch_status(&change.key.name, &params, &patch).await {
            Ok(service) => Outcome::Written {
                version: service.resource_version(),
            },
            Err(kube::Error::Api(status)) if status.is_conflict() => Outcome::Conflict,
            Err(kube::Error::Api(status)) if status.is_not_found() => Outcome::Gone,
            Err(kube::Error::Api(status)) if (400..500).contains(&status.code) => {
                warn!(service = %change.key, error = %status.message, "status refused by the API");
                Outcome::Refused
            }
            Err(error) => {
                return Err(WriteError {
                    service: change.key.clone(),
                    source: Box::new(error),
                });
            }
        };
        Ok((change, outcome))
    }

    async fn note(
        &mut self,
        change: &Change<'_>,
        outcome: &Outcome,
        view: &View,
        written: &mut Written,
    ) {
        match outcome {
            Outcome::Written { version } => {
                count(&self.counters.status_writes);
                written.changed += 1;
                if let Some(read) = &change.record.resource_version
                    && version.as_ref() != Some(read)
                {
                    self.outdated.insert(change.key.clone(), read.clone());
                }
                let given = change.given();
                info!(service = %change.key, pool = change.pool, vips = ?change.vips, "status written");
                if !given.is_empty() {
                    self.events.allocated(view, change.key, &change.vips).await;
                }
            }
            Outcome::Conflict => {
                count(&self.counters.status_conflicts);
                written.conflicts = true;
            }
            Outcome::Refused => {
                count(&self.counters.status_failures);
                written.conflicts = true;
            }
            Outcome::Gone => {}
        }
    }
}

impl Change<'_> {
    /// The merge patch: the address list as a whole, our annotation, and the version that both are based on.
    fn patch(&self) -> Value {
        let mut patch = json!({ "metadata": {} });
        if let Some(version) = &self.record.resource_version {
            patch["metadata"]["resourceVersion"] = json!(version);
        }
        if self.pool != self.record.pool.as_deref() {
            patch["metadata"]["annotations"] = json!({ ALLOCATED_FROM_POOL: self.pool });
        }
        if self.ingress != self.record.ingress {
            let list = (!self.ingress.is_empty()).then_some(&self.ingress);
            patch["status"] = json!({ "loadBalancer": { "ingress": list } });
        }
        patch
    }

    /// Addresses that the Service loses.
    fn taken(&self) -> BTreeSet<IpAddr> {
        let planned = self.planned();
        self.shown().difference(&planned).copied().collect()
    }

    /// Addresses that the Service gains.
    fn given(&self) -> BTreeSet<IpAddr> {
        let shown = self.shown();
        self.planned().difference(&shown).copied().collect()
    }

    fn shown(&self) -> BTreeSet<IpAddr> {
        self.record.ingress.iter().filter_map(ingress_ip).collect()
    }

    fn planned(&self) -> BTreeSet<IpAddr> {
        self.vips.iter().map(|vip| vip.address()).collect()
    }
}

#[cfg(test)]
mod tests;
