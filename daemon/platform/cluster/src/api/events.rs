//! Events on Services, with MetalLB's reasons; one per change, never one per turn.

use std::{collections::BTreeMap, collections::BTreeSet, error::Error, sync::Arc};

use ipam::AllocationPlan;
use k8s_openapi::{
    api::{core::v1::ObjectReference, events::v1::Event},
    apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta},
    jiff::Timestamp,
};
use kube::{Api, Client, api::PostParams};
use model::{Reason, ServiceKey, Vip};
use tracing::warn;

use super::{Counters, counters::count};
use crate::View;

/// The API refuses notes of more than 1,024 octets.
const MAX_NOTE_OCTETS: usize = 1000;

const NORMAL: &str = "Normal";
pub(super) const WARNING: &str = "Warning";

/// Who reports, as `kubectl describe` shows it.
pub(super) const REPORTER: &str = "lanlord";

/// Reports on Services, and remembers what was reported.
///
/// kube's recorder is not used: it takes an event of the same reason for a repetition, so that a second address would be
/// reported with the text of the first.
pub(super) struct Events {
    client: Client,
    node: String,
    counters: Arc<Counters>,
    /// Codes and texts that hold for a Service now and have been reported.
    reported: BTreeMap<ServiceKey, BTreeSet<(&'static str, String)>>,
}

impl Events {
    pub(super) fn new(client: Client, node: &str, counters: Arc<Counters>) -> Self {
        Self {
            client,
            node: node.to_string(),
            counters,
            reported: BTreeMap::new(),
        }
    }

    /// A Service was given addresses.
    pub(super) async fn allocated(&mut self, view: &View, service: &ServiceKey, vips: &[Vip]) {
        let vips: Vec<String> = vips
            .iter()
            .map(|vip| format!("{:?}", vip.to_string()))
            .collect();
        let note = format!("Assigned IP [{}]", vips.join(" "));
        self.send(view, service, NORMAL, "IPAllocated", note).await;
    }

    /// Reports each refusal and warning of the plan that was not there the last time.
    pub(super) async fn report(&mut self, view: &View, plan: &AllocationPlan) {
        let mut holding: BTreeMap<ServiceKey, BTreeSet<(&'static str, String)>> = BTreeMap::new();
        for (service, reason) in plan.refused.iter().chain(&plan.warnings) {
            let known = holding.entry(service.clone()).or_default();
            known.insert((reason.code(), reason.text()));
        }
        let before = std::mem::replace(&mut self.reported, holding.clone());
        let none = BTreeSet::new();
        for (service, conditions) in holding {
            let before = before.get(&service).unwrap_or(&none);
            for (code, text) in conditions.difference(before) {
                self.send(view, &service, kind(code), code, text.clone())
                    .await;
            }
        }
    }

    async fn send(
        &self,
        view: &View,
        service: &ServiceKey,
        type_: &str,
        reason: &str,
        note: String,
    ) {
        let event = self.event(view, service, type_, reason, note);
        let api: Api<Event> = Api::namespaced(self.client.clone(), &service.namespace);
        match api.create(&PostParams::default(), &event).await {
            Ok(_) => count(&self.counters.events),
            Err(error) => {
                count(&self.counters.event_failures);
                warn!(%service, reason, error = &error as &dyn Error, "event not reported");
            }
        }
    }

    fn event(
        &self,
        view: &View,
        service: &ServiceKey,
        type_: &str,
        reason: &str,
        note: String,
    ) -> Event {
        let now = Timestamp::now();
        let record = view.records.get(service);
        Event {
            metadata: ObjectMeta {
                name: Some(format!("{}.{:x}", service.name, now.as_nanosecond())),
                namespace: Some(service.namespace.clone()),
                ..ObjectMeta::default()
            },
            event_time: Some(MicroTime(now)),
            type_: Some(type_.to_string()),
            reason: Some(reason.to_string()),
            note: Some(shortened(note)),
            action: Some("Allocate".to_string()),
            regarding: Some(ObjectReference {
                api_version: Some("v1".to_string()),
                kind: Some("Service".to_string()),
                namespace: Some(service.namespace.clone()),
                name: Some(service.name.clone()),
                uid: record.and_then(|record| record.uid.clone()),
                resource_version: record.and_then(|record| record.resource_version.clone()),
                ..ObjectReference::default()
            }),
            reporting_controller: Some(REPORTER.to_string()),
            reporting_instance: Some(self.node.clone()),
            ..Event::default()
        }
    }
}

/// MetalLB's types: what people must act upon is a warning.
fn kind(code: &str) -> &'static str {
    match code {
        "ClearAssignment" | "AdditionalAssignFailed" => NORMAL,
        _ => WARNING,
    }
}

pub(super) fn shortened(mut note: String) -> String {
    if note.len() > MAX_NOTE_OCTETS {
        let end = (0..=MAX_NOTE_OCTETS - 4)
            .rev()
            .find(|&at| note.is_char_boundary(at))
            .unwrap_or_default();
        note.truncate(end);
        note.push_str(" ...");
    }
    note
}
