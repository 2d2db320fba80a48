//! The node's numbers, under MetalLB's names where it has one.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use cluster::api;
use segment::VipCounters;
use telemetry::{Family, Kind, Registry, Sample};

use crate::{planner, status::Facts};

/// Registers every part's numbers.
pub(crate) fn registry(
    facts: &Facts,
    wire: Arc<segment::Counters>,
    objects: Arc<api::Counters>,
    plans: Arc<planner::Counters>,
) -> Registry {
    let mut registry = Registry::default();
    registry.register(move || wire_families(&wire));
    registry.register(move || {
        counters(&OBJECTS, &*objects)
            .chain(counters(&PLANS, &*plans))
            .collect()
    });
    let facts = facts.clone();
    registry.register(move || plan_families(&facts));
    registry
}

/// Name, help, and where the value is.
type Row<T> = (&'static str, &'static str, fn(&T) -> u64);

fn read(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}

fn counters<T>(rows: &[Row<T>], of: &T) -> impl Iterator<Item = Family> {
    rows.iter()
        .map(|(name, help, value)| Family::counter(name, help, value(of)))
}

/// MetalLB named the first three without `_total`, so they are exposed as gauges.
const PER_VIP: [Row<VipCounters>; 4] = [
    (
        "metallb_layer2_requests_received",
        "ARP requests for the address",
        |vip| vip.requests.get(),
    ),
    (
        "metallb_layer2_responses_sent",
        "ARP replies for the address",
        |vip| vip.replies.get(),
    ),
    (
        "metallb_layer2_gratuitous_sent",
        "Gratuitous ARP packets for the address",
        |vip| vip.gratuitous.get(),
    ),
    (
        "lanlord_layer2_conflicts",
        "Claims of the address by somebody else",
        |vip| vip.conflicts.get(),
    ),
];

const WIRE: [Row<segment::Counters>; 6] = [
    (
        "lanlord_layer2_malformed",
        "Frames that were no ARP for IPv4",
        |wire| wire.malformed.get(),
    ),
    (
        "lanlord_layer2_invalid_sender",
        "ARP requests from a sender that nobody can be",
        |wire| wire.invalid_sender.get(),
    ),
    (
        "lanlord_layer2_stale",
        "ARP requests that waited too long to be answered",
        |wire| wire.stale.get(),
    ),
    (
        "lanlord_layer2_send_failures",
        "Frames that the kernel did not take",
        |wire| wire.send_failed.get(),
    ),
    (
        "lanlord_layer2_socket_failures",
        "Sockets that broke and were opened anew",
        |wire| wire.socket_failed.get(),
    ),
    (
        "lanlord_layer2_scan_failures",
        "Listings of the interfaces that failed",
        |wire| wire.scan_failed.get(),
    ),
];

const OBJECTS: [Row<api::Counters>; 11] = [
    (
        "lanlord_api_connections",
        "Credentials taken into use, the first ones and each that replaced them",
        |api| read(&api.connections),
    ),
    (
        "lanlord_api_token_reads",
        "Readings of the token's Secret as the kubelet",
        |api| read(&api.token_reads),
    ),
    (
        "metallb_k8s_client_updates",
        "Views of the API's objects",
        |api| read(&api.views),
    ),
    (
        "metallb_k8s_client_update_errors",
        "Watches that failed",
        |api| read(&api.watch_errors),
    ),
    ("lanlord_status_writes", "Service statuses written", |api| {
        read(&api.status_writes)
    }),
    (
        "lanlord_status_conflicts",
        "Status writes that lost against another writer",
        |api| read(&api.status_conflicts),
    ),
    (
        "lanlord_status_failures",
        "Status writes that were refused",
        |api| read(&api.status_failures),
    ),
    ("lanlord_events", "Events written", |api| read(&api.events)),
    (
        "lanlord_event_failures",
        "Events that could not be written",
        |api| read(&api.event_failures),
    ),
    (
        "lanlord_lease_errors",
        "Turns in which the Lease could not be asked for",
        |api| read(&api.lease_errors),
    ),
    (
        "lanlord_lease_acquisitions",
        "Times this node became the lease holder",
        |api| read(&api.lease_acquisitions),
    ),
];

const PLANS: [Row<planner::Counters>; 2] = [
    ("lanlord_plans", "Plans made", |plans| read(&plans.plans)),
    (
        "lanlord_state_write_failures",
        "Times that state could not be saved",
        |plans| read(&plans.save_failures),
    ),
];

