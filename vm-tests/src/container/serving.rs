//! Whether the router serves the laptop, looked at from the laptop.

use std::time::Duration;

use super::lxc::{self, PART};
use crate::lab::{
    Lab, dhcp_client,
    failure::{Failure, expected},
    page, probe,
    www::{self, ROUTER},
};

/// It looks for other DHCP servers before it serves again.
const BACK: Duration = Duration::from_secs(20);

/// DNS answers, and a lease is given: the laptop forgets its own first.
pub(super) fn serves(lab: &mut Lab) -> Result<String, Failure> {
    resolves(lab)?;
    lab.parts.remove("laptop-dhcp");
    let laptop = lab.machine("laptop")?;
    laptop.succeed("ip", &["address", "flush", "dev", "eth0"])?;
    std::fs::write(laptop.directory().join("etc/resolv.conf"), "").map_err(anyhow::Error::from)?;
    Ok(www::take_lease(lab, "laptop")?.address)
}

/// DNS answers again.
pub(super) fn resolves(lab: &Lab) -> Result<(), Failure> {
    let laptop = lab.machine("laptop")?;
    lab.eventually(BACK, "router.home.arpa from the router", PART, || {
        let found = probe::resolve(laptop, ROUTER, "router.home.arpa")?;
        if found == [ROUTER] {
            Ok(())
        } else {
            Err(found.join(", "))
        }
    })
}

/// NAT works: a page of the Internet.
pub(super) fn reaches_internet(lab: &Lab) -> Result<(), Failure> {
    let laptop = lab.machine("laptop")?;
    lab.eventually(BACK, "the Internet's page on the laptop", PART, || {
        page::fetch(laptop, "http://198.51.100.80/").map(|_| ())
    })
}

/// The router gives leases out again.
pub(super) fn gives_leases(lab: &Lab) -> Result<(), Failure> {
    lab.eventually(BACK, "DHCP to be served", PART, || {
        let status = www::router_status(lab).map_err(|failure| failure.seen)?;
        match status.dhcp.iter().find(|dhcp| dhcp.state != "serving") {
            None if !status.dhcp.is_empty() => Ok(()),
            other => Err(format!("{:?}", other.map(|dhcp| &dhcp.state))),
        }
    })
}

/// `lanlord status` inside lists a problem with all of these words.
pub(super) fn tells(lab: &Lab, words: &[&str]) -> Result<String, Failure> {
    let what = format!("the status to tell of {}", words.join(" and "));
    lab.eventually(BACK, &what, PART, || {
        let text = lxc::exec_ok(lab, &["status"]).map_err(|error| format!("{error:#}"))?;
        text.lines()
            .find(|line| words.iter().all(|word| line.contains(word)))
            .map(|line| line.trim().to_owned())
            .ok_or(text)
    })
}

/// Leases that are held, by address and name.
pub(super) fn leases(lab: &Lab) -> Result<Vec<String>, Failure> {
    let status = www::router_status(lab)?;
    let mut found: Vec<String> = status
        .dhcp
        .iter()
        .flat_map(|dhcp| &dhcp.leases)
        .filter(|lease| lease.expires_in_secs.is_some())
        .map(|lease| format!("{} {}", lease.address, lease.mac))
        .collect();
    found.sort();
    if found.is_empty() {
        return Err(expected("leases", "none").part(PART));
    }
    Ok(found)
}

/// The laptop's address by DHCP.
pub(super) fn laptop_address(lab: &Lab) -> Result<String, Failure> {
    let lease = dhcp_client::lease(lab.machine("laptop")?);
    Ok(lease
        .map_err(|seen| expected("the laptop's lease", &seen))?
        .address)
}
