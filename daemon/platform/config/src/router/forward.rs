//! `[[forward]]`: ports of the uplink address that lead to a host or VIP inside.

use std::net::{IpAddr, SocketAddr, SocketAddrV4};

use toml::Spanned;

use super::{Cluster, Forward, ForwardProtocol, Lan, raw};
use crate::{
    faults::{Faults, Place},
    syntax,
};

pub(super) fn resolve(
    raws: &[Spanned<raw::Forward>],
    lans: &[Lan],
    clusters: &[Cluster],
    faults: &mut Faults<'_>,
) -> Vec<Forward> {
    let mut forwards: Vec<Forward> = Vec::new();
    for raw in raws {
        let raw = raw.get_ref();
        let protocol = faults.parse_or(
            "forward.protocol",
            raw.protocol.as_ref(),
            ForwardProtocol::default,
            protocol,
        );
        let to = faults.parse("forward.to", &raw.to, |text| target(text, lans, clusters));
        let port = *raw.port.get_ref();
        let place: Place = Some(raw.port.span());
        if port == 0 {
            faults.add(
                &place,
                "forward.port",
                "0 is no port; write one from 1 to 65535",
            );
        }
        let (Some(protocol), Some(to)) = (protocol, to) else {
            continue;
        };
        if let Some(other) = forwards
            .iter()
            .find(|other| other.port == port && other.protocol == protocol)
        {
            let message = format!(
                "port {port} leads to {} already; write each port once per protocol",
                other.to
            );
            faults.add(&place, "forward.port", message);
        }
        forwards.push(Forward { protocol, port, to });
    }
    forwards
}

fn protocol(text: &str) -> Result<ForwardProtocol, String> {
    match text {
        "tcp" => Ok(ForwardProtocol::Tcp),
        "udp" => Ok(ForwardProtocol::Udp),
        other => Err(format!("`{other}` is no transport; write tcp or udp")),
    }
}

fn target(text: &str, lans: &[Lan], clusters: &[Cluster]) -> Result<SocketAddrV4, String> {
    let to = match syntax::socket(text)? {
        SocketAddr::V4(to) => to,
        SocketAddr::V6(to) => {
            return Err(format!(
                "{to} is IPv6, which needs no port forward; write an IPv4 address"
            ));
        }
    };
    if to.port() == 0 {
        return Err("0 is no port; write one from 1 to 65535".to_string());
    }
    if lans.iter().any(|lan| lan.address.addr() == *to.ip()) {
        return Err(format!(
            "{} is the router itself, which serves nothing to the uplink; write a host on the LAN or a VIP",
            to.ip()
        ));
    }
    let on_lan = lans.iter().any(|lan| lan.address.trunc().contains(to.ip()));
    let is_vip = clusters
        .iter()
        .flat_map(|cluster| &cluster.pools)
        .any(|pool| pool.contains(to.ip()));
    if on_lan || is_vip {
        return Ok(to);
    }
    Err(format!(
        "{} is neither on a LAN nor in a cluster's pools; write an address of one of them",
        IpAddr::from(*to.ip())
    ))
}
