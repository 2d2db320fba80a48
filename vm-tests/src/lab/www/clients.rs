//! Machines on vmbr1 that get everything from the router: addresses, resolver, gateway, names.

use std::time::Duration;

use super::{PAGE, ROUTER, SOON, WORKERS, uplink};
use crate::lab::{
    Lab,
    dhcp_client::{self, Lease},
    failure::{Failure, expected},
    page, probe,
    step::Outcome,
};

/// A stock client's first retry comes after a few seconds.
const LEASE: Duration = Duration::from_secs(15);

/// Machines with a reserved address: the nodes and the client.
const RESERVED: [(&str, &str); 4] = [
    ("talos-1", "192.168.1.201/24"),
    ("talos-2", "192.168.1.202/24"),
    ("talos-3", "192.168.1.203/24"),
    ("talos-client", "192.168.1.204/24"),
];

/// The reserved address of a machine, with its prefix length; empty for one that has none.
pub fn reserved(name: &str) -> &'static str {
    RESERVED
        .iter()
        .find(|(machine, _)| *machine == name)
        .map_or("", |(_, address)| address)
}

/// The reserved address of a machine.
pub fn address_of(name: &str) -> &'static str {
    reserved(name).split('/').next().unwrap_or_default()
}

/// All of them get theirs; guests do that while they boot.
pub(super) fn nodes_take_leases(lab: &mut Lab) -> Outcome {
    let mut machines = RESERVED.map(|(machine, _)| machine).to_vec();
    machines.retain(|machine| !lab.is_guest(machine));
    take_leases(lab, &machines)
}

/// Those of `machines` that have a reserved address get it, by the stock client.
pub fn take_leases(lab: &mut Lab, machines: &[&str]) -> Outcome {
    let reserved: Vec<_> = RESERVED
        .into_iter()
        .filter(|(machine, _)| machines.contains(machine))
        .collect();
    for (machine, _) in &reserved {
        dhcp_client::start(lab, machine)?;
    }
    for (machine, address) in &reserved {
        let lease = await_lease(lab, machine)?;
        if lease.address != *address {
            let what = format!("{machine} to get its reserved {address}");
            return Err(expected(&what, &lease.address).part("router-lanlord"));
        }
    }
    let names: Vec<&str> = reserved.iter().map(|(machine, _)| *machine).collect();
    Ok(format!(
        "{} have their reserved addresses of .201 to .204 ({})",
        names.join(", "),
        lab.dhcp_client
    ))
}

/// The laptop gets one of the range, with router and resolver.
pub(super) fn laptop_takes_lease(lab: &mut Lab) -> Outcome {
    let lease = take_lease(lab, "laptop")?;
    let address = lease.address.split('/').next().unwrap_or_default();
    let last: u8 = address
        .strip_prefix("192.168.1.")
        .and_then(|octet| octet.parse().ok())
        .unwrap_or_default();
    if !(20..=99).contains(&last) || lease.router != ROUTER || lease.resolver != ROUTER {
        let what = format!("an address of 192.168.1.20-.99, router and resolver {ROUTER}");
        return Err(expected(&what, &format!("{lease:?}")).part("router-lanlord"));
    }
    Ok(format!(
        "laptop has {address} from {} ({})",
        lease.router, lab.dhcp_client
    ))
}

/// Starts the stock client on a machine and waits for its lease.
pub fn take_lease(lab: &mut Lab, machine: &str) -> Result<Lease, Failure> {
    dhcp_client::start(lab, machine)?;
    await_lease(lab, machine)
}

fn await_lease(lab: &Lab, machine: &str) -> Result<Lease, Failure> {
    let target = lab.machine(machine)?;
    let part = format!("{machine}-dhcp");
    lab.eventually(LEASE, &format!("a lease on {machine}"), &part, || {
        dhcp_client::lease(target)
    })
}

/// The Ingress's host has the VIP's address on the router, pushed there by the lease holder.
pub(super) fn name_resolves(lab: &mut Lab) -> Outcome {
    let laptop = lab.machine("laptop")?;
    let found = lab.eventually(
        SOON,
        "www.example.com to resolve to 10.10.10.10",
        "talos-1-lanlord",
        || {
            let found = probe::resolve(laptop, ROUTER, "www.example.com")?;
            if found == ["10.10.10.10"] {
                Ok(found)
            } else {
                Err(found.join(", "))
            }
        },
    )?;
    Ok(format!(
        "www.example.com is {} at the laptop's resolver",
        found.join(", ")
    ))
}

/// The main job.
pub(super) fn laptop_gets_page(lab: &mut Lab) -> Outcome {
    let laptop = lab.machine("laptop")?;
    let page = lab.eventually(
        SOON,
        &format!("{PAGE} from a worker"),
        "router-lanlord",
        || page::fetch(laptop, PAGE),
    )?;
    if !WORKERS.contains(&page.server.as_str()) {
        return Err(expected(
            "a worker's name on the page",
            &format!("{page:?}"),
        ));
    }
    Ok(format!(
        "laptop gets {PAGE}: 200, served by {}",
        page.server
    ))
}

/// The Internet sees the router's address.
pub(super) fn laptop_reaches_internet(lab: &mut Lab) -> Outcome {
    let laptop = lab.machine("laptop")?;
    let page = page::fetch(laptop, "http://www.example.net/")
        .map_err(|seen| expected("the Internet's page", &seen).part("router-lanlord"))?;
    if page.client != super::ROUTER_UPLINK {
        return Err(
            expected("the Internet to see 203.0.113.2", &format!("{page:?}"))
                .part("router-lanlord"),
        );
    }
    Ok(format!(
        "laptop gets http://www.example.net/ through NAT: it sees {}",
        page.client
    ))
}

/// By name, not by type: outside the zone, and within it where the zone lacks the name.
pub(super) fn other_names_are_forwarded(lab: &mut Lab) -> Outcome {
    let laptop = lab.machine("laptop")?;
    for (name, address) in [
        ("www.example.net", uplink::WEB),
        ("mail.example.com", "198.51.100.25"),
    ] {
        let found = probe::resolve(laptop, ROUTER, name)
            .map_err(|seen| expected(address, &seen).part("router-lanlord"))?;
        if found != [address] {
            return Err(
                expected(&format!("{name} to be {address}"), &found.join(", "))
                    .part("router-lanlord"),
            );
        }
    }
    Ok(
        "www.example.net and mail.example.com, which no zone here holds, come from upstream"
            .to_owned(),
    )
}

/// Leases and static records are names in the router's domain.
pub(super) fn leases_have_names(lab: &mut Lab) -> Outcome {
    let laptop = lab.machine("laptop")?;
    let own = dhcp_client::lease(laptop).map_err(|seen| expected("the laptop's lease", &seen))?;
    let own = own.address.split('/').next().unwrap_or_default().to_owned();
    for (name, address) in [
        ("talos-2.home.arpa", "192.168.1.202"),
        ("talos-client.home.arpa", "192.168.1.204"),
        ("nas.home.arpa", "192.168.1.10"),
        ("router.home.arpa", ROUTER),
        ("laptop.home.arpa", &own),
    ] {
        lab.eventually(
            SOON,
            &format!("{name} to be {address}"),
            "router-lanlord",
            || {
                let found = probe::resolve(laptop, ROUTER, name)?;
                if found == [address] {
                    Ok(())
                } else {
                    Err(found.join(", "))
                }
            },
        )?;
    }
    Ok(format!(
        "laptop.home.arpa is {own}, and talos-2, talos-client, router and nas have names too"
    ))
}
