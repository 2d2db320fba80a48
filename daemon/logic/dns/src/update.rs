//! DNS UPDATE (RFC 2136): prerequisites, then all changes or none.
//!
//! Leases count for nothing here: a cluster's name outranks theirs, so that a prerequisite does not see them and a
//! change does not stop at them.

use std::{collections::BTreeMap, fmt};

use hickory_proto::{
    op::{Message, ResponseCode},
    rr::{DNSClass, Name, RData, Record, RecordType},
};
use model::Reason;

use crate::{
    authority::Authority,
    grant::{Grant, ZoneGrant, is_updatable},
    path::Path,
    reply::Context,
    zone::{Holder, Zone},
    zones::Zones,
};

mod prerequisite;

/// An UPDATE whose signature holds.
pub struct Update {
    context: Context,
    message: Message,
}

/// What came of an UPDATE.
pub struct Updated {
    /// The zones with the changes, when there are any; the reply may leave once they are on disk.
    pub authority: Option<Authority>,
    /// Zones that changed.
    pub zones: Vec<Name>,
    /// Why nothing was changed.
    pub refused: Option<UpdateRefusal>,
    /// The reply.
    pub reply: Vec<u8>,
}

/// Why an UPDATE changed nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UpdateRefusal {
    /// A section breaks the rules of RFC 2136.
    Malformed,
    /// The zone is not one of ours.
    NotOurZone(Name),
    /// A record lies outside the zone.
    OutsideZone(Name),
    /// The key has no grant for the zone.
    ZoneNotGranted(Name),
    /// The key's patterns do not cover the name.
    NameNotGranted(Name),
    /// The type may not be written by UPDATE.
    TypeNotGranted(Name, RecordType),
    /// The configuration, or another cluster, holds the name.
    HeldByAnother(Name),
    /// A prerequisite does not hold; with the code that says which kind.
    Prerequisite(Name, ResponseCode),
    /// The result could not be stored.
    NotStored,
}

impl UpdateRefusal {
    fn response_code(&self) -> ResponseCode {
        match self {
            Self::Malformed => ResponseCode::FormErr,
            Self::NotOurZone(_) => ResponseCode::NotAuth,
            Self::OutsideZone(_) => ResponseCode::NotZone,
            Self::ZoneNotGranted(_)
            | Self::NameNotGranted(_)
            | Self::TypeNotGranted(..)
            | Self::HeldByAnother(_) => ResponseCode::Refused,
            Self::Prerequisite(_, code) => *code,
            Self::NotStored => ResponseCode::ServFail,
        }
    }
}

impl Reason for UpdateRefusal {
    fn code(&self) -> &'static str {
        match self {
            Self::Malformed => "UpdateMalformed",
            Self::NotOurZone(_) => "NotOurZone",
            Self::OutsideZone(_) => "NameOutsideZone",
            Self::ZoneNotGranted(_) => "ZoneNotGranted",
            Self::NameNotGranted(_) => "NameNotGranted",
            Self::TypeNotGranted(..) => "TypeNotGranted",
            Self::HeldByAnother(_) => "NameHeldByAnother",
            Self::Prerequisite(..) => "PrerequisiteFailed",
            Self::NotStored => "NotStored",
        }
    }

    fn text(&self) -> String {
        match self {
            Self::Malformed => "the update breaks the rules of RFC 2136".to_string(),
            Self::NotOurZone(zone) => format!("{zone} is no zone of this router"),
            Self::OutsideZone(name) => format!("{name} lies outside the zone of the update"),
            Self::ZoneNotGranted(zone) => {
                format!("the key has no `zones` entry for {zone} in its [[cluster]]")
            }
            Self::NameNotGranted(name) => {
                format!("no pattern in the `zones` entry of the key's [[cluster]] covers {name}")
            }
            Self::TypeNotGranted(name, kind) => {
                format!("{name} {kind}: only A, AAAA, CNAME and TXT may be updated")
            }
            Self::HeldByAnother(name) => {
                format!("{name} is held by the router's configuration or by another cluster")
            }
            Self::Prerequisite(name, code) => {
                format!("prerequisite on {name} does not hold: {code}")
            }
            Self::NotStored => "the zone could not be written to disk".to_string(),
        }
    }
}

