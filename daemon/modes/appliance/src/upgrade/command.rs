//! `lanlord upgrade FILE` and `lanlord upgrade --back`: the side that a person sees.

use std::{
    fs::{self, File, TryLockError},
    path::Path,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use nix::sys::{
    signal::{Signal, kill},
    statvfs::statvfs,
};

use super::{Marker, Phase, Places, Seat, candidate, digest};
use crate::Options;

/// How long the supervisor may take for its verdict: its own patience, three deaths, and the way back.
const VERDICT: Duration = Duration::from_secs(120);
/// Between two looks at the marker.
const PAUSE: Duration = Duration::from_millis(100);
/// Disk that an upgrade leaves free, for leases and names.
const ROOM: u64 = 4 * 1024 * 1024;

/// Where lines for the person go.
type Say<'a> = &'a mut dyn FnMut(&str);

/// Installs the lanlord binary `file`, and waits until it is healthy or the old version is back.
pub fn upgrade(options: &Options, file: &Path, say: Say<'_>) -> Result<()> {
    let places = Places::of(&find_supervisor(options)?.file);
    let _lock = lock(&options.state)?;
    await_trial(options, &places, say)?;
    replace(options, &places, file, say)
}

/// Goes back to the version before, which becomes the version to go back to in turn.
pub fn back(options: &Options, say: Say<'_>) -> Result<()> {
    let places = Places::of(&find_supervisor(options)?.file);
    let _lock = lock(&options.state)?;
    await_trial(options, &places, say)?;
    ensure!(
        places.previous.exists(),
        "there is no {}: nothing was upgraded here, or the last upgrade was taken back",
        places.previous.display()
    );
    replace(options, &places, &places.previous, say)
}

fn replace(options: &Options, places: &Places, source: &Path, say: Say<'_>) -> Result<()> {
    candidate::require_program(source)?;
    require_room(places, source)?;
    places
        .bring(source)
        .with_context(|| format!("copy {} to {}", source.display(), places.draft.display()))?;
    let tried = try_draft(options, places, source, say);
    // In place by now, or not wanted.
    places.discard();
    tried
}

fn try_draft(options: &Options, places: &Places, source: &Path, say: Say<'_>) -> Result<()> {
    let to =
        candidate::version(&places.draft).with_context(|| format!("check {}", source.display()))?;
    let digests = (digest(&places.file)?, digest(&places.draft)?);
    if digests.0 == digests.1 {
        say(&format!("lanlord {to} of this build is in place already"));
        return Ok(());
    }
    let from = env!("CARGO_PKG_VERSION");
    say(&format!(
        "checked: lanlord {to}, build {}",
        digests.1.get(..12).unwrap_or_default()
    ));
    let marker = Marker::pending(from, &to, &digests.1);
    marker
        .write(&options.state)
        .with_context(|| format!("note the upgrade in {}", options.state.display()))?;
    places
        .switch()
        .with_context(|| format!("put it in place as {}", places.file.display()))?;
    say(&format!(
        "in place as {}; the version before is {}",
        places.file.display(),
        places.previous.display()
    ));
    // Found anew: the marker waits for whatever supervisor there is.
    let supervisor = find_supervisor(options)?;
    kill(supervisor.pid, Signal::SIGHUP).context("tell the supervisor")?;
    say("the router starts again and is watched; this takes up to a minute");
    await_verdict(options, &marker, say)
}

fn await_verdict(options: &Options, written: &Marker, say: Say<'_>) -> Result<()> {
    let deadline = Instant::now() + VERDICT;
    let Marker { from, to, .. } = written;
    while Instant::now() < deadline {
        thread::sleep(PAUSE);
        let Some(marker) = Marker::read(&options.state) else {
            continue;
        };
        ensure!(
            marker.digest == written.digest,
            "another upgrade took the place of this one"
        );
        let reason = &marker.reason;
        match marker.phase {
            Phase::Pending => {}
            Phase::Confirmed => {
                say(&format!("lanlord {from} -> {to}: healthy"));
                return Ok(());
            }
            Phase::TakenBack => bail!("lanlord {to} is not healthy, {from} is back: {reason}"),
            Phase::Stuck => bail!("lanlord {to} is not healthy, and stays: {reason}"),
            Phase::NotSwitched => bail!("lanlord {to} was not put in place"),
        }
    }
    bail!(
        "no verdict within {} s; `{}` says how it went, and the trial goes on",
        VERDICT.as_secs(),
        options.state.join("upgrade").display()
    )
}

/// An upgrade that nobody waits for any more is judged all the same.
fn await_trial(options: &Options, places: &Places, say: Say<'_>) -> Result<()> {
    let deadline = Instant::now() + VERDICT;
    let mut is_told = false;
    loop {
        let Some(marker) = Marker::read(&options.state) else {
            return Ok(());
        };
        let is_open = marker.phase == Phase::Pending && digest(&places.file)? == marker.digest;
        if !is_open {
            return Ok(());
        }
        if !is_told {
            say(&format!("lanlord {} is still on trial; waiting", marker.to));
            is_told = true;
        }
        ensure!(
            Instant::now() < deadline,
            "lanlord {} is on trial without an end",
            marker.to
        );
        thread::sleep(PAUSE * 10);
    }
}

fn require_room(places: &Places, source: &Path) -> Result<()> {
    let folder = places.file.parent().unwrap_or_else(|| Path::new("/"));
    let needed = fs::metadata(source)?.len() + ROOM;
    let free = statvfs(folder).with_context(|| format!("ask for room in {}", folder.display()))?;
    let free = free.blocks_available() * free.fragment_size();
    ensure!(
        free >= needed,
        "{} has {} MiB free, the upgrade needs {} MiB: make the container's disk larger (pct resize ID rootfs +100M)",
        folder.display(),
        free >> 20,
        needed >> 20
    );
    Ok(())
}

/// One upgrade at a time.
fn lock(state: &Path) -> Result<File> {
    let path = state.join("upgrade.lock");
    let file = File::create(&path).with_context(|| format!("open {}", path.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => bail!("another `lanlord upgrade` is under way"),
        Err(TryLockError::Error(error)) => Err(error).context("lock out other upgrades"),
    }
}

fn find_supervisor(options: &Options) -> Result<Seat> {
    let Some(seat) = Seat::find(&options.socket) else {
        bail!("{}", elsewhere());
    };
    Ok(seat)
}

/// What to do instead, where no supervisor runs.
fn elsewhere() -> String {
    let here = if Path::new("/var/lib/dpkg/info/lanlord.list").exists() {
        "lanlord came with its Debian package here. Upgrade that: apt install ./lanlord_VERSION-1_amd64.deb".to_string()
    } else if Path::new("/etc/kubernetes/kubeconfig-kubelet").exists() {
        "this is a node; a Talos node gets a new lanlord with its next image: talosctl upgrade --image …".to_string()
    } else {
        "no supervisor of lanlord runs here".to_string()
    };
    format!(
        "{here}\n  `lanlord upgrade` works in the router's container, where /sbin/init is lanlord. A Debian package is \
         upgraded by apt, Talos by `talosctl upgrade`, a DaemonSet by the image it names."
    )
}
