//! Metrics of DNS, read at each scrape.

use std::sync::{Arc, OnceLock};

use names::Responder;
use telemetry::{Family, Kind};

/// Where the registry finds the numbers; empty until the task has started.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    responder: OnceLock<Arc<Responder>>,
}

impl Counters {
    pub(super) fn attach(&self, responder: &Arc<Responder>) {
        // A second task would be a second router in one process, which does not happen; the first one counts.
        let _ = self.responder.set(Arc::clone(responder));
    }

    pub(crate) fn families(&self) -> Vec<Family> {
        let Some(responder) = self.responder.get() else {
            return Vec::new();
        };
        let mut families = queries(responder);
        families.extend(upstream(responder));
        families.extend(zones(responder));
        families
    }
}

fn queries(responder: &Responder) -> Vec<Family> {
    let counts = responder.counters().read();
    let texts = |counts: std::collections::BTreeMap<&'static str, u64>| {
        counts
            .into_iter()
            .map(|(text, count)| (text.to_string(), count))
    };
    let transports = [
        ("udp".to_string(), counts.udp),
        ("tcp".to_string(), counts.tcp),
    ];
    vec![
        Family::by_label(
            "lanlord_dns_messages",
            "DNS messages received, by transport",
            Kind::Counter,
            "transport",
            transports,
        ),
        Family::by_label(
            "lanlord_dns_replies",
            "Replies from the router's own data, by what they say",
            Kind::Counter,
            "reply",
            texts(counts.replies),
        ),
        Family::counter(
            "lanlord_dns_forwarded",
            "Questions answered from the cache or by upstream",
            counts.forwarded,
        ),
        Family::counter(
            "lanlord_dns_transfers",
            "Zone transfers sent",
            counts.transfers,
        ),
        Family::counter(
            "lanlord_dns_overloaded",
            "Messages dropped because too many waited",
            counts.overloaded,
        ),
        Family::counter(
            "lanlord_dns_connections_refused",
            "TCP connections closed because there were too many",
            counts.connections_refused,
        ),
        Family::counter(
            "lanlord_dns_updates_accepted",
            "DNS UPDATEs accepted",
            counts.updates_accepted,
        ),
        Family::by_label(
            "lanlord_dns_updates_refused",
            "DNS UPDATEs refused, by reason",
            Kind::Counter,
            "reason",
            texts(counts.updates_refused),
        ),
    ]
}

fn upstream(responder: &Responder) -> Vec<Family> {
    let status = responder.upstream().status();
    let cached = u64::try_from(status.cached).unwrap_or(u64::MAX);
    // They start anew when the configuration names other resolvers, as a counter may.
    vec![
        Family::counter(
            "lanlord_dns_upstream_asked",
            "Questions sent upstream",
            status.asked,
        ),
        Family::counter(
            "lanlord_dns_upstream_failed",
            "Questions that upstream did not answer usably",
            status.failed,
        ),
        Family::counter(
            "lanlord_dns_upstream_overloaded",
            "Questions that failed because too many were under way upstream",
            status.overloaded,
        ),
        Family::counter(
            "lanlord_dns_upstream_merged",
            "Questions that shared the answer to the same one of another client",
            status.merged,
        ),
        Family::counter(
            "lanlord_dns_upstream_stripped",
            "Private addresses taken out of upstream answers",
            status.stripped,
        ),
        Family::counter(
            "lanlord_dns_cache_hits",
            "Questions answered from the cache",
            status.hits,
        ),
        Family::counter(
            "lanlord_dns_cache_evicted",
            "Cache entries that made room before their time",
            status.evicted,
        ),
        Family::gauge(
            "lanlord_dns_cache_entries",
            "Questions in the cache",
            cached,
        ),
    ]
}

fn zones(responder: &Responder) -> Vec<Family> {
    let summaries = responder.authority().summaries();
    let names = summaries.into_iter().map(|summary| {
        let names = u64::try_from(summary.names).unwrap_or(u64::MAX);
        (summary.name, names)
    });
    vec![Family::by_label(
        "lanlord_dns_names",
        "Names held, by zone",
        Kind::Gauge,
        "zone",
        names,
    )]
}
