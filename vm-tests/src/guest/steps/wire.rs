//! What the frames on vmbr1 say.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, SystemTime},
};

use super::node_guests;
use crate::{
    guest::capture::{self, Content, Frame, Mac},
    lab::{
        Lab,
        failure::{Failure, expected},
        page,
        step::Outcome,
        topology::machine_with,
        www::{self, PAGE, SOON, VIP},
    },
};

/// A port of the VIP that no Service has.
const CLOSED: u16 = 81;

/// ARP for the VIP is answered by its owner alone, and DHCP by the router alone.
pub(super) fn one_machine_answered(lab: &mut Lab) -> Outcome {
    let begin = SystemTime::now();
    let owner = www::owner(lab, SOON)?;
    page::fetch(lab.machine("laptop")?, PAGE).map_err(|seen| expected("the page", &seen))?;
    let answers = only_owner_answers(lab, owner, begin)?;
    let mut served = 0;
    for frame in capture::since(lab, SystemTime::UNIX_EPOCH)? {
        let Content::DhcpReply { client } = frame.content else {
            continue;
        };
        let client = machine(client);
        if machine(frame.source) != "router" {
            let seen = format!("{} answers {client}", machine(frame.source));
            return Err(expected("DHCP to be answered by the router alone", &seen));
        }
        served += u32::from(node_guests(lab).contains(&client));
    }
    if served == 0 {
        return Err(expected("answers to the guests' DHCP on the wire", "none"));
    }
    Ok(format!(
        "on the wire: {owner} alone answers ARP for {VIP} ({answers} frames), the router alone answers the guests' DHCP \
         ({served} frames)"
    ))
}

/// Since that moment, nobody but the owner answered for the VIP; how many answers there were.
pub(super) fn only_owner_answers(
    lab: &Lab,
    owner: &str,
    since: SystemTime,
) -> Result<usize, Failure> {
    let answers: Vec<String> = frames_until_now(lab, since)?
        .iter()
        .filter(|frame| frame.content.answers_for(VIP))
        .map(|frame| machine(frame.source))
        .collect();
    let who: BTreeSet<&str> = answers.iter().map(String::as_str).collect();
    if who.into_iter().eq([owner]) {
        return Ok(answers.len());
    }
    let what = format!("{owner} alone to answer ARP for {VIP}");
    Err(expected(&what, &format!("{answers:?}")).part(&lab.daemon(owner)))
}

/// Every frame since a moment. The last one is the answer to a question asked now: what was on the wire before it has
/// reached the file before it.
fn frames_until_now(lab: &Lab, since: SystemTime) -> Result<Vec<Frame>, Failure> {
    let asked = SystemTime::now();
    let owner = www::owner(lab, SOON)?;
    lab.eventually(SOON, "an answer on the wire", &lab.daemon(owner), || {
        let frames = capture::since(lab, since).map_err(|error| format!("{error:#}"))?;
        let is_last = |frame: &Frame| frame.at >= asked && frame.content.answers_for(VIP);
        if frames.iter().any(is_last) {
            Ok(frames)
        } else {
            Err(format!("{} frames", frames.len()))
        }
    })
}

/// The new owner told everybody without being asked; milliseconds from a moment to its first word.
pub(super) fn await_announcement(
    lab: &Lab,
    owner: &str,
    since: SystemTime,
) -> Result<Duration, Failure> {
    let what = format!("gratuitous ARP for {VIP} by {owner}");
    lab.eventually(SOON, &what, &lab.daemon(owner), || {
        let frames = capture::since(lab, since).map_err(|error| format!("{error:#}"))?;
        let mut by = BTreeSet::new();
        for frame in frames {
            if frame.content.is_gratuitous_arp_for(VIP) {
                by.insert(machine(frame.source));
                if machine(frame.source) == owner {
                    return Ok(frame.at.duration_since(since).unwrap_or_default());
                }
            }
        }
        Err(format!("of {by:?}"))
    })
}

/// A connection to a port that no Service has: the owner drops it, and does not send it back to the router.
pub(super) fn closed_port_does_not_loop(lab: &mut Lab) -> Outcome {
    let begin = SystemTime::now();
    let url = format!("http://{VIP}:{CLOSED}/");
    if let Ok(page) = page::fetch(lab.machine("laptop")?, &url) {
        return Err(expected("no page from a closed port", &format!("{page:?}")));
    }
    // One frame from the laptop to the router, one from there to the owner.
    const HOPS: usize = 2;
    let mut seen: BTreeMap<u16, Vec<u8>> = BTreeMap::new();
    for frame in frames_until_now(lab, begin)? {
        if let Content::Syn {
            to,
            port: CLOSED,
            identification,
            time_to_live,
        } = frame.content
            && to == VIP
        {
            seen.entry(identification).or_default().push(time_to_live);
        }
    }
    if seen.is_empty() || seen.values().any(|lives| lives.len() > HOPS) {
        let what = format!("each SYN to port {CLOSED} at most {HOPS} times on the wire");
        return Err(expected(
            &what,
            &format!("times to live by packet: {seen:?}"),
        ));
    }
    Ok(format!(
        "a connection to the VIP's closed port {CLOSED}: {} SYN, none of them more than {HOPS} times on the wire",
        seen.len()
    ))
}

/// Whose MAC it is; the MAC itself when it is nobody's.
pub(super) fn machine(mac: Mac) -> String {
    let text: Vec<String> = mac.iter().map(|octet| format!("{octet:02x}")).collect();
    let text = text.join(":");
    machine_with(&text).map_or(text, str::to_owned)
}
