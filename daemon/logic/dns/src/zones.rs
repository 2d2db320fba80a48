//! All zones together: which one a name falls into, changes to names, and the pointers from addresses back to names.

use std::{
    borrow::Cow,
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
    sync::Arc,
};

use hickory_proto::rr::{Name, RData, Record, RecordType, rdata::PTR};

use crate::{
    path::Path,
    zone::{Found, Holder, Node, Zone, of_type},
};

/// Longest CNAME chain that is followed; a loop ends here too.
const MAX_CHAIN: usize = 8;

/// A name that an address points back to. The first in order is the one that is answered: from the highest holder, and
/// among those the most specific.
type Pointer = (Reverse<Holder>, Reverse<usize>, Name, u32);

/// Every zone that we answer for. Cloning is cheap enough to do per change: zones and nodes are shared.
#[derive(Clone, Debug, Default)]
pub(crate) struct Zones {
    zones: BTreeMap<Box<[u8]>, Arc<Zone>>,
    pointers: Arc<BTreeMap<IpAddr, BTreeSet<Pointer>>>,
}

/// What our zones say to a question.
#[derive(Debug, Default)]
pub(crate) struct Verdict<'a> {
    /// Answer section: the CNAMEs followed, then the records asked for.
    pub(crate) answers: Vec<Cow<'a, Record>>,
    /// Addresses of a name server that was answered.
    pub(crate) additionals: Vec<Cow<'a, Record>>,
    /// What the last name of the chain came to.
    pub(crate) end: End,
}

/// How a question ends.
#[derive(Debug, Default)]
pub(crate) enum End {
    /// The answer section holds it.
    #[default]
    Answered,
    /// The name exists without this type; with the zone's SOA.
    NoData(Option<Record>),
    /// The name does not exist; with the zone's SOA.
    NoName(Record),
    /// Not ours to answer.
    Elsewhere {
        /// Whom to ask for: the name in the question, or where its CNAME leads.
        name: Name,
        /// The name exists here, if only as parent of others: "no such name" from upstream becomes "no such data".
        exists: Option<Record>,
    },
}

/// Which names may be asked upstream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// Our zones only: whoever signs wants to know what we hold.
    OwnZones,
    /// What we do not hold is elsewhere.
    Everything,
}

impl Zones {
    /// Adds a zone, or replaces the one of that name.
    pub(crate) fn insert(&mut self, zone: Zone) {
        let path = Path::of(zone.apex());
        self.zones.insert(path.octets().into(), Arc::new(zone));
    }

    /// The zone with exactly this apex.
    pub(crate) fn at(&self, apex: &Name) -> Option<&Arc<Zone>> {
        self.zones.get(Path::of(apex).octets())
    }

    /// The closest zone at or above a name.
    pub(crate) fn covering(&self, path: &Path) -> Option<&Arc<Zone>> {
        (0..=path.labels())
            .rev()
            .find_map(|labels| self.zones.get(path.ancestor(labels)))
    }

