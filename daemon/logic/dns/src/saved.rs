//! What outlives a restart: the names that clusters put into our zones, and the zones' serials.
//!
//! Written as JSON by the caller, one document per zone, in words that a person can read.

use std::{collections::BTreeMap, str::FromStr};

use hickory_proto::rr::{
    Name, RData, Record, RecordType,
    rdata::{A, AAAA, CNAME, TXT},
};
use serde::{Deserialize, Serialize};

use crate::zone::{Holder, Zone};

/// The dynamic contents of one or more zones.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Saved {
    zones: BTreeMap<String, SavedZone>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct SavedZone {
    serial: u32,
    /// By key and name.
    names: BTreeMap<String, BTreeMap<String, Vec<SavedRecord>>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct SavedRecord {
    ttl: u32,
    #[serde(flatten)]
    data: SavedData,
}

/// The types that an update may write.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", content = "value")]
enum SavedData {
    A(std::net::Ipv4Addr),
    #[serde(rename = "AAAA")]
    Aaaa(std::net::Ipv6Addr),
    #[serde(rename = "CNAME")]
    Cname(String),
    /// Octets outside printable ASCII are written as `\DDD` (RFC 1035, 5.1).
    #[serde(rename = "TXT")]
    Txt(Vec<String>),
}

impl Saved {
    pub(crate) fn of<'a>(zones: impl IntoIterator<Item = &'a Zone>) -> Self {
        let zones = zones
            .into_iter()
            .map(|zone| (zone.apex().to_ascii(), SavedZone::of(zone)))
            .filter(|(_, zone)| !zone.names.is_empty())
            .collect();
        Self { zones }
    }

    /// Adds what another document holds.
    pub fn merge(&mut self, other: Self) {
        self.zones.extend(other.zones);
    }

    /// Whether there is nothing to keep.
    pub fn is_empty(&self) -> bool {
        self.zones.is_empty()
    }

    pub(crate) fn serial(&self, apex: &Name) -> Option<u32> {
        self.zones.get(&apex.to_ascii()).map(|zone| zone.serial)
    }

    /// Key, name and records; what does not read is left out.
    pub(crate) fn names(&self) -> impl Iterator<Item = (Name, Name, Vec<Record>)> {
        self.zones.values().flat_map(|zone| {
            zone.names.iter().flat_map(|(key, names)| {
                names.iter().filter_map(move |(name, records)| {
                    let key = Name::from_ascii(key).ok()?;
                    let name = Name::from_ascii(name).ok()?;
                    let records = records.iter().filter_map(|record| record.read(&name));
                    Some((key, name.clone(), records.collect()))
                })
            })
        })
    }
}

impl SavedZone {
    fn of(zone: &Zone) -> Self {
        let mut names: BTreeMap<String, BTreeMap<String, Vec<SavedRecord>>> = BTreeMap::new();
        for node in zone.nodes() {
            for (holder, records) in node.holders() {
                let Holder::Cluster(key) = holder else {
                    continue;
                };
                let records = records.iter().filter_map(SavedRecord::of).collect();
                names
                    .entry(key.to_ascii())
                    .or_default()
                    .insert(node.name.to_ascii(), records);
            }
        }
        Self {
            serial: zone.serial(),
            names,
        }
    }
}

impl SavedRecord {
    fn of(record: &Record) -> Option<Self> {
        let data = match &record.data {
            RData::A(a) => SavedData::A(a.0),
            RData::AAAA(aaaa) => SavedData::Aaaa(aaaa.0),
            RData::CNAME(target) => SavedData::Cname(target.0.to_ascii()),
            RData::TXT(txt) => {
                SavedData::Txt(txt.txt_data.iter().map(|text| escape(text)).collect())
            }
            _ => return None,
        };
        Some(Self {
            ttl: record.ttl,
            data,
        })
    }

    fn read(&self, name: &Name) -> Option<Record> {
        let data = match &self.data {
            SavedData::A(address) => RData::A(A(*address)),
            SavedData::Aaaa(address) => RData::AAAA(AAAA(*address)),
            SavedData::Cname(target) => RData::CNAME(CNAME(Name::from_str(target).ok()?)),
            SavedData::Txt(texts) => {
                let octets: Option<Vec<Vec<u8>>> =
                    texts.iter().map(|text| unescape(text)).collect();
                let octets = octets?;
                RData::TXT(TXT::from_bytes(octets.iter().map(Vec::as_slice).collect()))
            }
        };
        debug_assert!(data.record_type() != RecordType::ZERO);
        Some(Record::from_rdata(name.clone(), self.ttl, data))
    }
}

fn escape(octets: &[u8]) -> String {
    octets
        .iter()
        .map(|octet| match octet {
            b'\\' => "\\\\".to_string(),
            b' '..=b'~' => char::from(*octet).to_string(),
            other => format!("\\{other:03}"),
        })
        .collect()
}

fn unescape(text: &str) -> Option<Vec<u8>> {
    let mut octets = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        rest = tail;
        if first != b'\\' {
            octets.push(first);
        } else if let Some(tail) = rest.strip_prefix(b"\\") {
            octets.push(b'\\');
            rest = tail;
        } else {
            let (digits, tail) = rest.split_at_checked(3)?;
            octets.push(std::str::from_utf8(digits).ok()?.parse().ok()?);
            rest = tail;
        }
    }
    Some(octets)
}

#[cfg(test)]
mod tests;
