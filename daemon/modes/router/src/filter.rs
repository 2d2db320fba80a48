//! Firewall and NAT: from the settings to the table in the kernel.

use config::router::ForwardProtocol;
use firewall::{FAMILY, Forward, Lan, Network, Port, Ruleset, TABLE, Transport, Uplink};
use kernel::nft::{Nft, NftError};

use crate::settings::Settings;

#[cfg(test)]
mod tests;

/// What [`apply`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The kernel had this very ruleset.
    Unchanged,
    /// It was replaced.
    Replaced,
}

/// Brings the ruleset of these settings into force, unless it is. Connections go on either way: their state is not in
/// the table.
pub(crate) async fn apply(settings: &Settings) -> Result<Outcome, NftError> {
    let nft = Nft::find()?;
    let ruleset = Ruleset::new(&network(settings));
    let listing = nft.list(FAMILY, TABLE).await?;
    if listing.is_some_and(|listing| ruleset.is_in_force(&listing)) {
        return Ok(Outcome::Unchanged);
    }
    for transaction in ruleset.transactions() {
        nft.apply(&transaction).await?;
    }
    Ok(Outcome::Replaced)
}

/// Removes the table; fine where there is none.
pub(crate) async fn remove() -> Result<(), NftError> {
    Nft::find()?.apply(&Ruleset::removal()).await
}

fn network(settings: &Settings) -> Network {
    let dns = |transport| Port {
        transport,
        number: 53,
    };
    let uplink = settings.config.uplink.as_ref();
    let interface = settings.interfaces.uplink.as_ref();
    Network {
        lans: settings
            .lans()
            .map(|(interface, lan)| Lan {
                interface: interface.to_string(),
                address: lan.address,
            })
            .collect(),
        uplink: uplink.zip(interface).map(|(uplink, interface)| Uplink {
            interface: interface.clone(),
            addresses: settings
                .uplink_address
                .iter()
                .map(ipnet::Ipv4Net::addr)
                .collect(),
            trusted: uplink.trusted.iter().copied().collect(),
        }),
        pools: settings.pools().into_iter().map(|(pool, _)| pool).collect(),
        forwards: settings.config.forwards.iter().map(forward).collect(),
        services: [dns(Transport::Udp), dns(Transport::Tcp)].into(),
    }
}

fn forward(forward: &config::router::Forward) -> Forward {
    Forward {
        from: Port {
            transport: match forward.protocol {
                ForwardProtocol::Tcp => Transport::Tcp,
                ForwardProtocol::Udp => Transport::Udp,
            },
            number: forward.port,
        },
        to: forward.to,
    }
}
