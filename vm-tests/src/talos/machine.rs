//! The machine that Talos runs on.

use std::time::Duration;

use super::{
    ADDRESS, MACHINE, config,
    files::{BASE, Files, text},
    kubelet, root, service,
    talosctl::Talosctl,
};
use crate::{
    kubernetes::{self, Cluster},
    lab::{
        Lab,
        failure::{Failure, expected},
        probe,
        step::Outcome,
        topology,
        www::{self, VIP},
    },
    machine::{Users, cgroup},
    tools,
};

/// Three services are to become healthy, and an image is to be pulled.
const BOOT: Duration = Duration::from_secs(60);

/// The part that machined is.
pub(super) const PART: &str = "talos-2-machined";

/// What machined runs by itself, with a kubelet.
const SERVICES: [&str; 5] = ["apid", "containerd", "cri", "kubelet", "machined"];

/// Makes the machine; the network finds it there.
pub(super) fn hold(lab: &mut Lab) -> Outcome {
    lab.add_machine(MACHINE, Users::Own)?;
    Ok(format!(
        "{MACHINE} is a machine with a user namespace of its own"
    ))
}

/// Starts Talos, with its configuration and what it expects around it.
pub(super) fn boot(lab: &mut Lab) -> Outcome {
    let talos = tools::talos::ensure()?;
    let files = Files::of(&lab.site);
    let cluster = Cluster::of(&lab.site);
    root::build(&files.folder(BASE)?, &talos, MACHINE)?;
    config::write(&talos, &files, &cluster)?;
    kubelet::serve(lab, &talos, &files, &cluster)?;
    let secrets = text(&files.secrets());
    let trustd = text(&talos.trustd);
    lab.start(
        kubernetes::CONTROL_PLANE,
        "trustd",
        &trustd,
        &[&secrets, kubernetes::CONTROL_PLANE_ADDRESS],
    )?;
    start(lab, &files)?;
    let stage = await_running(lab)?;
    let leases = topology::addresses(lab.machine(MACHINE)?, "eth0")?;
    if leases != [format!("{ADDRESS}/24")] {
        return Err(expected(
            &format!("Talos' own DHCP client to get the reserved {ADDRESS}"),
            &leases.join(", "),
        )
        .part(PART));
    }
    Ok(format!(
        "Talos {} on {MACHINE} is {stage}: {}; its own DHCP client got {ADDRESS} from our router",
        talos.version,
        SERVICES.join(", ")
    ))
}

/// A node that was off comes back, with nothing kept but what it is made of, and announces again.
pub(super) fn boots_again(lab: &mut Lab) -> Outcome {
    start(lab, &Files::of(&lab.site))?;
    let stage = await_running(lab)?;
    service::runs(lab)?;
    lab.eventually(BOOT, "the daemon to be ready again", PART, || {
        let machine = lab.machine(MACHINE).map_err(|error| error.to_string())?;
        probe::http_ok(machine, "http://127.0.0.1:7472/readyz")
    })?;
    let owner = www::owner(lab, BOOT)?;
    if owner != MACHINE {
        return Err(expected(&format!("{VIP} at {MACHINE} again"), owner).part(PART));
    }
    Ok(format!(
        "Talos on {MACHINE} boots again with an empty /var and is {stage}; {VIP} is answered by {owner}"
    ))
}

fn start(lab: &mut Lab, files: &Files) -> anyhow::Result<()> {
    let group = cgroup::create(&lab.site.directory)?;
    let binary = lab.site.lab_binary.clone();
    let mut command = lab.machine(MACHINE)?.command_in(&group, &binary);
    command.arg("talos").arg(files.directory());
    let process = lab.machine(MACHINE)?.spawn_command("machined", command)?;
    lab.parts.insert(process.part.clone(), process);
    Ok(())
}

/// Waits until all of Talos' own services run and are healthy; the stage that the machine says it is in.
fn await_running(lab: &Lab) -> Result<String, Failure> {
    let talosctl = Talosctl::of(lab)?;
    lab.eventually(BOOT, "the services of Talos to be healthy", PART, || {
        for name in SERVICES {
            let service = talosctl.service(name)?;
            if service.state != "Running" || service.health != "OK" {
                return Err(format!("{name} is {}, {}", service.state, service.health));
            }
        }
        Ok(())
    })?;
    lab.eventually(BOOT, "the machine to have booted", PART, || {
        let status = talosctl.get("machinestatus", "machine")?;
        match status["spec"]["stage"].as_str() {
            // Our own service waits for nothing but the kubelet; a service that fails keeps the machine in `booting`.
            Some(stage @ "running") => Ok(stage.to_owned()),
            other => Err(format!("stage {other:?}")),
        }
    })
}
