//! `lanlord upgrade` in the container: good versions, ill ones, and deaths in between.

use std::{
    fs,
    io::Write,
    os::unix::fs::{PermissionsExt, chown},
    path::Path,
    time::Duration,
};

use anyhow::{Context, Result};

use super::{
    lxc::{self, PART, Shortage},
    serving,
};
use crate::{
    images,
    lab::{
        Lab,
        failure::{Failure, expected},
        faults::Conversation,
        step::Outcome,
    },
    stand_in::version::{self, Ailment},
};

/// The container's root, as the host numbers it.
const ROOT: u32 = 100_000;
/// The bound of a trial, and the way back.
const TRIAL: Duration = Duration::from_secs(100);
/// A new version is copied, run and hashed before it is put in place.
const IN_PLACE: Duration = Duration::from_secs(60);
/// The echo server of the Internet.
const ECHO: (&str, &str) = ("198.51.100.80", "7");
/// Where versions are pushed to, as by `pct push`.
const PUSHED: &str = "root/lanlord";

/// A healthy version takes over: leases, address and connections stay.
pub(super) fn upgrade_keeps_everything(lab: &mut Lab) -> Outcome {
    let leases = serving::leases(lab)?;
    let address = serving::laptop_address(lab)?;
    let mut conversation = Conversation::open(lab.machine("laptop")?, ECHO.0, ECHO.1)?;
    let before = program(lab)?;
    push_healthy(lab, "another build")?;
    let pushed = fs::read(lxc::root_file(lab, PUSHED)?).context("read the pushed version")?;
    let said = lxc::exec_ok(lab, &["upgrade", &format!("/{PUSHED}")])?;
    if program(lab)? != pushed || previous(lab)? != before {
        return Err(expected("the new version in place, the old one beside it", &said).part(PART));
    }
    serving::gives_leases(lab)?;
    conversation.go_on().map_err(|error| {
        expected("the open connection to go on", &format!("{error:#}")).part(PART)
    })?;
    let after = serving::leases(lab)?;
    if after != leases || serving::laptop_address(lab)? != address {
        return Err(expected(&format!("the leases {leases:?}"), &format!("{after:?}")).part(PART));
    }
    serving::resolves(lab)?;
    Ok(format!(
        "upgrade: an open connection and {} leases are still there; it says `{}`",
        after.len(),
        said.lines().last().unwrap_or_default()
    ))
}

/// The version before is a version like any other.
pub(super) fn back_is_a_downgrade(lab: &mut Lab) -> Outcome {
    let (before, wanted) = (program(lab)?, previous(lab)?);
    let said = lxc::exec_ok(lab, &["upgrade", "--back"])?;
    if program(lab)? != wanted || previous(lab)? != before {
        return Err(expected("the two versions to change places", &said).part(PART));
    }
    let lease = serving::serves(lab)?;
    Ok(format!("upgrade --back: the version before serves {lease}"))
}

/// Files that cannot be the program are refused, and nothing is touched.
pub(super) fn what_is_no_lanlord_is_refused(lab: &mut Lab) -> Outcome {
    let (before, router) = (program(lab)?, lxc::router_pid(lab)?);
    let dynamic = fs::read(std::path::PathBuf::from("/bin/sh")).context("read /bin/sh")?;
    let cut = before.get(..before.len() / 2).unwrap_or_default().to_vec();
    for (content, word) in [
        (b"#!/bin/sh\n".to_vec(), "no program for this machine"),
        (dynamic, "dynamic loader"),
        (cut, ""),
    ] {
        push(lab, &content)?;
        let said = refused(lab)?;
        if !said.contains(word) {
            return Err(expected(&format!("a refusal with `{word}`"), &said).part(PART));
        }
    }
    if program(lab)? != before || lxc::router_pid(lab)? != router {
        return Err(expected("nothing to be touched", "another program or router").part(PART));
    }
    Ok(
        "upgrade refuses a script, a dynamic program and half a lanlord; the router goes on"
            .to_owned(),
    )
}

/// A version whose router ends is taken back, and the command says why.
pub(super) fn version_that_dies_is_taken_back(lab: &mut Lab) -> Outcome {
    taken_back(lab, Ailment::Exits, "3 times")
}

/// A version whose router never becomes ready is taken back.
pub(super) fn version_that_is_never_ready_is_taken_back(lab: &mut Lab) -> Outcome {
    taken_back(lab, Ailment::NeverReady, "does not become ready")
}

fn taken_back(lab: &mut Lab, ailment: Ailment, word: &str) -> Outcome {
    let (before, leases) = (program(lab)?, serving::leases(lab)?);
    push_ill(lab, ailment)?;
    let said = refused(lab)?;
    if !said.contains(word) || !said.contains("is back") {
        return Err(
            expected(&format!("`{word}` and that the old version is back"), &said).part(PART),
        );
    }
    is_as_before(lab, &before, &leases)?;
    Ok(format!("upgrade to a version that is ill: {}", said.trim()))
}

