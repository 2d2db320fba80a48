//! Names that DHCP clients bring along.

use std::{collections::BTreeMap, net::IpAddr};

use hickory_proto::rr::{
    Name, RData, Record,
    rdata::{A, AAAA},
};

/// TTL of a lease's name: short, because a released address may soon belong to another host.
const LEASE_TTL_SECS: u32 = 60;
/// Longest label (RFC 1035, 2.3.4).
const MAX_LABEL_OCTETS: usize = 63;
/// Names that change how a whole LAN reaches the Internet, or that software trusts blindly: no client may bring them, and
/// whoever wants one on purpose writes a `[[dns.record]]`.
const FORBIDDEN: [&str; 5] = ["wpad", "isatap", "localhost", "gateway", "router"];

/// A name that a lease or reservation asks for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LeaseName {
    /// As the client or the reservation says it: `laptop`, `Laptop.home.arpa`, or anything else from the wire.
    pub name: String,
    /// Address of the lease.
    pub address: IpAddr,
    /// From a reservation: counts more than a name that a client brings.
    pub reserved: bool,
}

/// The records of the names that may stand. Among clients that bring the same name the lowest address wins, one of each
/// family, so that the answer does not change from question to question.
pub(crate) fn records(
    domain: &Name,
    server: &Name,
    leases: &[LeaseName],
) -> BTreeMap<Name, Vec<Record>> {
    let mut sorted: Vec<&LeaseName> = leases.iter().collect();
    sorted.sort_by_key(|lease| (!lease.reserved, lease.address));
    let mut names: BTreeMap<Name, (bool, Vec<Record>)> = BTreeMap::new();
    for lease in sorted {
        let Some(name) = host_name(&lease.name)
            .and_then(|label| Name::from_ascii(label).ok()?.append_domain(domain).ok())
        else {
            continue;
        };
        if name == *server {
            continue;
        }
        let (reserved, records) = names
            .entry(name.clone())
            .or_insert_with(|| (lease.reserved, Vec::new()));
        let data = match lease.address {
            IpAddr::V4(v4) => RData::A(A(v4)),
            IpAddr::V6(v6) => RData::AAAA(AAAA(v6)),
        };
        let record = Record::from_rdata(name, LEASE_TTL_SECS, data);
        let taken = records
            .iter()
            .any(|other| other.record_type() == record.record_type());
        if *reserved == lease.reserved && !taken {
            records.push(record);
        }
    }
    names
        .into_iter()
        .map(|(name, (_, records))| (name, records))
        .collect()
}

/// The label that a client's name comes to: its first one, letters, digits and inner hyphens only (RFC 952, 1123), in
/// lower case.
fn host_name(text: &str) -> Option<String> {
    let label = text
        .split('.')
        .next()
        .unwrap_or_default()
        .to_ascii_lowercase();
    let is_plain = label
        .bytes()
        .all(|octet| octet.is_ascii_alphanumeric() || octet == b'-');
    let is_framed = !label.starts_with('-') && !label.ends_with('-');
    let is_allowed = !FORBIDDEN.contains(&label.as_str());
    let fits = (1..=MAX_LABEL_OCTETS).contains(&label.len());
    (is_plain && is_framed && is_allowed && fits).then_some(label)
}

#[cfg(test)]
mod tests;