    /// All zones, in tree order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Arc<Zone>> {
        self.zones.values()
    }

    /// The node of a name, if it has records.
    pub(crate) fn node(&self, name: &Name) -> Option<&Arc<Node>> {
        let path = Path::of(name);
        self.covering(&path)?.node(&path)
    }

    /// Sets every zone's serial.
    pub(crate) fn set_serials(&mut self, serial_of: impl Fn(&Name) -> u32) {
        for zone in self.zones.values_mut() {
            let serial = serial_of(zone.apex());
            if zone.serial() != serial {
                Arc::make_mut(zone).set_serial(serial);
            }
        }
    }

    /// Starts a set of changes, which raises each changed zone's serial once.
    pub(crate) fn edit(&self) -> Edit {
        Edit {
            zones: self.clone(),
            touched: BTreeSet::new(),
        }
    }

    /// Answers a question from our data, following CNAMEs as long as they stay in it.
    pub(crate) fn resolve(&self, asked: &Name, kind: RecordType, scope: Scope) -> Verdict<'_> {
        let mut verdict = Verdict::default();
        let mut name = asked.clone();
        for _ in 0..MAX_CHAIN {
            match self.step(&name, kind, scope, &mut verdict) {
                Step::Follow(target) => name = target,
                Step::End(end) => {
                    verdict.end = end;
                    break;
                }
            }
        }
        verdict
    }

    fn step<'a>(
        &'a self,
        name: &Name,
        kind: RecordType,
        scope: Scope,
        verdict: &mut Verdict<'a>,
    ) -> Step {
        let path = Path::of(name);
        let Some(zone) = self.covering(&path) else {
            return Step::End(self.outside(name, kind, verdict));
        };
        let leave = zone.fallthrough && scope == Scope::Everything;
        let elsewhere = |exists| {
            Step::End(End::Elsewhere {
                name: name.clone(),
                exists,
            })
        };
        let found = zone.find(&path);
        let at_apex = path.labels() == zone.apex().iter().count();
        match found {
            _ if at_apex && kind == RecordType::SOA => {
                verdict.answers.push(Cow::Borrowed(zone.soa()));
                Step::End(End::Answered)
            }
            _ if at_apex && kind == RecordType::NS => {
                verdict.answers.push(Cow::Borrowed(zone.ns()));
                self.add_server_addresses(zone.ns(), verdict);
                Step::End(End::Answered)
            }
            Found::Apex if kind == RecordType::ANY => {
                verdict.answers.push(Cow::Borrowed(zone.soa()));
                Step::End(End::Answered)
            }
            Found::Name(records) => collect(records, kind, zone, verdict, Cow::Borrowed),
            Found::Wildcard(records) => collect(records, kind, zone, verdict, |record| {
                let mut record = record.clone();
                record.name = name.clone();
                Cow::Owned(record)
            }),
            Found::Apex | Found::EmptyNonTerminal if leave => elsewhere(Some(zone.negative_soa())),
            Found::Apex | Found::EmptyNonTerminal => {
                Step::End(End::NoData(Some(zone.negative_soa())))
            }
            Found::Missing if leave => elsewhere(None),
            Found::Missing => Step::End(End::NoName(zone.negative_soa())),
        }
    }

    /// A name outside our zones: only the pointer of an address that we hold is ours.
    fn outside(&self, name: &Name, kind: RecordType, verdict: &mut Verdict<'_>) -> End {
        let elsewhere = End::Elsewhere {
            name: name.clone(),
            exists: None,
        };
        let Some(pointer) = address_of(name).and_then(|address| self.pointer(address)) else {
            return elsewhere;
        };
        if !matches!(kind, RecordType::PTR | RecordType::ANY) {
            return End::NoData(None);
        }
        verdict.answers.push(Cow::Owned(pointer));
        End::Answered
    }

    fn pointer(&self, address: IpAddr) -> Option<Record> {
        let (_, _, target, ttl) = self.pointers.get(&address)?.first()?;
        let data = RData::PTR(PTR(target.clone()));
        Some(Record::from_rdata(Name::from(address), *ttl, data))
    }

    fn add_server_addresses<'a>(&'a self, ns: &Record, verdict: &mut Verdict<'a>) {
        let RData::NS(server) = &ns.data else { return };
        let Some(node) = self.node(&server.0) else {
            return;
        };
        let addresses = node
            .records()
            .iter()
            .filter(|record| address_in(record).is_some());
        verdict.additionals.extend(addresses.map(Cow::Borrowed));
    }
}

#[expect(
    clippy::large_enum_variant,
    reason = "lives on the stack of one lookup; a box would cost an allocation"
)]
enum Step {
    Follow(Name),
    End(End),
}

fn collect<'a>(
    records: &'a [Record],
    kind: RecordType,
    zone: &Zone,
    verdict: &mut Verdict<'a>,
    owned: impl Fn(&'a Record) -> Cow<'a, Record>,
) -> Step {
    let before = verdict.answers.len();
    verdict.answers.extend(of_type(records, kind).map(&owned));
    if verdict.answers.len() > before {
        return Step::End(End::Answered);
    }
    let alias = records.iter().find_map(|record| match &record.data {
        RData::CNAME(target) => Some((record, &target.0)),
        _ => None,
    });
    match alias {
        Some((record, target)) => {
            verdict.answers.push(owned(record));
            Step::Follow(target.clone())
        }
        None => Step::End(End::NoData(Some(zone.negative_soa()))),
    }
}

