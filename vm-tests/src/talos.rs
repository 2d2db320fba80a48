//! `cargo lab --talos`: the scenario of `cargo lab --kubernetes`, with the real Talos on one of its workers.
//!
//! ```text
//!   talos-1 .201   the control plane, trustd, lanlord
//!   talos-2 .202   machined: containerd, apid, cri, kubelet (stands in), ext-lanlord from our image; kube-proxy, Pods
//!   talos-3 .203   lanlord, kube-proxy, Pods
//!   talos-client   talosctl
//! ```
//!
//! machined runs unpatched, in the mode it has for containers, as PID 1 of a machine with a user namespace of its own. Its
//! root file system is what Talos' own would be as far as services need it, with our image laid over it as Talos' imager
//! writes it. What is played: the kubelet, which runs no Pods (those are processes of the lab), and trustd. Needs root:
//! an ordinary user has not enough user ids for a second user namespace.

mod boot;
mod config;
mod files;
mod image;
mod kubelet;
mod machine;
mod patch;
mod restart;
mod root;
mod service;
mod stop;
mod talosctl;

use std::path::Path;

use anyhow::{Result, ensure};

use crate::{
    images, kubernetes,
    lab::{step::Step, www},
    packages, tools,
};

pub use boot::Boot;

/// The worker that Talos runs on: the one that owns the VIP.
const MACHINE: &str = "talos-2";
/// Its reserved address.
const ADDRESS: &str = "192.168.1.202";
/// Where a person sits.
const CLIENT: &str = "talos-client";
/// The service that Talos makes of our extension.
const SERVICE: &str = "ext-lanlord";
/// Nodes whose daemon is a process of the lab.
const PLAIN: [&str; 2] = ["talos-1", "talos-3"];

/// Builds and installs what the scenario needs, while there is an Internet.
///
/// # Errors
/// Without root, or when something cannot be had; the text says what.
pub fn prepare(lanlord: &Path) -> Result<()> {
    ensure!(
        nix::unistd::geteuid().is_root(),
        "a Talos machine needs a user namespace with all its users: run this as root"
    );
    packages::ensure(&packages::TALOS)?;
    tools::talos::ensure()?;
    images::ensure(lanlord)?;
    Ok(())
}

/// The steps of the scenario.
pub fn steps() -> Vec<Step> {
    let mut steps: Vec<Step> = kubernetes::steps().into_iter().flat_map(replaced).collect();
    steps.extend([
        own("talos-vip", service::answers_for_the_vip),
        own("talos-restart", restart::moves_nothing),
        own("talos-patch", patch::restarts_nothing),
        own("talos-stop", stop::leaves_nothing),
        own("talos-again", machine::boots_again),
    ]);
    steps
}

fn replaced(step: Step) -> Vec<Step> {
    match step.name {
        "network" => vec![own("talos-machine", machine::hold), step],
        "node-leases" => vec![own("node-leases", |lab| {
            www::take_leases(lab, &["talos-1", "talos-3", CLIENT])
        })],
        "control-plane" => vec![
            step,
            own("talos-image", image::build),
            own("talos-boot", machine::boot),
        ],
        "nodes" => vec![
            own("nodes", |lab| kubernetes::start_daemons(lab, &PLAIN)),
            own("talos-extension", service::extension_is_listed),
            own("talos-service", service::runs),
            own("talos-identity", service::reaches_the_cluster),
            own("talos-log", service::log_is_read),
        ],
        _ => vec![step],
    }
}

const fn own(
    name: &'static str,
    run: fn(&mut crate::lab::Lab) -> crate::lab::step::Outcome,
) -> Step {
    Step { name, run }
}
