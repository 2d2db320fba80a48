//! What `lanlord status` shows of DNS.

use std::sync::Arc;

use ::dns::{Holder, NameEntry};
use admin::types::{DnsStatus, NameStatus};
use names::Responder;

/// Upstream failures in a row after which it counts as broken: one may be a broken domain.
const BROKEN_AFTER: u64 = 3;

/// A way to look at DNS as it is at the moment of asking.
#[derive(Clone, Debug, Default)]
pub(crate) struct Report {
    responder: Option<Arc<Responder>>,
    upstream: Vec<String>,
    problems: Vec<String>,
}

impl Report {
    pub(super) const fn new(
        responder: Arc<Responder>,
        upstream: Vec<String>,
        problems: Vec<String>,
    ) -> Self {
        Self {
            responder: Some(responder),
            upstream,
            problems,
        }
    }

    /// Zones, names and counts.
    pub(crate) fn status(&self) -> DnsStatus {
        let Some(responder) = &self.responder else {
            return DnsStatus {
                zones: Vec::new(),
                names: Vec::new(),
                upstream: Vec::new(),
                updates_accepted: 0,
                updates_refused: 0,
            };
        };
        let authority = responder.authority();
        let counts = responder.counters().read();
        let summaries = authority.summaries();
        let own = summaries.into_iter().filter(|zone| !is_builtin(&zone.name));
        DnsStatus {
            zones: own.map(|zone| zone.name).collect(),
            names: authority.names().into_iter().map(name_status).collect(),
            upstream: self.upstream.clone(),
            updates_accepted: counts.updates_accepted,
            updates_refused: counts.updates_refused.values().sum(),
        }
    }

    /// What is wrong, one line each.
    pub(crate) fn problems(&self) -> Vec<String> {
        let mut problems = self.problems.clone();
        let failed = self
            .responder
            .as_ref()
            .map_or(0, |responder| responder.upstream().status().failed_in_a_row);
        if failed >= BROKEN_AFTER && !self.upstream.is_empty() {
            problems.push(format!(
                "no answer from upstream to the last {failed} questions; asked: {}",
                self.upstream.join(", ")
            ));
        }
        problems
    }
}

/// Zones that are there without being asked for.
fn is_builtin(zone: &str) -> bool {
    zone == "localhost" || zone.ends_with("in-addr.arpa") || zone.ends_with("ip6.arpa")
}

fn name_status(entry: NameEntry) -> NameStatus {
    let source = match &entry.holder {
        Holder::Static => "static".to_string(),
        Holder::Lease => "lease".to_string(),
        Holder::Derived => "derived".to_string(),
        Holder::Cluster(key) => {
            format!("cluster {}", key.to_ascii().trim_end_matches('.'))
        }
    };
    NameStatus {
        name: entry.name,
        addresses: entry.addresses,
        source,
    }
}