impl fmt::Debug for Update {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Update")
            .field("id", &self.context.id())
            .finish_non_exhaustive()
    }
}

impl Update {
    pub(crate) const fn new(context: Context, message: Message) -> Self {
        Self { context, message }
    }

    /// Name of the key that signed it.
    pub fn key(&self) -> Option<&Name> {
        self.context.signer().map(|(key, _)| key.name())
    }

    /// The reply when the result could not be stored (RFC 2136, 3.5 wants it on stable storage before the reply).
    pub fn not_stored(&self, now: u64) -> Vec<u8> {
        self.context
            .empty(UpdateRefusal::NotStored.response_code(), now)
    }
}

impl Authority {
    /// Applies an update; `now` is in seconds since 1970.
    pub fn update(&self, update: &Update, now: u64) -> Updated {
        match self.apply(update) {
            Ok((authority, zones)) => Updated {
                authority,
                zones,
                refused: None,
                reply: update.context.empty(ResponseCode::NoError, now),
            },
            Err(refusal) => Updated {
                authority: None,
                zones: Vec::new(),
                reply: update.context.empty(refusal.response_code(), now),
                refused: Some(refusal),
            },
        }
    }

    fn apply(&self, update: &Update) -> Result<(Option<Self>, Vec<Name>), UpdateRefusal> {
        let message = &update.message;
        let [section] = message.queries.as_slice() else {
            return Err(UpdateRefusal::Malformed);
        };
        if section.query_type() != RecordType::SOA || section.query_class() != DNSClass::IN {
            return Err(UpdateRefusal::Malformed);
        }
        let apex = section.name();
        let not_granted = || UpdateRefusal::ZoneNotGranted(apex.clone());
        let zone = self
            .zones
            .at(apex)
            .ok_or_else(|| UpdateRefusal::NotOurZone(apex.clone()))?;
        let key = update.key().ok_or_else(not_granted)?;
        let grant: &Grant = self.grants.get(key).ok_or_else(not_granted)?;
        let granted = grant.for_zone(apex).ok_or_else(not_granted)?;

        prerequisite::check(zone, &message.answers)?;
        let holder = Holder::Cluster(key.clone());
        let changes = prescan(&self.zones, zone, granted, &holder, &message.authorities)?;
        let mut held: BTreeMap<Name, Vec<Record>> = BTreeMap::new();
        for change in changes {
            let name = change.name();
            let records = held.entry(name.to_lowercase()).or_insert_with(|| {
                let node = zone.node(&Path::of(name));
                node.map_or_else(Vec::new, |node| node.held_by(&holder).to_vec())
            });
            change.apply(records);
        }
        let mut edit = self.zones.edit();
        for (name, records) in held {
            edit.hold(&name, holder.clone(), records);
        }
        let (zones, changed) = edit.finish();
        let authority = (!changed.is_empty()).then(|| self.with_zones(zones));
        Ok((authority, changed))
    }
}

