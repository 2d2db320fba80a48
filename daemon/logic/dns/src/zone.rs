//! One zone: its names, who holds each, and what the zone says about a name (RFC 1034, 4.3.2; RFC 4592).

use std::{collections::BTreeMap, ops::Bound, sync::Arc};

use hickory_proto::rr::{
    Name, RData, Record, RecordType,
    rdata::{NS, SOA},
};

use crate::path::Path;

/// Seconds that a resolver may remember that a name or type is missing. Short, because a Service that just got its
/// address must not stay unknown.
pub(crate) const NEGATIVE_TTL_SECS: u32 = 5;
/// TTL of the apex records that we make ourselves.
const APEX_TTL_SECS: u32 = 60;

/// Who holds a name. The highest holder's records are the ones that are answered.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Holder {
    /// Derived from another name: a PTR for an address that we hold.
    Derived,
    /// A DHCP lease or reservation. It never replaces another source's name.
    Lease,
    /// A cluster, by DNS UPDATE with the key of this name.
    Cluster(Name),
    /// The configuration.
    Static,
}

/// A name with records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Node {
    /// As first written, upper and lower case kept.
    pub(crate) name: Name,
    holders: BTreeMap<Holder, Arc<[Record]>>,
}

impl Node {
    /// A name that nobody holds yet.
    pub(crate) const fn new(name: Name) -> Self {
        Self {
            name,
            holders: BTreeMap::new(),
        }
    }

    /// The records that are answered.
    pub(crate) fn records(&self) -> &[Record] {
        self.holders
            .last_key_value()
            .map_or(&[], |(_, records)| records)
    }

    /// What one holder has put here, shadowed or not.
    pub(crate) fn held_by(&self, holder: &Holder) -> &[Record] {
        self.holders.get(holder).map_or(&[], |records| records)
    }

    /// The highest holder.
    pub(crate) fn holder(&self) -> Option<&Holder> {
        self.holders.last_key_value().map(|(holder, _)| holder)
    }

    /// All holders, lowest first.
    pub(crate) fn holders(&self) -> impl Iterator<Item = (&Holder, &[Record])> {
        self.holders
            .iter()
            .map(|(holder, records)| (holder, &**records))
    }

    /// Replaces what one holder has put here; nothing frees the name.
    pub(crate) fn set(&mut self, holder: Holder, records: Vec<Record>) {
        if records.is_empty() {
            self.holders.remove(&holder);
        } else {
            self.holders.insert(holder, records.into());
        }
    }

    fn is_empty(&self) -> bool {
        self.holders.is_empty()
    }
}

/// What a zone says about a name and type.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Found<'a> {
    /// Records of the name itself; none of them need match the type asked.
    Name(&'a [Record]),
    /// Records of the wildcard that covers the name (RFC 4592, 3.3.1).
    Wildcard(&'a [Record]),
    /// The apex, which nobody but ourselves holds: only SOA and NS are there.
    Apex,
    /// No records, but names below (RFC 4592, 2.2.2).
    EmptyNonTerminal,
    /// Neither the name nor a wildcard for it.
    Missing,
}

/// A zone of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Zone {
    apex: Name,
    labels: usize,
    /// Names that we do not hold are asked upstream.
    pub(crate) fallthrough: bool,
    names: BTreeMap<Box<[u8]>, Arc<Node>>,
    soa: Record,
    ns: Record,
}

impl Zone {
    /// An empty zone; `server` is this name server's own name.
    pub(crate) fn new(apex: Name, server: &Name, fallthrough: bool, serial: u32) -> Self {
        let mailbox = apex
            .prepend_label("hostmaster")
            .unwrap_or_else(|_| Name::root());
        let minimum = NEGATIVE_TTL_SECS;
        let soa = SOA::new(server.clone(), mailbox, serial, 3600, 600, 604_800, minimum);
        Self {
            labels: apex.iter().count(),
            fallthrough,
            names: BTreeMap::new(),
            soa: Record::from_rdata(apex.clone(), APEX_TTL_SECS, RData::SOA(soa)),
            ns: Record::from_rdata(apex.clone(), APEX_TTL_SECS, RData::NS(NS(server.clone()))),
            apex,
        }
    }

