//! The service under runc, started and ended as Talos does.

use std::{fs, path::PathBuf, thread, time::Duration};

use anyhow::{Context, Result, ensure};
use nix::{sys::signal::Signal, unistd::Pid};

use super::{NODE, host::Host, spec::Service};
use crate::{images, lab::Lab, machine::Process};

/// Between two runs of a service; fixed in Talos.
pub(super) const BETWEEN_RUNS: Duration = Duration::from_secs(5);

/// The part of the lab, and the name of its log.
pub(super) const PART: &str = "talos-2-lanlord";

/// Lays out what the extension's image holds, with the mounts that its service file names, and the runtime's bundle.
pub(super) fn prepare(lab: &Lab) -> Result<Service> {
    let images = images::ensure(&lab.lanlord)?;
    let service = Service::read(&images.extension_tree)?;
    ensure!(
        service.restart == "always",
        "the service file says restart: {}",
        service.restart
    );
    let host = Host::of(lab)?;
    for mount in &service.container.mounts {
        host.make_source(&mount.source)?;
    }
    // For programs on the host, which look where the service file says it is.
    let run = host.path("/run/lanlord");
    lab.machine(NODE)?
        .succeed("ln", &["-s", &run.to_string_lossy(), "/run/lanlord"])?;
    let lower = images
        .extension_tree
        .join("rootfs/usr/local/lib/containers")
        .join(&service.name);
    let root = mount_root(lab, &lower)?;
    let bundle = bundle(lab)?;
    fs::create_dir_all(&bundle).context("create the bundle")?;
    let spec = service.runtime_spec(host.root(), &root, &format!("/{}", id(lab)))?;
    fs::write(bundle.join("config.json"), format!("{spec:#}")).context("write config.json")?;
    Ok(service)
}

/// Talos lays a layer of memory over the service's read-only root, in which mount points can be made.
fn mount_root(lab: &Lab, lower: &std::path::Path) -> Result<PathBuf> {
    let machine = lab.machine(NODE)?;
    let place = machine.directory().join("root");
    let text = |path: PathBuf| path.to_string_lossy().into_owned();
    let memory = text(place.join("memory"));
    let (upper, work) = (format!("{memory}/upper"), format!("{memory}/work"));
    let merged = text(place.join("merged"));
    machine.succeed("mkdir", &["-p", &memory, &merged])?;
    machine.succeed("mount", &["-t", "tmpfs", "tmpfs", &memory])?;
    machine.succeed("mkdir", &[&upper, &work])?;
    let lower = lower.to_string_lossy();
    let options = format!("lowerdir={lower},upperdir={upper},workdir={work}");
    machine.succeed(
        "mount",
        &["-t", "overlay", "-o", &options, "overlay", &merged],
    )?;
    Ok(place.join("merged"))
}

fn bundle(lab: &Lab) -> Result<PathBuf> {
    Ok(lab.machine(NODE)?.directory().join("bundle"))
}

/// Labs run side by side.
fn id(lab: &Lab) -> String {
    format!(
        "lanlord-contract-{}",
        lab.machine(NODE).map_or(0, |machine| machine.holder())
    )
}

/// A machine's own /sys hides the control groups; where it is none of its own, it cannot be taken away.
const WITH_CGROUPS: &str = "umount /sys 2>/dev/null; exec runc \"$@\"";

/// Arguments of `unshare`, for runc with these.
fn runtime(lab: &Lab, arguments: &[&str]) -> Result<Vec<String>> {
    let state = lab.machine(NODE)?.directory().join("runc");
    let state = state.to_string_lossy();
    let enter = [
        "--mount",
        "--",
        "sh",
        "-c",
        WITH_CGROUPS,
        "sh",
        "--root",
        &state,
    ];
    Ok([&enter, arguments]
        .concat()
        .into_iter()
        .map(str::to_owned)
        .collect())
}

/// Starts the service; what an earlier run left is removed first, as containerd does.
pub(super) fn start(lab: &mut Lab) -> Result<()> {
    let id = id(lab);
    let delete = runtime(lab, &["delete", "--force", &id])?;
    // One that is not there is what we want.
    lab.machine(NODE)?.run("unshare", &borrowed(&delete))?;
    let bundle = bundle(lab)?.to_string_lossy().into_owned();
    let run = runtime(lab, &["run", "--bundle", &bundle, &id])?;
    lab.start(NODE, "lanlord", "unshare", &borrowed(&run))
        .map(drop)
}

fn borrowed(arguments: &[String]) -> Vec<&str> {
    arguments.iter().map(String::as_str).collect()
}

/// Waits as Talos does, then starts it again.
pub(super) fn start_again(lab: &mut Lab) -> Result<()> {
    thread::sleep(BETWEEN_RUNS);
    start(lab)
}

/// The first process of the container, by its number outside.
pub(super) fn first_process(lab: &Lab) -> Result<u32> {
    let arguments = runtime(lab, &["state", &id(lab)])?;
    let text = lab
        .machine(NODE)?
        .succeed("unshare", &borrowed(&arguments))?;
    let state: serde_json::Value = serde_json::from_str(&text).context("understand runc state")?;
    let pid = state["pid"]
        .as_u64()
        .and_then(|pid| u32::try_from(pid).ok());
    pid.filter(|pid| *pid > 0)
        .with_context(|| format!("no process in {state}"))
}

/// Sends a signal to the service itself, past the runtime.
pub(super) fn signal(lab: &Lab, signal: Signal) -> Result<()> {
    let pid = Pid::from_raw(first_process(lab)?.cast_signed());
    nix::sys::signal::kill(pid, signal).with_context(|| format!("send {signal}"))
}

/// The runtime's process, which ends with the service and has its exit code.
pub(super) fn process(lab: &mut Lab) -> Result<&mut Process> {
    lab.part(PART)
}

/// What the service wrote so far.
pub(super) fn log(lab: &Lab) -> String {
    let log = lab.site.logs().join(format!("{PART}.log"));
    fs::read_to_string(log).unwrap_or_default()
}