/// The container is killed while a healthy version is on trial: the next start goes on with the trial.
pub(super) fn killed_container_goes_on_with_the_trial(lab: &mut Lab) -> Outcome {
    let (before, leases) = (program(lab)?, serving::leases(lab)?);
    push_healthy(lab, "yet another build")?;
    kill_in_the_middle(lab, &before)?;
    lxc::start(lab, Shortage::default())?;
    serving::resolves(lab)?;
    phase(lab, "confirmed")?;
    if program(lab)? == before {
        return Err(expected("the new version in place", "the old one").part(PART));
    }
    serving::gives_leases(lab)?;
    let after = serving::leases(lab)?;
    if after != leases {
        return Err(expected(&format!("the leases {leases:?}"), &format!("{after:?}")).part(PART));
    }
    Ok(
        "the container is killed in the middle of an upgrade: the next start finishes the trial"
            .to_owned(),
    )
}

/// The same with a version that is ill, which is process 1 of the next start.
pub(super) fn killed_container_takes_an_ill_version_back(lab: &mut Lab) -> Outcome {
    let (before, leases) = (program(lab)?, serving::leases(lab)?);
    push_ill(lab, Ailment::Sickly)?;
    kill_in_the_middle(lab, &before)?;
    lxc::start(lab, Shortage::default())?;
    phase(lab, "taken-back")?;
    is_as_before(lab, &before, &leases)?;
    Ok(
        "the same with a version that is ill: as process 1 of the next start it takes itself back"
            .to_owned(),
    )
}

/// Kills the container as soon as the new version is in place and not judged.
fn kill_in_the_middle(lab: &mut Lab, before: &[u8]) -> Result<(), Failure> {
    let path = format!("/{PUSHED}");
    let command = lxc::exec_beside(lab, &["upgrade", &path])?;
    lab.eventually(IN_PLACE, "the new version in place, on trial", PART, || {
        let marker = marker(lab).map_err(|error| format!("{error:#}"))?;
        if !marker.contains("phase=pending") {
            return Err(marker);
        }
        let program = program(lab).map_err(|error| format!("{error:#}"))?;
        (program != before).then_some(()).ok_or(marker)
    })?;
    lxc::kill_all(lab)?;
    drop(command);
    if !marker(lab)?.contains("phase=pending") {
        return Err(expected("a trial without a verdict", &marker(lab)?).part(PART));
    }
    Ok(())
}

fn is_as_before(lab: &Lab, before: &[u8], leases: &[String]) -> Result<(), Failure> {
    if program(lab)? != before {
        return Err(expected("the old version in place", "another one").part(PART));
    }
    serving::gives_leases(lab)?;
    let after = serving::leases(lab)?;
    if after != leases {
        return Err(expected(&format!("the leases {leases:?}"), &format!("{after:?}")).part(PART));
    }
    serving::resolves(lab)
}

fn phase(lab: &Lab, wanted: &str) -> Result<(), Failure> {
    lab.eventually(TRIAL, &format!("the upgrade to be {wanted}"), PART, || {
        let marker = marker(lab).map_err(|error| format!("{error:#}"))?;
        let is_there = marker.contains(&format!("phase={wanted}"));
        is_there.then_some(()).ok_or(marker)
    })
}

/// Runs the upgrade, which must fail with exit code 1; what it said.
fn refused(lab: &Lab) -> Result<String, Failure> {
    let output = lxc::exec(lab, &["upgrade", &format!("/{PUSHED}")])?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.code() == Some(1) {
        Ok(said)
    } else {
        let seen = format!("{}: {said}", output.status);
        Err(expected("`lanlord upgrade` to exit with 1", &seen).part(PART))
    }
}

fn program(lab: &Lab) -> Result<Vec<u8>> {
    fs::read(lxc::root_file(lab, "sbin/init")?).context("read /sbin/init")
}

fn previous(lab: &Lab) -> Result<Vec<u8>> {
    fs::read(lxc::root_file(lab, "sbin/init.previous")?).context("read /sbin/init.previous")
}

fn marker(lab: &Lab) -> Result<String> {
    fs::read_to_string(lxc::state_file(lab, "upgrade")?).context("read the marker")
}

/// `pct push` of the same program under another build.
fn push_healthy(lab: &Lab, build: &str) -> Result<()> {
    let mut content = fs::read(images::ensure(&lab.lanlord)?.binary).context("read lanlord")?;
    content.extend_from_slice(build.as_bytes());
    push(lab, &content)
}

/// `pct push` of a stand-in that is ill.
fn push_ill(lab: &Lab, ailment: Ailment) -> Result<()> {
    push(lab, &version::ill(ailment)?)
}

fn push(lab: &Lab, content: &[u8]) -> Result<()> {
    let path = lxc::root_file(lab, PUSHED)?;
    write_whole(&path, content).with_context(|| format!("write {}", path.display()))
}

fn write_whole(path: &Path, content: &[u8]) -> std::io::Result<()> {
    fs::File::create(path)?.write_all(content)?;
    chown(path, Some(ROOT), Some(ROOT))?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o644))
}