    /// The zone's own name.
    pub(crate) const fn apex(&self) -> &Name {
        &self.apex
    }

    /// The SOA record as answered to a question for it.
    pub(crate) const fn soa(&self) -> &Record {
        &self.soa
    }

    /// The NS record.
    pub(crate) const fn ns(&self) -> &Record {
        &self.ns
    }

    /// The SOA record as it goes with a negative answer: its TTL is how long the absence may be remembered (RFC 2308, 3).
    pub(crate) fn negative_soa(&self) -> Record {
        let mut soa = self.soa.clone();
        soa.ttl = NEGATIVE_TTL_SECS;
        soa
    }

    /// Serial of the contents; it rises with every change.
    pub(crate) fn serial(&self) -> u32 {
        match &self.soa.data {
            RData::SOA(soa) => soa.serial,
            _ => 0,
        }
    }

    /// Sets the serial.
    pub(crate) fn set_serial(&mut self, serial: u32) {
        if let RData::SOA(soa) = &mut self.soa.data {
            soa.serial = serial;
        }
    }

    /// Whether two zones hold the same names, whatever their serials.
    pub(crate) fn same_names(&self, other: &Self) -> bool {
        self.names == other.names && self.ns == other.ns
    }

    /// The node of a name, if it has records.
    pub(crate) fn node(&self, path: &Path) -> Option<&Arc<Node>> {
        self.names.get(path.octets())
    }

    /// Puts a node in place, or removes the name when nobody holds it any more.
    pub(crate) fn replace(&mut self, path: &Path, node: Node) {
        if node.is_empty() {
            self.names.remove(path.octets());
        } else {
            self.names.insert(path.octets().into(), Arc::new(node));
        }
    }

    /// All names in tree order: every name comes before those below it.
    pub(crate) fn nodes(&self) -> impl Iterator<Item = &Arc<Node>> {
        self.names.values()
    }

    /// Number of names that have records.
    pub(crate) fn len(&self) -> usize {
        self.names.len()
    }

    /// What the zone says about a name at or below its apex.
    pub(crate) fn find(&self, path: &Path) -> Found<'_> {
        let from_here = (Bound::Included(path.octets()), Bound::Unbounded);
        let next = self.names.range::<[u8], _>(from_here).next();
        if let Some((octets, node)) = next {
            if **octets == *path.octets() {
                return Found::Name(node.records());
            }
            if octets.starts_with(path.octets()) && path.labels() > self.labels {
                return Found::EmptyNonTerminal;
            }
        }
        if path.labels() <= self.labels {
            return Found::Apex;
        }
        let before = (Bound::Unbounded, Bound::Excluded(path.octets()));
        let previous = self.names.range::<[u8], _>(before).next_back();
        // The closest encloser shares its labels with a neighbour in tree order, or is the apex.
        let encloser = [next, previous]
            .into_iter()
            .flatten()
            .map(|(octets, _)| path.common_labels(octets))
            .fold(self.labels, usize::max);
        match self.names.get(wildcard_below(path, encloser).octets()) {
            Some(node) => Found::Wildcard(node.records()),
            None => Found::Missing,
        }
    }
}

/// The source of synthesis: `*` right below the ancestor with that many labels (RFC 4592, 3.3.1).
fn wildcard_below(path: &Path, labels: usize) -> Path {
    let mut wildcard = Path::root();
    let mut rest = path.ancestor(labels);
    while let Some((&length, tail)) = rest.split_first() {
        let (label, tail) = tail.split_at(usize::from(length).min(tail.len()));
        wildcard.push(label);
        rest = tail;
    }
    wildcard.push(b"*");
    wildcard
}

/// The records of one type, or of the first type there is when ANY was asked: one answer is enough (RFC 8482, 4.1).
pub(crate) fn of_type(records: &[Record], asked: RecordType) -> impl Iterator<Item = &Record> {
    let wanted = match asked {
        RecordType::ANY => records.first().map(Record::record_type),
        one => Some(one),
    };
    records
        .iter()
        .filter(move |record| Some(record.record_type()) == wanted)
}

#[cfg(test)]
mod tests;
