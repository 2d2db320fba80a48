//! Events on Services, with MetalLB's reasons; one per change, never one per turn.

use std::{collections::BTreeMap, collections::BTreeSet, error::Error, sync::Arc};

use ipam::AllocationPlan;
use k8s_openapi::api::core::v1::ObjectReference;
use kube::{
    Client,
    runtime::events::{Event, EventType, Recorder, Reporter},
};
use model::{Reason, ServiceKey, Vip};
use tracing::warn;

use super::{Counters, counters::count};
use crate::View;

/// The API refuses notes of more than 1,024 octets.
const MAX_NOTE_OCTETS: usize = 1000;

/// Reports on Services, and remembers what was reported.
pub(super) struct Events {
    recorder: Recorder,
    counters: Arc<Counters>,
    /// Codes and texts that hold for a Service now and have been reported.
    reported: BTreeMap<ServiceKey, BTreeSet<(&'static str, String)>>,
}

impl Events {
    pub(super) fn new(client: Client, node: &str, counters: Arc<Counters>) -> Self {
        let reporter = Reporter {
            controller: "lanlord".to_string(),
            instance: Some(node.to_string()),
        };
        Self {
            recorder: Recorder::new(client, reporter),
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
        self.send(view, service, EventType::Normal, "IPAllocated", note)
            .await;
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
        type_: EventType,
        reason: &str,
        note: String,
    ) {
        let record = view.records.get(service);
        let reference = ObjectReference {
            api_version: Some("v1".to_string()),
            kind: Some("Service".to_string()),
            namespace: Some(service.namespace.clone()),
            name: Some(service.name.clone()),
            uid: record.and_then(|record| record.uid.clone()),
            ..ObjectReference::default()
        };
        let event = Event {
            type_,
            reason: reason.to_string(),
            note: Some(shortened(note)),
            action: "Allocate".to_string(),
            secondary: None,
        };
        match self.recorder.publish(&event, &reference).await {
            Ok(()) => count(&self.counters.events),
            Err(error) => {
                count(&self.counters.event_failures);
                warn!(%service, reason, error = &error as &dyn Error, "event not reported");
            }
        }
    }
}

/// MetalLB's types: what people must act upon is a warning.
fn kind(code: &str) -> EventType {
    match code {
        "ClearAssignment" | "AdditionalAssignFailed" => EventType::Normal,
        _ => EventType::Warning,
    }
}

fn shortened(mut note: String) -> String {
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
