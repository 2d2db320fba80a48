//! `[[cluster]]`: nodes, pools and zones, apart from each other and from what the LAN lends.

use std::collections::BTreeSet;

use ipnet::Ipv4Net;
use model::AddressRange;
use toml::Spanned;

use super::{Cluster, ClusterZone, Lan, Uplink, UplinkAddress, raw};
use crate::{
    faults::{Faults, Place},
    syntax,
};

/// The clusters. Without a `[[cluster]]`, and with the default LAN, that of the README: its key is secret until copied.
pub(super) fn resolve(
    raws: Option<&[Spanned<raw::Cluster>]>,
    lans: &[Lan],
    uplink: Option<&Uplink>,
    faults: &mut Faults<'_>,
) -> Vec<Cluster> {
    let Some(raws) = raws else {
        return default_cluster(lans, uplink).into_iter().collect();
    };
    let mut names = BTreeSet::new();
    let mut pools: Vec<(Ipv4Net, String)> = Vec::new();
    let mut clusters = Vec::new();
    for raw in raws {
        let raw = raw.get_ref();
        let Some(name) = faults.parse("cluster.name", &raw.name, syntax::label) else {
            continue;
        };
        if !names.insert(name.clone()) {
            let message = format!("`{name}` names another cluster already; write another name");
            faults.add(&Some(raw.name.span()), "cluster.name", message);
        }
        let nodes = nodes(raw, lans, faults);
        let mut own = Vec::new();
        for (pool, place) in faults.parse_all("cluster.pools", &raw.pools, syntax::prefix) {
            if let Err(message) = check_pool(pool, &nodes, &pools, lans, uplink) {
                faults.add(&place, "cluster.pools", message);
            }
            pools.push((pool, name.clone()));
            own.push(pool);
        }
        let zones = zones(raw, faults);
        clusters.push(Cluster {
            name,
            nodes,
            pools: own,
            zones,
        });
    }
    clusters
}

fn default_cluster(lans: &[Lan], uplink: Option<&Uplink>) -> Option<Cluster> {
    let subnet = lans.first()?.address.trunc();
    let parse = |text: &str| text.parse::<AddressRange>().ok();
    let pool = Ipv4Net::new_assert([10, 10, 10, 0].into(), 24);
    let fits =
        subnet.to_string() == "192.168.1.0/24" && check_pool(pool, &[], &[], lans, uplink).is_ok();
    fits.then(|| Cluster {
        name: "lab".to_string(),
        nodes: parse("192.168.1.201-192.168.1.203").into_iter().collect(),
        pools: vec![pool],
        zones: vec![ClusterZone {
            name: "example.com".to_string(),
            names: vec!["*".to_string()],
        }],
    })
}

fn nodes(raw: &raw::Cluster, lans: &[Lan], faults: &mut Faults<'_>) -> Vec<AddressRange> {
    let subnets: Vec<_> = lans.iter().map(|lan| lan.address.trunc()).collect();
    let nodes = faults.parse_all("cluster.nodes", &raw.nodes, syntax::ranges);
    let mut kept: Vec<AddressRange> = Vec::new();
    for (range, place) in nodes {
        let holds = |subnet: &Ipv4Net| {
            let all = AddressRange::from(ipnet::IpNet::V4(*subnet));
            all.contains(range.first()) && all.contains(range.last())
        };
        if !subnets.iter().any(holds) {
            let list: Vec<_> = subnets.iter().map(Ipv4Net::to_string).collect();
            let message = format!(
                "{range} lies outside {}; write addresses of nodes on a [[lan]]",
                list.join(" and ")
            );
            faults.add(&place, "cluster.nodes", message);
        }
        if let Some(other) = kept.iter().find(|other| other.overlaps(&range)) {
            let message = format!("{range} overlaps {other}; write each address once");
            faults.add(&place, "cluster.nodes", message);
        }
        kept.push(range);
    }
    kept
}

fn check_pool(
    pool: Ipv4Net,
    nodes: &[AddressRange],
    others: &[(Ipv4Net, String)],
    lans: &[Lan],
    uplink: Option<&Uplink>,
) -> Result<(), String> {
    let overlaps =
        |other: &Ipv4Net| pool.contains(&other.network()) || other.contains(&pool.network());
    if let Some((other, name)) = others.iter().find(|(other, _)| overlaps(other)) {
        return Err(format!(
            "{pool} overlaps {other} of cluster {name}; write prefixes apart from each other"
        ));
    }
    let all = AddressRange::from(ipnet::IpNet::V4(pool));
    if let Some(range) = nodes.iter().find(|range| all.overlaps(range)) {
        return Err(format!(
            "{pool} overlaps the nodes {range}; write a pool apart from them"
        ));
    }
    for lan in lans {
        if all.overlaps(&lan.dhcp.range) {
            return Err(format!(
                "{pool} overlaps the DHCP range {}; write a pool or lan.dhcp.range apart from it",
                lan.dhcp.range
            ));
        }
        if pool.contains(&lan.address.addr()) {
            return Err(format!(
                "{pool} holds the router's own address {}; write a pool without it",
                lan.address.addr()
            ));
        }
        if let Some(taken) = lan
            .reservations
            .iter()
            .find(|reservation| pool.contains(&reservation.address))
        {
            return Err(format!(
                "{pool} holds {}, which is reserved for {}; write a pool without it",
                taken.address,
                taken.name.clone().unwrap_or_else(|| taken.mac.to_string())
            ));
        }
    }
    if let Some(Uplink {
        address: UplinkAddress::Static { address, .. },
        ..
    }) = uplink
        && overlaps(&address.trunc())
    {
        return Err(format!(
            "{pool} overlaps the uplink's subnet {}; write a pool apart from it",
            address.trunc()
        ));
    }
    Ok(())
}

fn zones(raw: &raw::Cluster, faults: &mut Faults<'_>) -> Vec<ClusterZone> {
    let mut seen = BTreeSet::new();
    let mut zones = Vec::new();
    for zone in &raw.zones {
        let Some(name) = faults.parse("cluster.zones.name", &zone.name, syntax::domain) else {
            continue;
        };
        if !seen.insert(name.clone()) {
            let message =
                format!("`{name}` is in this list already; write its patterns in one entry");
            faults.add(&Some(zone.name.span()), "cluster.zones.name", message);
        }
        let names = match &zone.names {
            Some(names) => patterns(names, faults),
            None => vec!["*".to_string()],
        };
        zones.push(ClusterZone { name, names });
    }
    zones
}

fn patterns(names: &[Spanned<String>], faults: &mut Faults<'_>) -> Vec<String> {
    let parsed: Vec<(String, Place)> =
        faults.parse_all("cluster.zones.names", names, syntax::name_pattern);
    parsed.into_iter().map(|(pattern, _)| pattern).collect()
}
