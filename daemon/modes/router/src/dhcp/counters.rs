//! What DHCP did on one LAN, in numbers.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use ::dhcp::{MessageType, Refused};
use model::Reason;
use telemetry::{Family, Kind, Sample};

/// Counters of one LAN since the start.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    /// Requests read while serving.
    pub(super) received: AtomicU64,
    /// Requests left alone because DHCP is off here.
    pub(super) while_off: AtomicU64,
    /// Frames to port 67 that hold no datagram for us.
    pub(super) unreadable: AtomicU64,
    pub(super) offers: AtomicU64,
    pub(super) acks: AtomicU64,
    pub(super) naks: AtomicU64,
    /// Replies that the interface did not take.
    pub(super) unsent: AtomicU64,
    /// Leases that could not be stored, so that no ACK was sent.
    pub(super) unstored: AtomicU64,
    /// Leases given although they could not be stored: short ones, reservations, renewals of what the disk holds.
    pub(super) short: AtomicU64,
    /// Whether leases are kept in memory only, 0 or 1.
    pub(super) volatile: AtomicU64,
    /// Addresses looked for before they were offered, and how many somebody used.
    pub(super) probes: AtomicU64,
    pub(super) conflicts: AtomicU64,
    /// By code of the reason; the codes are few and fixed.
    refused: Mutex<BTreeMap<&'static str, u64>>,
}

/// Counts one more.
pub(super) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

impl Counters {
    pub(super) fn sent(&self, kind: MessageType) {
        match kind {
            MessageType::Offer => count(&self.offers),
            MessageType::Ack => count(&self.acks),
            MessageType::Nak => count(&self.naks),
            MessageType::Discover
            | MessageType::Request
            | MessageType::Decline
            | MessageType::Release
            | MessageType::Inform => {}
        }
    }

    pub(super) fn refused(&self, refused: &Refused) {
        let mut counts = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.entry(refused.code()).or_default() += 1;
    }

    /// The families for `/metrics`, labelled with the interface of each LAN.
    pub(crate) fn families<'a>(lans: impl IntoIterator<Item = (&'a str, &'a Self)>) -> Vec<Family> {
        let lans: Vec<_> = lans.into_iter().collect();
        let plain = PLAIN.iter().map(|(name, help, pick)| {
            let of = |(interface, counters): &(&str, &Self)| {
                sample(interface, None, pick(counters).load(Ordering::Relaxed))
            };
            family(name, help, lans.iter().map(of).collect())
        });
        let replies = lans.iter().flat_map(|(interface, counters)| {
            let kinds = [
                ("offer", &counters.offers),
                ("ack", &counters.acks),
                ("nak", &counters.naks),
            ];
            kinds.map(|(kind, counter)| {
                let value = counter.load(Ordering::Relaxed);
                sample(interface, Some(("type", kind)), value)
            })
        });
        let refused = lans.iter().flat_map(|(interface, counters)| {
            let refused = &counters.refused;
            let counts = refused.lock().unwrap_or_else(PoisonError::into_inner);
            let of =
                |(code, value): (&&str, &u64)| sample(interface, Some(("reason", *code)), *value);
            counts.iter().map(of).collect::<Vec<_>>()
        });
        let labelled = [
            (
                "lanlord_dhcp_replies",
                "DHCP messages sent to clients",
                replies.collect(),
            ),
            (
                "lanlord_dhcp_refused",
                "DHCP messages that were not served as asked",
                refused.collect::<Vec<_>>(),
            ),
        ];
        let labelled = labelled.map(|(name, help, samples)| family(name, help, samples));
        let volatile = |(interface, counters): &(&str, &Self)| {
            sample(interface, None, counters.volatile.load(Ordering::Relaxed))
        };
        let volatile = Family {
            kind: Kind::Gauge,
            ..family(
                "lanlord_dhcp_memory_only",
                "Whether leases are kept in memory only because the disk cannot be written",
                lans.iter().map(volatile).collect(),
            )
        };
        plain.chain(labelled).chain([volatile]).collect()
    }
}

type Plain = (&'static str, &'static str, fn(&Counters) -> &AtomicU64);

/// Families with no label but the interface.
const PLAIN: [Plain; 8] = [
    (
        "lanlord_dhcp_requests",
        "DHCP messages of clients",
        |counters| &counters.received,
    ),
    (
        "lanlord_dhcp_ignored",
        "DHCP messages left alone because another server or router is there",
        |counters| &counters.while_off,
    ),
    (
        "lanlord_dhcp_unreadable_frames",
        "Frames to the DHCP port that could not be read",
        |counters| &counters.unreadable,
    ),
    (
        "lanlord_dhcp_unsent_replies",
        "Replies that the interface did not take",
        |counters| &counters.unsent,
    ),
    (
        "lanlord_dhcp_unstored_leases",
        "Leases not given because they could not be stored",
        |counters| &counters.unstored,
    ),
    (
        "lanlord_dhcp_memory_only_leases",
        "Leases given while they could be kept in memory only",
        |counters| &counters.short,
    ),
    (
        "lanlord_dhcp_probes",
        "Addresses looked for before they were offered",
        |counters| &counters.probes,
    ),
    (
        "lanlord_dhcp_conflicts",
        "Addresses found in use by somebody without a lease",
        |counters| &counters.conflicts,
    ),
];

fn family(name: &'static str, help: &'static str, samples: Vec<Sample>) -> Family {
    Family {
        name,
        help,
        kind: Kind::Counter,
        samples,
    }
}

fn sample(interface: &str, more: Option<(&'static str, &str)>, value: u64) -> Sample {
    let mut labels = vec![("interface", interface.to_string())];
    labels.extend(more.map(|(name, text)| (name, text.to_string())));
    Sample { labels, value }
}
