//! A transferred zone as the client sees it: which names carry our mark, and which addresses stand where.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
};

use dns::OWNER_LABEL;
use hickory_proto::rr::{Name, RData, Record};

/// Names of a zone, in lower case.
#[derive(Debug, Default)]
pub(super) struct Contents {
    /// Names that our mark says are ours.
    pub(super) owned: BTreeSet<Name>,
    /// Addresses and TTLs of every name.
    pub(super) addresses: BTreeMap<Name, BTreeMap<IpAddr, u32>>,
}

impl Contents {
    /// Reads a transfer; `mark` is our mark's text.
    pub(super) fn read(records: &[Record], mark: &str) -> Self {
        let mut contents = Self::default();
        for record in records {
            let name = record.name.to_lowercase();
            match &record.data {
                RData::A(a) => contents.add(name, IpAddr::V4(a.0), record.ttl),
                RData::AAAA(aaaa) => contents.add(name, IpAddr::V6(aaaa.0), record.ttl),
                RData::TXT(texts) if texts.txt_data.concat() == mark.as_bytes() => {
                    contents.owned.extend(marked(&name));
                }
                _ => {}
            }
        }
        contents
    }

    fn add(&mut self, name: Name, address: IpAddr, ttl: u32) {
        self.addresses.entry(name).or_default().insert(address, ttl);
    }
}

/// Where a name's mark stands; none: the name is too long to have one.
pub(super) fn mark_of(name: &Name) -> Option<Name> {
    name.prepend_label(OWNER_LABEL).ok()
}

/// The name that a mark at this place is for.
fn marked(place: &Name) -> Option<Name> {
    let first = place.iter().next()?;
    first
        .eq_ignore_ascii_case(OWNER_LABEL.as_bytes())
        .then(|| place.base_name())
}
