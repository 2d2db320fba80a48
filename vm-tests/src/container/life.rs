//! Life and death of the router, and of the container.

use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use super::{
    lxc::{self, PART, Shortage},
    serving,
};
use crate::lab::{
    Lab,
    failure::{Failure, expected},
    faults::Conversation,
    step::Outcome,
};

/// Generous; the figure is in the sentence.
const BACK: Duration = Duration::from_secs(5);
const STOPPED: Duration = Duration::from_secs(10);
/// The echo server of the Internet.
const ECHO: (&str, &str) = ("198.51.100.80", "7");

/// SIGKILL to the router: process 1 starts another one at once; connections and leases stay.
pub(super) fn killed_router_is_back(lab: &mut Lab) -> Outcome {
    let leases = serving::leases(lab)?;
    let mut conversation = Conversation::open(lab.machine("laptop")?, ECHO.0, ECHO.1)?;
    let took = end_router(lab, Signal::SIGKILL)?;
    serving::resolves(lab)?;
    conversation.go_on().map_err(|error| {
        expected("the open connection to go on", &format!("{error:#}")).part(PART)
    })?;
    let after = serving::leases(lab)?;
    if after != leases {
        return Err(expected(&format!("the leases {leases:?}"), &format!("{after:?}")).part(PART));
    }
    Ok(format!(
        "the router is killed: DNS answers again after {} ms, an open connection and {} leases are still there",
        took.as_millis(),
        leases.len()
    ))
}

/// A router that aborts, again and again, is started again each time.
pub(super) fn panicking_router_is_back(lab: &mut Lab) -> Outcome {
    let init = lxc::init_pid(lab)?;
    let mut slowest = Duration::ZERO;
    for _ in 0..3 {
        slowest = slowest.max(end_router(lab, Signal::SIGABRT)?);
    }
    if lxc::init_pid(lab)? != init {
        return Err(expected("the same process 1", "another one").part(PART));
    }
    serving::gives_leases(lab)?;
    let lease = serving::serves(lab)?;
    Ok(format!(
        "the router aborts three times in a row: back after {} ms at most, and the laptop has {lease} again",
        slowest.as_millis()
    ))
}

/// Ends the router, and waits until another one answers DNS. How long that took.
fn end_router(lab: &Lab, signal: Signal) -> Result<Duration, Failure> {
    let before = lxc::router_pid(lab)?;
    let laptop = lab.machine("laptop")?;
    let begin = Instant::now();
    lxc::signal(before, signal)?;
    lab.eventually(BACK, "another router that answers DNS", PART, || {
        let now = lxc::router_pid(lab).map_err(|error| format!("{error:#}"))?;
        if now == before {
            return Err("the old router still runs".to_owned());
        }
        crate::lab::probe::resolve(laptop, crate::lab::www::ROUTER, "router.home.arpa")
    })?;
    Ok(begin.elapsed())
}

/// `pct shutdown`, then `pct start`: leases and key are kept.
pub(super) fn stop_is_quick(lab: &mut Lab) -> Outcome {
    let leases = serving::leases(lab)?;
    let took = lxc::shut_down(lab)?;
    require_quick(took)?;
    let clean = lab
        .part(PART)?
        .ended()
        .is_some_and(|status| status.success());
    if !clean {
        return Err(expected("lxc-start to end with 0", "another exit code").part(PART));
    }
    lxc::start(lab, Shortage::default())?;
    serving::gives_leases(lab)?;
    let after = serving::leases(lab)?;
    if after != leases {
        return Err(expected(&format!("the leases {leases:?}"), &format!("{after:?}")).part(PART));
    }
    serving::serves(lab)?;
    Ok(format!(
        "`lxc-stop` ends it in {} ms; started again, it has its {} leases",
        took.as_millis(),
        leases.len()
    ))
}

/// SIGPWR, which lxc sends to a process 1 that does not block SIGRTMIN+3.
pub(super) fn power_signal_stops(lab: &mut Lab) -> Outcome {
    let init = lxc::init_pid(lab)?;
    let begin = Instant::now();
    lxc::signal(init, Signal::SIGPWR)?;
    lxc::ended(lab)?;
    let took = begin.elapsed();
    require_quick(took)?;
    lxc::start(lab, Shortage::default())?;
    serving::resolves(lab)?;
    Ok(format!("SIGPWR ends it in {} ms", took.as_millis()))
}

/// SIGINT, which lxc sends for a restart.
pub(super) fn interrupt_restarts(lab: &mut Lab) -> Outcome {
    let before = lxc::init_pid(lab)?;
    let begin = Instant::now();
    lxc::signal(before, Signal::SIGINT)?;
    lab.eventually(
        STOPPED,
        "another process 1 in the container",
        PART,
        || match lxc::init_pid(lab) {
            Ok(now) if now != before => Ok(()),
            Ok(_) => Err("the same process 1".to_owned()),
            Err(error) => Err(format!("{error:#}")),
        },
    )?;
    lxc::adopt(lab)?;
    serving::resolves(lab)?;
    let took = begin.elapsed();
    serving::gives_leases(lab)?;
    Ok(format!(
        "SIGINT restarts the container: DNS answers after {} ms",
        took.as_millis()
    ))
}

fn require_quick(took: Duration) -> Result<(), Failure> {
    if took < STOPPED {
        return Ok(());
    }
    Err(expected("the container to end soon", &format!("{took:?}")).part(PART))
}
