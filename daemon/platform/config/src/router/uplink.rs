//! `[uplink]`: the side of the Internet.

use toml::Spanned;

use super::{Lan, Uplink, UplinkAddress, raw};
use crate::{
    faults::{Faults, Place, place_of},
    syntax,
};

/// `Some(None)` where the file says that there is no uplink; `None` after a fault.
pub(super) fn resolve(
    raw: Option<&Spanned<raw::Uplink>>,
    lans: &[Lan],
    faults: &mut Faults<'_>,
) -> Option<Option<Uplink>> {
    let Some(raw) = raw else {
        return Some(Some(Uplink {
            interface: None,
            address: UplinkAddress::Dhcp,
            trusted: Vec::new(),
        }));
    };
    let (raw, table) = (raw.get_ref(), Some(raw.span()));
    let interface = match &raw.interface {
        Some(text) if text.get_ref() == "none" => return Some(None),
        Some(text) => faults.parse("uplink.interface", text, |text| interface(text, lans)),
        None => None,
    };
    let address = address(raw, lans, &table, faults);
    let trusted = faults.parse_all("uplink.trusted", &raw.trusted, syntax::prefix);
    Some(Some(Uplink {
        interface,
        address: address?,
        trusted: trusted.into_iter().map(|(prefix, _)| prefix).collect(),
    }))
}

fn interface(text: &str, lans: &[Lan]) -> Result<String, String> {
    let name = syntax::interface(text)?;
    if lans
        .iter()
        .any(|lan| lan.interface.as_deref() == Some(&name))
    {
        return Err(format!(
            "{name} is a [[lan]]; write another interface, or \"none\" where there is no uplink"
        ));
    }
    Ok(name)
}

fn address(
    raw: &raw::Uplink,
    lans: &[Lan],
    table: &Place,
    faults: &mut Faults<'_>,
) -> Option<UplinkAddress> {
    let is_static = |text: &&Spanned<String>| text.get_ref() != "dhcp";
    let Some(text) = raw.address.as_ref().filter(is_static) else {
        if raw.gateway.is_some() {
            let text = "a gateway needs an address; with address = \"dhcp\" it comes from the network: leave it out";
            faults.add(
                &place_of(raw.gateway.as_ref(), table),
                "uplink.gateway",
                text,
            );
            return None;
        }
        return Some(UplinkAddress::Dhcp);
    };
    let address = faults.parse("uplink.address", text, |text| {
        syntax::host_address(text)
            .map_err(|error| format!("{error}, or \"dhcp\" to take it from the network"))
    })?;
    let subnet = address.trunc();
    for lan in lans {
        let other = lan.address.trunc();
        if subnet.contains(&other.network()) || other.contains(&subnet.network()) {
            let message = format!(
                "{subnet} overlaps the LAN {other}; the two sides need subnets apart from each other"
            );
            faults.add(&Some(text.span()), "uplink.address", message);
        }
    }
    let gateway = match &raw.gateway {
        Some(text) => Some(faults.parse("uplink.gateway", text, |text| {
            let gateway = syntax::ipv4(text)?;
            if !subnet.contains(&gateway) {
                return Err(format!(
                    "{gateway} lies outside {subnet}; write the router of that subnet, such as {}",
                    syntax::nth_host(subnet, 1)
                ));
            }
            if gateway == address.addr() {
                return Err(format!(
                    "{gateway} is the router's own address; write the next router's"
                ));
            }
            Ok(gateway)
        })?),
        None => None,
    };
    Some(UplinkAddress::Static { address, gateway })
}