/// One entry of the update section (RFC 2136, 2.5).
enum Change<'a> {
    Add(&'a Record),
    DeleteName(&'a Name),
    DeleteSet(&'a Name, RecordType),
    DeleteRecord(&'a Record),
}

impl Change<'_> {
    const fn name(&self) -> &Name {
        match self {
            Self::Add(record) | Self::DeleteRecord(record) => &record.name,
            Self::DeleteName(name) | Self::DeleteSet(name, _) => name,
        }
    }

    /// RFC 2136, 3.4.2.
    fn apply(&self, records: &mut Vec<Record>) {
        match self {
            Self::Add(record) => add(records, record),
            Self::DeleteName(_) => records.clear(),
            Self::DeleteSet(_, kind) => records.retain(|record| record.record_type() != *kind),
            Self::DeleteRecord(gone) => records.retain(|record| record.data != gone.data),
        }
    }
}

/// RFC 2136, 3.4.2.2: a CNAME stands alone; the second of the two kinds is silently ignored. All records of a set have
/// the TTL that came last (RFC 2181, 5.2).
fn add(records: &mut Vec<Record>, new: &Record) {
    let kind = new.record_type();
    let is_alias = kind == RecordType::CNAME;
    if records
        .iter()
        .any(|record| (record.record_type() == RecordType::CNAME) != is_alias)
    {
        return;
    }
    if is_alias {
        records.clear();
    }
    for record in records
        .iter_mut()
        .filter(|record| record.record_type() == kind)
    {
        record.ttl = new.ttl;
    }
    if !records.iter().any(|record| record.data == new.data) {
        records.push(new.clone());
        records.sort_by_key(|record| u16::from(record.record_type()));
    }
}

/// Reads the update section and refuses it as a whole when one entry is wrong or not allowed (RFC 2136, 3.4.1 and 3.3).
fn prescan<'a>(
    zones: &Zones,
    zone: &Zone,
    granted: &ZoneGrant,
    holder: &Holder,
    section: &'a [Record],
) -> Result<Vec<Change<'a>>, UpdateRefusal> {
    section
        .iter()
        .map(|record| {
            let change = parse(record)?;
            permit(zones, zone, granted, holder, record)?;
            Ok(change)
        })
        .collect()
}

fn parse(record: &Record) -> Result<Change<'_>, UpdateRefusal> {
    let kind = record.record_type();
    let without_data = matches!(record.data, RData::Update0(_));
    match record.dns_class {
        DNSClass::IN if !without_data => Ok(Change::Add(record)),
        DNSClass::ANY if without_data && record.ttl == 0 => Ok(match kind {
            RecordType::ANY => Change::DeleteName(&record.name),
            kind => Change::DeleteSet(&record.name, kind),
        }),
        DNSClass::NONE if !without_data && record.ttl == 0 => Ok(Change::DeleteRecord(record)),
        _ => Err(UpdateRefusal::Malformed),
    }
}

fn permit(
    zones: &Zones,
    zone: &Zone,
    granted: &ZoneGrant,
    holder: &Holder,
    record: &Record,
) -> Result<(), UpdateRefusal> {
    let name = &record.name;
    let kind = record.record_type();
    let path = Path::of(name);
    // A zone of ours within this one has grants and holders of its own.
    let is_in_zone = zones
        .covering(&path)
        .is_some_and(|closest| closest.apex() == zone.apex());
    if !is_in_zone {
        return Err(UpdateRefusal::OutsideZone(name.clone()));
    }
    if !granted.allows(name) {
        return Err(UpdateRefusal::NameNotGranted(name.clone()));
    }
    let any_type = kind == RecordType::ANY && record.dns_class == DNSClass::ANY;
    let alias_of_zone = kind == RecordType::CNAME && *name == *zone.apex();
    if (!any_type && !is_updatable(kind)) || alias_of_zone {
        return Err(UpdateRefusal::TypeNotGranted(name.clone(), kind));
    }
    let node = zone.node(&path);
    let is_foreign = node.is_some_and(|node| {
        node.holders().any(|(other, _)| match other {
            Holder::Static | Holder::Cluster(_) => other != holder,
            Holder::Lease | Holder::Derived => false,
        })
    });
    // What a key holds below a static name it may still take away.
    let takes_own_away = record.dns_class != DNSClass::IN
        && node.is_some_and(|node| !node.held_by(holder).is_empty());
    if is_foreign && !takes_own_away {
        return Err(UpdateRefusal::HeldByAnother(name.clone()));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
