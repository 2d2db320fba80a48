//! The VIP's owner is a guest, loses its power, and comes back.

use std::time::{Duration, Instant, SystemTime};

use super::{nodes, wire};
use crate::{
    guest::{Guest, image::NodeImage, prepare},
    kubernetes,
    lab::{
        Lab,
        failure::{Failure, expected},
        page, probe,
        step::Outcome,
        www::{self, PAGE, SOON, VIP, WORKERS},
    },
};

/// The controller manager calls a node NotReady 40 s after its last sign of life; then the VIP moves. Four times as long
/// is waited beside guests.
const UNREACHABLE: Duration = Duration::from_secs(30);
/// A guest that has joined again, with all its processes.
const READY: Duration = Duration::from_secs(30);

/// The owner leaves load balancing for a moment, as its administrator would do it; at the end a guest is the owner.
pub(super) fn vip_makes_planned_moves(lab: &mut Lab) -> Outcome {
    let mut moves = Vec::new();
    let mut owner = www::owner(lab, SOON)?;
    while moves.is_empty() || (!lab.is_guest(owner) && moves.len() < WORKERS.len()) {
        moves.push(move_from(lab, owner)?);
        owner = one_owner(lab)?;
    }
    if !lab.is_guest(owner) {
        return Err(expected("a guest as the VIP's owner", owner));
    }
    Ok(format!(
        "{}; load balancing has all workers again, and {VIP} is at guest {owner}",
        moves.join("; ")
    ))
}

/// Takes a node out of load balancing until somebody else answers, then puts it back.
fn move_from(lab: &Lab, before: &str) -> Result<String, Failure> {
    let begin = SystemTime::now();
    kubernetes::exclude(&lab.site, before, true)?;
    let owner = await_other(lab, before, SOON)?;
    let told = wire::await_announcement(lab, owner, begin)?;
    // Both follow the same API, each in its own time: for a moment both may answer.
    one_owner(lab)?;
    let settled = SystemTime::now();
    await_page_of_anybody(lab, owner)?;
    wire::only_owner_answers(lab, owner, settled)?;
    kubernetes::exclude(&lab.site, before, false)?;
    Ok(format!(
        "{before} left load balancing: {owner} told everybody after {} ms",
        told.as_millis()
    ))
}

/// `quit` on the owner's monitor: nobody says goodbye.
pub(super) fn vip_leaves_guest_without_power(lab: &mut Lab) -> Outcome {
    let before = www::owner(lab, SOON)?;
    if !lab.is_guest(before) {
        return Err(expected("a guest as the VIP's owner", before));
    }
    let cut = SystemTime::now();
    let begin = Instant::now();
    Guest::of(&lab.site, before).cut_power(lab)?;
    let owner = await_other(lab, before, UNREACHABLE)?;
    let moved = begin.elapsed();
    let told = wire::await_announcement(lab, owner, cut)?;
    let settled = SystemTime::now();
    let page = await_page_of_anybody(lab, owner)?;
    if page.server == before {
        return Err(expected(
            "a page of a node that is on",
            &format!("{page:?}"),
        ));
    }
    let heard = www::owner(lab, SOON)?;
    if heard != owner {
        return Err(expected(&format!("{owner} to answer ARP for {VIP}"), heard));
    }
    let answers = wire::only_owner_answers(lab, owner, settled)?;
    Ok(format!(
        "guest {before} without power: {VIP} is at {owner} after {:.1} s (gratuitous ARP on the wire after {:.1} s, {answers} \
         answers since, all its own); page from {}",
        moved.as_secs_f32(),
        told.as_secs_f32(),
        page.server
    ))
}

/// Switched on again, it joins, and its return leaves one owner and the page.
pub(super) fn guest_returns(lab: &mut Lab) -> Outcome {
    let owner = www::owner(lab, SOON)?;
    let Some(name) = WORKERS
        .into_iter()
        .find(|name| lab.is_guest(name) && *name != owner)
    else {
        return Err(expected("a guest that is not the owner", owner));
    };
    let begin = Instant::now();
    let image = NodeImage::of(&prepare(&lab.lanlord)?, lab);
    nodes::start(lab, name, &image)?;
    Guest::of(&lab.site, name).await_agent(lab)?;
    nodes::await_address(lab, name)?;
    nodes::hand_out(lab, name)?;
    kubernetes::start_parts(lab, name)?;
    let url = format!("http://{}:7472/readyz", www::address_of(name));
    let client = lab.machine("talos-client")?;
    lab.eventually(
        READY,
        &format!("{name} to be ready"),
        &lab.daemon(name),
        || probe::http_ok(client, &url),
    )?;
    let ready = begin.elapsed();
    let site = &lab.site;
    lab.eventually(
        READY,
        &format!("the Node {name} to be Ready"),
        &lab.daemon(name),
        || match kubernetes::is_ready(site, name) {
            Ok(true) => Ok(()),
            Ok(false) => Err("not yet".to_owned()),
            Err(error) => Err(format!("{error:#}")),
        },
    )?;
    let owner = one_owner(lab)?;
    let settled = SystemTime::now();
    await_page_of_anybody(lab, owner)?;
    wire::only_owner_answers(lab, owner, settled)?;
    Ok(format!(
        "guest {name} is on again and ready after {:.1} s: {VIP} is at {owner}, which alone answers for it",
        ready.as_secs_f32()
    ))
}

/// Waits until the one that answers is the one that says it announces.
fn one_owner(lab: &Lab) -> Result<&'static str, Failure> {
    let client = lab.machine("talos-client")?;
    let part = lab.daemon(WORKERS[0]);
    lab.eventually(SOON, "one worker to announce and to answer", &part, || {
        let announcing = www::announcing(lab).map_err(|failure| failure.seen)?;
        let answering = probe::owner(client, &VIP.to_string())?;
        if announcing == [answering] {
            Ok(answering)
        } else {
            Err(format!("{announcing:?} announce, {answering} answers"))
        }
    })
}

/// Waits until the LAN sees another owner.
fn await_other(lab: &Lab, before: &str, patience: Duration) -> Result<&'static str, Failure> {
    let client = lab.machine("talos-client")?;
    let what = format!("{VIP} to leave {before}");
    let next = WORKERS.iter().find(|name| **name != before);
    let part = lab.daemon(next.unwrap_or(&before));
    lab.eventually(patience, &what, &part, || {
        let owner = probe::owner(client, &VIP.to_string())?;
        if owner == before {
            Err(format!("{owner} answers"))
        } else {
            Ok(owner)
        }
    })
}

fn await_page_of_anybody(lab: &Lab, owner: &str) -> Result<page::Page, Failure> {
    let laptop = lab.machine("laptop")?;
    let what = format!("the page, with {VIP} at {owner}");
    lab.eventually(SOON, &what, &lab.daemon(owner), || {
        page::fetch(laptop, PAGE)
    })
}
