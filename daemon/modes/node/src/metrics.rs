//! The node's numbers, under MetalLB's names where it has one.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use cluster::api;
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
    registry.register(move || object_families(&objects, &plans));
    let facts = facts.clone();
    registry.register(move || plan_families(&facts));
    registry
}

fn read(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}

/// MetalLB named these without `_total`, so they are exposed as gauges.
fn wire_families(wire: &segment::Counters) -> Vec<Family> {
    let per_vip = wire.per_vip();
    let by_ip = |name, help, value: fn(&segment::VipCounters) -> u64| {
        Family::by_label(
            name,
            help,
            Kind::Gauge,
            "ip",
            per_vip
                .iter()
                .map(|(vip, counters)| (vip.to_string(), value(counters))),
        )
    };
    vec![
        by_ip(
            "metallb_layer2_requests_received",
            "ARP requests for the address",
            |vip| vip.requests.get(),
        ),
        by_ip(
            "metallb_layer2_responses_sent",
            "ARP replies for the address",
            |vip| vip.replies.get(),
        ),
        by_ip(
            "metallb_layer2_gratuitous_sent",
            "Gratuitous ARP packets for the address",
            |vip| vip.gratuitous.get(),
        ),
        by_ip(
            "lanlord_layer2_conflicts",
            "Claims of the address by somebody else",
            |vip| vip.conflicts.get(),
        ),
        Family::counter(
            "lanlord_layer2_malformed",
            "Frames that were no ARP for IPv4",
            wire.malformed.get(),
        ),
        Family::counter(
            "lanlord_layer2_invalid_sender",
            "ARP requests from a sender that nobody can be",
            wire.invalid_sender.get(),
        ),
        Family::counter(
            "lanlord_layer2_stale",
            "ARP requests that waited too long to be answered",
            wire.stale.get(),
        ),
        Family::counter(
            "lanlord_layer2_send_failures",
            "Frames that the kernel did not take",
            wire.send_failed.get(),
        ),
        Family::counter(
            "lanlord_layer2_socket_failures",
            "Sockets that broke and were opened anew",
            wire.socket_failed.get(),
        ),
        Family::counter(
            "lanlord_layer2_scan_failures",
            "Listings of the interfaces that failed",
            wire.scan_failed.get(),
        ),
    ]
}

fn object_families(objects: &api::Counters, plans: &planner::Counters) -> Vec<Family> {
    vec![
        Family::counter(
            "metallb_k8s_client_updates",
            "Views of the cluster's objects",
            read(&objects.views),
        ),
        Family::counter(
            "metallb_k8s_client_update_errors",
            "Watches that failed",
            read(&objects.watch_errors),
        ),
        Family::counter(
            "lanlord_status_writes",
            "Service statuses written",
            read(&objects.status_writes),
        ),
        Family::counter(
            "lanlord_status_conflicts",
            "Status writes that lost against another writer",
            read(&objects.status_conflicts),
        ),
        Family::counter(
            "lanlord_status_failures",
            "Status writes that were refused",
            read(&objects.status_failures),
        ),
        Family::counter("lanlord_events", "Events written", read(&objects.events)),
        Family::counter(
            "lanlord_event_failures",
            "Events that could not be written",
            read(&objects.event_failures),
        ),
        Family::counter(
            "lanlord_lease_errors",
            "Turns in which the Lease could not be asked for",
            read(&objects.lease_errors),
        ),
        Family::counter(
            "lanlord_lease_acquisitions",
            "Times this node became the lease holder",
            read(&objects.lease_acquisitions),
        ),
        Family::counter("lanlord_plans", "Plans made", read(&plans.plans)),
        Family::counter(
            "lanlord_state_write_failures",
            "Times that state could not be saved",
            read(&plans.save_failures),
        ),
    ]
}

fn plan_families(facts: &Facts) -> Vec<Family> {
    let push = facts.push.borrow();
    let mut families = vec![
        Family::gauge(
            "lanlord_lease_holder",
            "1 while this node allocates and pushes names",
            u64::from(*facts.holder.borrow()),
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
    ];
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
    let node = facts.options.node.to_string();
    let owned = plan.owned_by(&facts.options.node);
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
