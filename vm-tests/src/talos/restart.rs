//! `talosctl service ext-lanlord restart`, as after a change of its settings: nothing moves.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use super::{
    MACHINE, SERVICE,
    machine::PART,
    service::{Running, process},
    talosctl::Talosctl,
};
use crate::{
    lab::{
        Lab,
        failure::{Failure, expected},
        page, probe,
        step::Outcome,
        www::{self, PAGE, VIP},
    },
    machine::Machine,
};

/// The old one has 10 s to stop, and machined waits 5 s before it starts a service again that ended by itself.
const BACK: Duration = Duration::from_secs(30);

/// What the laptop saw meanwhile.
#[derive(Default)]
struct Seen {
    asked: u32,
    failed: u32,
    longest: Duration,
}

/// The VIP stays with its owner: nobody else answers for it, before, during and after.
pub(super) fn moves_nothing(lab: &mut Lab) -> Outcome {
    let before = process(lab).map_err(|seen| expected("the daemon's process", &seen))?;
    owned(lab)?;
    let over = AtomicBool::new(false);
    let begin = Instant::now();
    let laptop = lab.machine("laptop")?;
    let (restarted, seen) = thread::scope(|scope| {
        let asking = scope.spawn(|| ask(laptop, &over));
        let restarted = restart(lab, before);
        over.store(true, Ordering::Relaxed);
        (restarted, asking.join())
    });
    let after = restarted?;
    let took = begin.elapsed();
    let seen = seen.map_err(|_| expected("the laptop to go on asking", "a panic"))?;
    owned(lab)?;
    Ok(format!(
        "talosctl service {SERVICE} restart: process {} after {}, {VIP} stays with {MACHINE}; within {:.1} s the laptop \
         asked {} times, {} failed, the longest answer took {:.2} s",
        after.pid,
        before.pid,
        took.as_secs_f32(),
        seen.asked,
        seen.failed,
        seen.longest.as_secs_f32()
    ))
}

/// Restarts it and waits until another process is ready; meanwhile nobody but the owner may answer.
fn restart(lab: &Lab, before: Running) -> Result<Running, Failure> {
    Talosctl::of(lab)?
        .run(&["service", SERVICE, "restart"])
        .map_err(|seen| expected("the service to be restarted", &seen).part(PART))?;
    let machine = lab.machine(MACHINE)?;
    let client = lab.machine(super::CLIENT)?;
    let mut stranger = None;
    let after = lab.eventually(BACK, "another process to be ready", PART, || {
        if let Ok(owner) = probe::owner(client, &VIP.to_string())
            && owner != MACHINE
        {
            stranger = Some(owner);
        }
        let now = process(lab)?;
        if now == before {
            return Err(format!("still process {}", now.pid));
        }
        probe::http_ok(machine, "http://127.0.0.1:7472/readyz").map(|_| now)
    })?;
    match stranger {
        Some(owner) => Err(expected(
            &format!("nobody but {MACHINE} to answer for {VIP} while it restarts"),
            owner,
        )),
        None => Ok(after),
    }
}

fn owned(lab: &Lab) -> Result<(), Failure> {
    let owner = www::owner(lab, BACK)?;
    if owner == MACHINE {
        Ok(())
    } else {
        Err(expected(&format!("{VIP} at {MACHINE}"), owner))
    }
}

/// The laptop asks for the page, one request after the other.
fn ask(laptop: &Machine, over: &AtomicBool) -> Seen {
    let mut seen = Seen::default();
    while !over.load(Ordering::Relaxed) {
        let begin = Instant::now();
        seen.asked += 1;
        seen.failed += u32::from(page::fetch(laptop, PAGE).is_err());
        seen.longest = seen.longest.max(begin.elapsed());
    }
    seen
}
