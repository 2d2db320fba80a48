//! From what is wanted and what is there to UPDATEs, and around what the server refuses.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
};

use hickory_proto::{
    op::{Message, MessageType, OpCode, Query, ResponseCode},
    rr::{Name, RecordType},
};

use super::{
    ClientError, NameRefusal, Synced, absolute,
    change::{Change, ChangeKind},
    contents::{Contents, mark_of},
    exchange::Exchange,
    shown,
};

/// Names per UPDATE: each takes about six records, so that a message stays far below 65535 octets.
const NAMES_PER_UPDATE: usize = 50;

type Desired = (BTreeSet<IpAddr>, u32);

/// Brings the server in step. `zones` are those seen so far, and gains those found.
pub(super) async fn push(
    exchange: &mut Exchange<'_>,
    owner: &str,
    desired: &BTreeMap<String, Desired>,
    zones: &mut BTreeSet<Name>,
) -> Result<Synced, ClientError> {
    let mark = format!("heritage=lanlord,lanlord/cluster={owner}");
    let mut synced = Synced::default();
    let mut wanted: BTreeMap<Name, BTreeMap<Name, &Desired>> = BTreeMap::new();
    let desired_names: BTreeSet<Name> = desired.keys().filter_map(|text| absolute(text)).collect();
    for (text, what) in desired {
        let Some(name) = absolute(text).filter(|name| mark_of(name).is_some()) else {
            synced.refused.insert(text.clone(), NameRefusal::NotAName);
            continue;
        };
        match zone_of(exchange, &name).await? {
            Some(zone) => {
                wanted.entry(zone).or_default().insert(name, what);
            }
            None => {
                synced.refused.insert(shown(&name), NameRefusal::NoZone);
            }
        }
    }
    zones.extend(wanted.keys().cloned());
    let mut gone = Vec::new();
    for zone in zones.iter() {
        let names = wanted.remove(zone).unwrap_or_default();
        match exchange.transfer(zone).await? {
            Ok(records) => {
                let contents = Contents::read(&records, &mark);
                let changes = compare(&contents, &names, &desired_names, &mut synced);
                apply(exchange, zone, changes, &mark, &mut synced).await?;
            }
            Err(_) if names.is_empty() => gone.push(zone.clone()),
            Err(_) => {
                let refusal = NameRefusal::TransferRefused(shown(zone));
                let names = names.keys().map(|name| (shown(name), refusal.clone()));
                synced.refused.extend(names);
            }
        }
    }
    for zone in gone {
        zones.remove(&zone);
    }
    for list in [&mut synced.added, &mut synced.changed, &mut synced.removed] {
        list.sort();
    }
    Ok(synced)
}

/// The zone that a name falls into, as far as the server itself holds it: the SOA of the name, or the one that goes with
/// the negative answer; else that of a parent.
async fn zone_of(exchange: &mut Exchange<'_>, name: &Name) -> Result<Option<Name>, ClientError> {
    let mut asked = name.clone();
    while !asked.is_root() {
        let reply = exchange.query(&asked, RecordType::SOA).await?;
        if reply.metadata.authoritative {
            let zone = reply
                .answers
                .iter()
                .chain(&reply.authorities)
                .filter(|record| record.record_type() == RecordType::SOA)
                .map(|record| record.name.to_lowercase())
                .find(|zone| zone.zone_of(name));
            if zone.is_some() {
                return Ok(zone);
            }
        }
        asked = asked.base_name();
    }
    Ok(None)
}

/// A name that is desired, but whose zone was not found this time, is kept: the server may have had a bad moment.
fn compare(
    contents: &Contents,
    wanted: &BTreeMap<Name, &Desired>,
    desired_names: &BTreeSet<Name>,
    synced: &mut Synced,
) -> Vec<Change> {
    let mut changes = Vec::new();
    let mut change = |name: &Name, kind| {
        if let Some(mark) = mark_of(name) {
            changes.push(Change {
                name: name.clone(),
                mark,
                kind,
            });
        }
    };
    for name in contents.owned.difference(desired_names) {
        change(name, ChangeKind::Remove);
    }
    for (name, (addresses, ttl)) in wanted {
        if !contents.owned.contains(name) {
            change(name, ChangeKind::Add(addresses.clone(), *ttl));
            continue;
        }
        let there = contents.addresses.get(name);
        let is_right = there.map_or(0, BTreeMap::len) == addresses.len()
            && addresses
                .iter()
                .all(|address| there.and_then(|there| there.get(address)) == Some(ttl));
        if is_right {
            synced.kept += 1;
        } else {
            change(name, ChangeKind::Replace(addresses.clone(), *ttl));
        }
    }
    changes
}

/// Sends the changes, several per UPDATE. An UPDATE is refused as a whole: it is then halved until the name that is
/// refused stands alone.
async fn apply(
    exchange: &mut Exchange<'_>,
    zone: &Name,
    changes: Vec<Change>,
    mark: &str,
    synced: &mut Synced,
) -> Result<(), ClientError> {
    let mut rest: Vec<Vec<Change>> = changes
        .chunks(NAMES_PER_UPDATE)
        .rev()
        .map(<[Change]>::to_vec)
        .collect();
    while let Some(mut part) = rest.pop() {
        let mut message = Message::new(0, MessageType::Query, OpCode::Update);
        message.add_query(Query::query(zone.clone(), RecordType::SOA));
        for change in &part {
            change.write(&mut message, mark);
        }
        let reply = exchange.ask(message).await?;
        match (reply.metadata.response_code, part.as_slice()) {
            (ResponseCode::NoError, _) => part.iter().for_each(|change| done(change, synced)),
            (code, [change]) => {
                synced.refused.insert(shown(&change.name), refusal(code));
            }
            (_, _) => {
                let second = part.split_off(part.len() / 2);
                rest.push(second);
                rest.push(part);
            }
        }
    }
    Ok(())
}

fn done(change: &Change, synced: &mut Synced) {
    let list = match change.kind {
        ChangeKind::Add(..) => &mut synced.added,
        ChangeKind::Replace(..) => &mut synced.changed,
        ChangeKind::Remove => &mut synced.removed,
    };
    list.push(shown(&change.name));
}

fn refusal(code: ResponseCode) -> NameRefusal {
    match code {
        ResponseCode::Refused | ResponseCode::NotAuth => NameRefusal::Policy,
        ResponseCode::YXDomain | ResponseCode::YXRRSet | ResponseCode::NXRRSet => {
            NameRefusal::HeldByAnother
        }
        other => NameRefusal::Code(other.to_string()),
    }
}
