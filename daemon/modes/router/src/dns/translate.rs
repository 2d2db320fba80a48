//! From the router's settings to what DNS works with.

use std::{
    collections::BTreeSet,
    net::{IpAddr, SocketAddr},
    str::FromStr,
    time::SystemTime,
};

use ::dns::{Grant, Key, LeaseName, Pattern, ZoneGrant, ZoneSettings};
use admin::types::LeaseStatus;
use anyhow::Context;
use config::router::{Cluster, RecordData, Upstream};
use hickory_proto::rr::{
    Name, RData,
    rdata::{A, AAAA, CNAME, TXT},
};
use ipnet::IpNet;
use names::Resolver;

use crate::{keys, settings::Settings};

const DNS_PORT: u16 = 53;

/// Zones, names, grants and clients.
pub(super) fn settings(settings: &Settings) -> anyhow::Result<::dns::Settings> {
    let config = &settings.config;
    let domain = name(&config.domain)?;
    let zones = config.dns.zones.iter().map(|zone| {
        Ok(ZoneSettings {
            name: name(&zone.name)?,
            fallthrough: zone.fallthrough,
        })
    });
    let records = config.dns.records.iter().map(|record| {
        let data = match &record.data {
            RecordData::A(address) => RData::A(A(*address)),
            RecordData::Aaaa(address) => RData::AAAA(AAAA(*address)),
            RecordData::Cname(target) => RData::CNAME(CNAME(name(target)?)),
            RecordData::Txt(text) => RData::TXT(TXT::new(vec![text.clone()])),
        };
        Ok((name(&record.name)?, data))
    });
    let grants = config
        .clusters
        .iter()
        .filter_map(|cluster| Some((cluster, settings.keys.get(&cluster.name)?)))
        .map(|(cluster, key)| grant(settings, cluster, *key));
    Ok(::dns::Settings {
        server: name(&format!("{}.{}", config.hostname, config.domain))?,
        addresses: config
            .lans
            .iter()
            .map(|lan| IpAddr::V4(lan.address.addr()))
            .collect(),
        zones: zones.collect::<anyhow::Result<_>>()?,
        records: records.collect::<anyhow::Result<_>>()?,
        grants: grants.collect::<anyhow::Result<_>>()?,
        clients: clients(settings),
        domain,
    })
}

fn grant(settings: &Settings, cluster: &Cluster, key: keys::Key) -> anyhow::Result<Grant> {
    let lans = &settings.config.lans;
    let zones = cluster.zones.iter().map(|zone| {
        let names = zone
            .names
            .iter()
            .map(|pattern| Ok(Pattern::from_str(pattern)?));
        Ok(ZoneGrant {
            zone: name(&zone.name)?,
            names: names.collect::<anyhow::Result<_>>()?,
        })
    });
    let addresses = lans
        .iter()
        .map(|lan| format!("address={}", lan.address.addr()));
    let ranges = lans.iter().map(|lan| format!("dhcp={}", lan.dhcp.range));
    let pools = cluster.pools.iter().map(|pool| format!("pool={pool}"));
    let zone_names = cluster
        .zones
        .iter()
        .map(|zone| format!("zone={}", zone.name));
    Ok(Grant {
        key: Key::derive(&key.octets(), &cluster.name)
            .with_context(|| format!("use the key of cluster {}", cluster.name))?,
        zones: zones.collect::<anyhow::Result<_>>()?,
        facts: addresses
            .chain(ranges)
            .chain(pools)
            .chain(zone_names)
            .collect(),
    })
}

/// Whoever may ask: the LANs, the trusted side of the uplink, and this host.
fn clients(settings: &Settings) -> Vec<IpNet> {
    let config = &settings.config;
    let lans = config.lans.iter().map(|lan| lan.address.trunc());
    let trusted = config
        .uplink
        .iter()
        .flat_map(|uplink| uplink.trusted.iter().copied());
    let this_host = ipnet::Ipv4Net::new_assert(std::net::Ipv4Addr::new(127, 0, 0, 0), 8);
    lans.chain(trusted)
        .chain([this_host])
        .map(IpNet::V4)
        .collect()
}

/// Addresses to listen on: those of the LANs, and the uplink's when somebody there is trusted.
pub(super) fn listen(settings: &Settings) -> BTreeSet<SocketAddr> {
    let config = &settings.config;
    let lans = config.lans.iter().map(|lan| lan.address.addr());
    let is_trusted = config
        .uplink
        .as_ref()
        .is_some_and(|uplink| !uplink.trusted.is_empty());
    let uplink = settings
        .uplink_address
        .filter(|_| is_trusted)
        .map(|address| address.addr());
    lans.chain(uplink)
        .map(|address| SocketAddr::new(IpAddr::V4(address), DNS_PORT))
        .collect()
}

/// Resolvers to ask.
pub(super) fn resolvers(settings: &Settings) -> Vec<Resolver> {
    upstream(settings)
        .map(|upstream| match upstream {
            Upstream::Plain(address) => Resolver::Plain(*address),
            Upstream::Tls { address, name } => Resolver::Tls {
                address: *address,
                name: name.clone(),
            },
        })
        .collect()
}

/// Resolvers as the configuration writes them.
pub(super) fn upstream_texts(settings: &Settings) -> Vec<String> {
    upstream(settings).map(ToString::to_string).collect()
}

/// What the configuration names, without ourselves: that would go round for ever.
fn upstream(settings: &Settings) -> impl Iterator<Item = &Upstream> {
    let own = listen(settings);
    let named = settings.config.dns.upstream.iter();
    named.filter(
        move |upstream| !matches!(upstream, Upstream::Plain(address) if own.contains(address)),
    )
}

/// Names that the leases of all LANs ask for.
pub(super) fn leases(report: &crate::lans::Report) -> Vec<LeaseName> {
    let lans = report.status(SystemTime::now()).into_iter();
    lans.flat_map(|lan| lan.leases)
        .filter_map(lease_name)
        .collect()
}

/// The name of one, while the lease lasts. A reservation's name stands whether or not its host is there.
fn lease_name(lease: LeaseStatus) -> Option<LeaseName> {
    let is_leased = lease.expires_in_secs.is_some_and(|left| left > 0);
    if !is_leased && !lease.reserved {
        return None;
    }
    Some(LeaseName {
        name: lease.hostname?,
        address: lease.address,
        reserved: lease.reserved,
    })
}

fn name(text: &str) -> anyhow::Result<Name> {
    let mut name = Name::from_ascii(text).with_context(|| format!("use the name {text}"))?;
    name.set_fqdn(true);
    Ok(name)
}

#[cfg(test)]
mod tests;
