//! `[dns]`: upstream resolvers, zones and records.

use std::{
    collections::BTreeMap,
    net::{IpAddr, SocketAddr},
};

use toml::Spanned;

use super::{Cluster, Dns, Record, RecordData, Upstream, Zone, raw};
use crate::{faults::Faults, syntax};

const DNS_PORT: u16 = 53;
const DNS_OVER_TLS_PORT: u16 = 853;
/// Longest character-string of a TXT record (RFC 1035, 3.3).
const TXT_MAX: usize = 255;

pub(super) fn resolve(
    raw: Option<&raw::Dns>,
    domain: &str,
    clusters: &[Cluster],
    faults: &mut Faults<'_>,
) -> Dns {
    let none = raw::Dns::default();
    let raw = raw.unwrap_or(&none);
    let upstream = match &raw.upstream {
        Some(list) => faults
            .parse_all("dns.upstream", list, upstream)
            .into_iter()
            .map(|(upstream, _)| upstream)
            .collect(),
        None => default_upstream(),
    };
    let zones = zones(raw.zone.as_deref(), domain, clusters, faults);
    let records = records(&raw.record, &zones, faults);
    Dns {
        upstream,
        zones,
        records,
    }
}

fn default_upstream() -> Vec<Upstream> {
    vec![
        Upstream::Tls {
            address: SocketAddr::from(([9, 9, 9, 9], DNS_OVER_TLS_PORT)),
            name: "dns.quad9.net".to_string(),
        },
        Upstream::Plain(SocketAddr::from(([1, 1, 1, 1], DNS_PORT))),
    ]
}

fn upstream(text: &str) -> Result<Upstream, String> {
    let wrong = || {
        format!(
            "`{text}` is no resolver; write an address such as 1.1.1.1, or tls://9.9.9.9#dns.quad9.net"
        )
    };
    let Some(rest) = text.strip_prefix("tls://") else {
        return address(text, DNS_PORT)
            .map(Upstream::Plain)
            .ok_or_else(wrong);
    };
    let (host, name) = match rest.split_once('#') {
        Some((host, name)) => (host, Some(syntax::domain(name)?)),
        None => (rest, None),
    };
    let address = address(host, DNS_OVER_TLS_PORT).ok_or_else(wrong)?;
    Ok(Upstream::Tls {
        address,
        name: name.unwrap_or_else(|| address.ip().to_string()),
    })
}

fn address(text: &str, port: u16) -> Option<SocketAddr> {
    text.parse::<SocketAddr>().ok().or_else(|| {
        let ip: IpAddr = text
            .trim_start_matches('[')
            .trim_end_matches(']')
            .parse()
            .ok()?;
        Some(SocketAddr::new(ip, port))
    })
}

/// The domain, the written zones, then those that only a cluster names.
fn zones(
    raws: Option<&[raw::Zone]>,
    domain: &str,
    clusters: &[Cluster],
    faults: &mut Faults<'_>,
) -> Vec<Zone> {
    // RFC 8375, 4: names of home.arpa never leave the house. The same holds for any other domain of DHCP names.
    let mut zones = vec![Zone {
        name: domain.to_string(),
        fallthrough: false,
    }];
    let mut written = BTreeMap::new();
    for raw in raws.unwrap_or_default() {
        let Some(name) = faults.parse("dns.zone.name", &raw.name, syntax::domain) else {
            continue;
        };
        if written.insert(name.clone(), ()).is_some() {
            let message = format!("`{name}` is a zone already; write each zone once");
            faults.add(&Some(raw.name.span()), "dns.zone.name", message);
            continue;
        }
        if name == domain {
            zones[0].fallthrough = raw.fallthrough.unwrap_or(false);
            continue;
        }
        zones.push(Zone {
            name,
            fallthrough: raw.fallthrough.unwrap_or(true),
        });
    }
    for zone in clusters.iter().flat_map(|cluster| &cluster.zones) {
        if !zones.iter().any(|held| held.name == zone.name) {
            zones.push(Zone {
                name: zone.name.clone(),
                fallthrough: true,
            });
        }
    }
    zones
}

fn records(raws: &[raw::Record], zones: &[Zone], faults: &mut Faults<'_>) -> Vec<Record> {
    let mut records: Vec<Record> = Vec::new();
    for raw in raws {
        let name = faults.parse("dns.record.name", &raw.name, |text| {
            let name = syntax::record_name(text)?;
            match zones.iter().any(|zone| is_in(&name, &zone.name)) {
                true => Ok(name),
                false => Err(format!(
                    "{name} lies in no zone of this router; add it by [[dns.zone]] with a name such as {}",
                    name.split_once('.').map_or(name.as_str(), |(_, parent)| parent)
                )),
            }
        });
        let (Some(name), Some(data)) = (name, data(raw, faults)) else {
            continue;
        };
        let record = Record { name, data };
        if let Some(message) = conflict(&records, &record) {
            faults.add(&Some(raw.name.span()), "dns.record.name", message);
        }
        records.push(record);
    }
    records
}

/// An alias stands alone (RFC 1034, 3.6.2), and a record is written once.
fn conflict(records: &[Record], record: &Record) -> Option<String> {
    let is_alias = |record: &Record| matches!(record.data, RecordData::Cname(_));
    let other = records.iter().find(|other| {
        other.name == record.name
            && (other.data == record.data || is_alias(other) || is_alias(record))
    })?;
    Some(if other.data == record.data {
        format!(
            "this record of {} is written twice; leave one out",
            record.name
        )
    } else {
        format!(
            "{} has a CNAME beside another record; write the CNAME alone or give the name addresses",
            record.name
        )
    })
}

fn data(raw: &raw::Record, faults: &mut Faults<'_>) -> Option<RecordData> {
    let value: &Spanned<String> = &raw.value;
    const KEY: &str = "dns.record.value";
    match raw.kind.get_ref().as_str() {
        "A" => faults.parse(KEY, value, syntax::ipv4).map(RecordData::A),
        "AAAA" => faults
            .parse(KEY, value, |text| {
                text.parse()
                    .map_err(|_| format!("`{text}` is no IPv6 address such as 2001:db8::10"))
            })
            .map(RecordData::Aaaa),
        "CNAME" => faults
            .parse(KEY, value, syntax::domain)
            .map(RecordData::Cname),
        "TXT" if value.get_ref().len() <= TXT_MAX => Some(RecordData::Txt(value.get_ref().clone())),
        "TXT" => {
            let message = format!(
                "the text has {} octets; write at most {TXT_MAX}",
                value.get_ref().len()
            );
            faults.add(&Some(value.span()), KEY, message);
            None
        }
        other => {
            let known = syntax::one_of(&["A", "AAAA", "CNAME", "TXT"]);
            let message = format!("`{other}` is not served here; write one of {known}");
            faults.add(&Some(raw.kind.span()), "dns.record.type", message);
            None
        }
    }
}

fn is_in(name: &str, zone: &str) -> bool {
    name == zone
        || name
            .strip_suffix(zone)
            .is_some_and(|rest| rest.ends_with('.'))
}
