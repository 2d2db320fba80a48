//! Prerequisites of an update (RFC 2136, 2.4 and 3.2).

use std::collections::BTreeMap;

use hickory_proto::{
    op::ResponseCode,
    rr::{DNSClass, Name, RData, Record, RecordType},
};

use super::UpdateRefusal;
use crate::{
    path::Path,
    zone::{Holder, Zone},
};

/// Checks all of them against the zone.
pub(super) fn check(zone: &Zone, section: &[Record]) -> Result<(), UpdateRefusal> {
    let mut exact: BTreeMap<(Name, RecordType), Vec<&RData>> = BTreeMap::new();
    for record in section {
        let name = &record.name;
        if record.ttl != 0 {
            return Err(UpdateRefusal::Malformed);
        }
        if !zone.apex().zone_of(name) {
            return Err(UpdateRefusal::OutsideZone(name.clone()));
        }
        let kind = record.record_type();
        let without_data = matches!(record.data, RData::Update0(_));
        let wrong = match (record.dns_class, without_data) {
            (DNSClass::ANY, true) if !exists(zone, name, kind) => match kind {
                RecordType::ANY => Some(ResponseCode::NXDomain),
                _ => Some(ResponseCode::NXRRSet),
            },
            (DNSClass::NONE, true) if exists(zone, name, kind) => match kind {
                RecordType::ANY => Some(ResponseCode::YXDomain),
                _ => Some(ResponseCode::YXRRSet),
            },
            (DNSClass::ANY | DNSClass::NONE, true) => None,
            (DNSClass::IN, false) => {
                let wanted = exact.entry((name.to_lowercase(), kind)).or_default();
                wanted.push(&record.data);
                None
            }
            _ => return Err(UpdateRefusal::Malformed),
        };
        if let Some(code) = wrong {
            return Err(UpdateRefusal::Prerequisite(name.clone(), code));
        }
    }
    for ((name, kind), wanted) in exact {
        if !is_exactly(&visible(zone, &name), kind, &wanted) {
            return Err(UpdateRefusal::Prerequisite(name, ResponseCode::NXRRSet));
        }
    }
    Ok(())
}

/// Whether there are records of that type, or any at all. Names without records of their own do not count (2.4.4).
fn exists(zone: &Zone, name: &Name, kind: RecordType) -> bool {
    let records = visible(zone, name);
    match kind {
        RecordType::ANY => !records.is_empty(),
        kind => records.iter().any(|record| record.record_type() == kind),
    }
}

/// Equal as sets, TTLs aside (3.2.3).
fn is_exactly(records: &[&Record], kind: RecordType, wanted: &[&RData]) -> bool {
    let held: Vec<&RData> = records
        .iter()
        .filter(|record| record.record_type() == kind)
        .map(|record| &record.data)
        .collect();
    wanted.iter().all(|data| held.contains(data)) && held.iter().all(|data| wanted.contains(data))
}

/// What stands at a name for an update: everything but leases, and the zone's own SOA and NS at its apex.
fn visible<'a>(zone: &'a Zone, name: &Name) -> Vec<&'a Record> {
    let mut records = Vec::new();
    if *name == *zone.apex() {
        records.extend([zone.soa(), zone.ns()]);
    }
    let Some(node) = zone.node(&Path::of(name)) else {
        return records;
    };
    let highest = node.holders().filter(|(holder, _)| match holder {
        Holder::Static | Holder::Cluster(_) => true,
        Holder::Lease | Holder::Derived => false,
    });
    if let Some((_, held)) = highest.last() {
        records.extend(held);
    }
    records
}