fn wire_families(wire: &segment::Counters) -> Vec<Family> {
    let per_vip = wire.per_vip();
    let by_ip = PER_VIP.iter().map(|(name, help, value)| {
        let samples = per_vip
            .iter()
            .map(|(vip, counters)| (vip.to_string(), value(counters)));
        Family::by_label(name, help, Kind::Gauge, "ip", samples)
    });
    by_ip.chain(counters(&WIRE, wire)).collect()
}

fn plan_families(facts: &Facts) -> Vec<Family> {
    let mut families = holder_families(facts);
    let waiting = facts.access.borrow().waiting.clone();
    families.push(Family::by_label(
        "lanlord_api_waiting",
        "1 for what is missing to speak to the API",
        Kind::Gauge,
        "for",
        waiting.map(|waiting| (waiting.thing.word().to_string(), 1)),
    ));
    let planned = facts.planned.borrow().clone();
    let loaded = u64::from(planned.is_some());
    families.push(Family::gauge(
        "metallb_k8s_client_config_loaded_bool",
        "1 once the objects were seen",
        loaded,
    ));
    let Some(planned) = planned else {
        return families;
    };
    let problems = planned.view.problems.len() + planned.view.snapshot.refused.len();
    families.push(Family::gauge(
        "metallb_k8s_client_config_stale_bool",
        "1 while a wrong object is left out",
        u64::from(problems > 0),
    ));
    let pools = &planned.plan.allocation.pools;
    let by_pool = |name, help, value: fn(&ipam::PoolUse) -> u64| {
        Family::by_label(
            name,
            help,
            Kind::Gauge,
            "pool",
            pools.iter().map(|(pool, row)| (pool.clone(), value(row))),
        )
    };
    families.push(by_pool(
        "metallb_allocator_addresses_total",
        "Addresses of the pool",
        |row| {
            (row.assigned_ipv4 + row.available_ipv4)
                .saturating_add(row.assigned_ipv6)
                .saturating_add(row.available_ipv6)
        },
    ));
    families.push(by_pool(
        "metallb_allocator_addresses_in_use_total",
        "Addresses in use",
        |row| row.assigned_ipv4 + row.assigned_ipv6,
    ));
    families.push(refused(&planned.plan));
    families.push(announced(facts, &planned.plan));
    families
}

fn refused(plan: &plan::Plan) -> Family {
    let mut counts = std::collections::BTreeMap::<String, u64>::new();
    for refusal in plan.refusals() {
        *counts.entry(refusal.code).or_default() += 1;
    }
    Family::by_label(
        "lanlord_refused_objects",
        "Objects refused now, by reason",
        Kind::Gauge,
        "reason",
        counts,
    )
}

fn announced(facts: &Facts, plan: &plan::Plan) -> Family {
    let report = facts.report.borrow();
    let node = facts.node();
    let owned = plan.owned_by(&node.as_str().into());
    let samples = owned
        .iter()
        .filter(|(vip, _)| report.announcing.contains_key(vip))
        .flat_map(|(vip, announcement)| {
            announcement.services.iter().map(|service| Sample {
                labels: vec![
                    ("service", service.to_string()),
                    ("protocol", "layer2".to_string()),
                    ("node", node.clone()),
                    ("ip", vip.to_string()),
                ],
                value: 1,
            })
        });
    Family {
        name: "metallb_speaker_announced",
        help: "Addresses this node announces",
        kind: Kind::Gauge,
        samples: samples.collect(),
    }
}

/// What the lease holder alone can tell.
fn holder_families(facts: &Facts) -> Vec<Family> {
    let push = facts.push.borrow();
    vec![
        Family::gauge(
            "lanlord_lease_holder",
            "1 while this node allocates and pushes names",
            u64::from(*facts.holder.borrow()),
        ),
        Family::gauge(
            "lanlord_manifests_outdated",
            "CRDs and roles in the cluster that are not those of this lanlord; told by the lease holder",
            facts.outdated.borrow().count() as u64,
        ),
        Family::counter(
            "lanlord_name_push_failures",
            "Pushes of names that failed",
            push.failures,
        ),
        Family::gauge(
            "lanlord_names_refused",
            "Names that the router's policy refuses",
            push.refused.len() as u64,
        ),
    ]
}