/// Changes to names, collected so that each zone's serial rises once.
pub(crate) struct Edit {
    zones: Zones,
    touched: BTreeSet<Box<[u8]>>,
}

impl Edit {
    /// The zones with the changes so far.
    pub(crate) const fn zones(&self) -> &Zones {
        &self.zones
    }

    /// Puts what one holder has at a name; no records frees it. False when the name is in no zone of ours.
    pub(crate) fn hold(&mut self, name: &Name, holder: Holder, records: Vec<Record>) -> bool {
        let path = Path::of(name);
        let Some(apex) = self.zones.covering(&path).map(|zone| zone.apex().clone()) else {
            return false;
        };
        let apex = Path::of(&apex);
        let Some(zone) = self.zones.zones.get_mut(apex.octets()) else {
            return false;
        };
        let mut node = zone
            .node(&path)
            .map_or_else(|| Node::new(name.clone()), |node| (**node).clone());
        if node.held_by(&holder) == records {
            return true;
        }
        let before = pointing(&node);
        node.set(holder, records);
        let after = pointing(&node);
        Arc::make_mut(zone).replace(&path, node);
        self.touched.insert(apex.octets().into());
        self.repoint(&before, &after);
        true
    }

    /// The zones as they are now, and the names of those that changed.
    pub(crate) fn finish(mut self) -> (Zones, Vec<Name>) {
        let mut changed = Vec::new();
        for apex in &self.touched {
            if let Some(zone) = self.zones.zones.get_mut(apex) {
                let zone = Arc::make_mut(zone);
                zone.set_serial(zone.serial().wrapping_add(1));
                changed.push(zone.apex().clone());
            }
        }
        (self.zones, changed)
    }

    fn repoint(&mut self, before: &BTreeMap<IpAddr, Pointer>, after: &BTreeMap<IpAddr, Pointer>) {
        let mut addresses = BTreeSet::new();
        let pointers = Arc::make_mut(&mut self.zones.pointers);
        for (address, pointer) in before {
            if let Some(names) = pointers.get_mut(address) {
                names.remove(pointer);
            }
            addresses.insert(*address);
        }
        for (address, pointer) in after {
            pointers
                .entry(*address)
                .or_default()
                .insert(pointer.clone());
            addresses.insert(*address);
        }
        for address in addresses {
            let names = self.zones.pointers.get(&address);
            if names.is_some_and(BTreeSet::is_empty) {
                Arc::make_mut(&mut self.zones.pointers).remove(&address);
            }
            let records = self.zones.pointer(address).into_iter().collect();
            // False where no reverse zone of ours covers the address: then `outside` answers from the pointers.
            self.hold(&Name::from(address), Holder::Derived, records);
        }
    }
}

/// The pointers that a node gives rise to. Wildcards and names with an underscore name no host.
fn pointing(node: &Node) -> BTreeMap<IpAddr, Pointer> {
    let mut labels = node.name.iter();
    let (Some(holder), false) = (
        node.holder(),
        labels.any(|label| label == b"*" || label.starts_with(b"_")),
    ) else {
        return BTreeMap::new();
    };
    let depth = node.name.iter().count();
    node.records()
        .iter()
        .filter_map(|record| {
            let pointer = (
                Reverse(holder.clone()),
                Reverse(depth),
                node.name.to_lowercase(),
                record.ttl,
            );
            Some((address_in(record)?, pointer))
        })
        .collect()
}

/// The address in an A or AAAA record.
pub(crate) fn address_in(record: &Record) -> Option<IpAddr> {
    match &record.data {
        RData::A(a) => Some(IpAddr::V4(a.0)),
        RData::AAAA(aaaa) => Some(IpAddr::V6(aaaa.0)),
        _ => None,
    }
}

/// The address whose reverse name this is (RFC 1035, 3.5; RFC 3596, 2.5).
fn address_of(name: &Name) -> Option<IpAddr> {
    let prefix = name.parse_arpa_name().ok()?;
    (prefix.prefix_len() == prefix.max_prefix_len()).then(|| prefix.addr())
}
