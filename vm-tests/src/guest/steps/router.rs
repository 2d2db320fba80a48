//! The router as a guest: the template's root filesystem, its `/sbin/init` as PID 1.

use std::time::{Duration, Instant};

use admin::types::RouterStatus;

use crate::{
    guest::{Guest, prepare},
    lab::{
        Lab, dhcp_client,
        failure::{Failure, expected},
        page, probe,
        step::Outcome,
        www::{self, PAGE, ROUTER},
    },
};

const NAME: &str = "router";
/// An emulated router that starts again, until its first page.
const BACK: Duration = Duration::from_secs(25);

/// From power-on to leases.
pub(super) fn boot(lab: &mut Lab) -> Outcome {
    if !lab.is_guest(NAME) {
        return Err(expected(
            "the router among the guests",
            &lab.guests.join(", "),
        ));
    }
    let prepared = prepare(&lab.lanlord)?;
    let guest = Guest::of(&lab.site, NAME);
    let boot = prepared.router(lab, guest.directory())?;
    let begin = Instant::now();
    guest.start(lab, &boot)?;
    let agent = guest.await_agent(lab)?;
    let status = www::await_serving(lab, &guest.part())?;
    let key = guest.succeed("/sbin/init", &["router", "key", "show", "--cluster", "lab"])?;
    lab.manifests.write_router_secret(ROUTER, &key)?;
    Ok(format!(
        "guest {NAME}: /sbin/init of the template {agent:.1} s after its kernel began, ready {:.1} s after power-on; {}",
        begin.elapsed().as_secs_f32(),
        www::serves(&status)
    ))
}

/// `pct reboot`: PID 1 is told, and begins everything again.
pub(super) fn restarted_router_remembers(lab: &mut Lab) -> Outcome {
    let guest = Guest::of(&lab.site, NAME);
    let took = survives(lab, || {
        guest.succeed("lab", &["in-guest", "restart"]).map(drop)
    })?;
    Ok(format!(
        "router told to restart: leases and names are there and the laptop has its page after {took:.1} s"
    ))
}

/// The reset button: what was acknowledged is on the disk.
pub(super) fn router_without_power_remembers(lab: &mut Lab) -> Outcome {
    let guest = Guest::of(&lab.site, NAME);
    let took = survives(lab, || guest.reset())?;
    Ok(format!(
        "router without power for a moment: leases and names are there and the laptop has its page after {took:.1} s"
    ))
}

/// Does it to the router, and waits until everything is as before; seconds until the laptop's page.
fn survives(lab: &Lab, end_it: impl FnOnce() -> anyhow::Result<()>) -> Result<f32, Failure> {
    let guest = Guest::of(&lab.site, NAME);
    let part = guest.part();
    let laptop = lab.machine("laptop")?;
    let before = leases(&www::router_status(lab)?);
    let uptime = guest.uptime()?;
    let begin = Instant::now();
    end_it()?;
    lab.eventually(BACK, "the router to have started anew", &part, || {
        match guest.uptime() {
            // A clock that runs on is that of the old kernel.
            Ok(now) if now < uptime => Ok(()),
            Ok(now) => Err(format!("up for {now} s, since before")),
            Err(error) => Err(format!("{error:#}")),
        }
    })?;
    let status = lab.eventually(BACK, "the router to serve leases", &part, || {
        www::router_status(lab)
            .map_err(|failure| failure.seen)
            .and_then(|status| {
                let serving = status.dhcp.iter().all(|dhcp| dhcp.state == "serving");
                let silent = status.dhcp.is_empty() || !serving || status.firewall.is_err();
                (!silent)
                    .then_some(status)
                    .ok_or_else(|| "not yet".to_owned())
            })
    })?;
    let after = leases(&status);
    if before != after {
        let what = format!("the leases {before:?}");
        return Err(expected(&what, &format!("{after:?}")).part(&part));
    }
    let page = lab.eventually(BACK, "the laptop to get its page", &part, || {
        page::fetch(laptop, PAGE)
    })?;
    let took = begin.elapsed().as_secs_f32();
    let lease = dhcp_client::lease(laptop).map_err(|seen| expected("the laptop's lease", &seen))?;
    let own = lease.address.split('/').next().unwrap_or_default();
    for (name, address) in [
        ("www.example.com", "10.10.10.10"),
        ("laptop.home.arpa", own),
    ] {
        let found = probe::resolve(laptop, ROUTER, name).unwrap_or_else(|seen| vec![seen]);
        if found != [address] {
            let what = format!("{name} to be {address} after the restart");
            return Err(expected(&what, &found.join(", ")).part(&part));
        }
    }
    if !www::WORKERS.contains(&page.server.as_str()) {
        return Err(expected(
            "a worker's name on the page",
            &format!("{page:?}"),
        ));
    }
    Ok(took)
}

/// Addresses and names of leases that are held.
fn leases(status: &RouterStatus) -> Vec<(String, String)> {
    let mut found: Vec<_> = status
        .dhcp
        .iter()
        .flat_map(|dhcp| &dhcp.leases)
        .filter(|lease| lease.expires_in_secs.is_some())
        .map(|lease| {
            (
                lease.address.to_string(),
                lease.hostname.clone().unwrap_or_default(),
            )
        })
        .collect();
    found.sort();
    found
}
