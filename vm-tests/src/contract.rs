//! `cargo lab --contract`: the Talos extension as a service of a node, without Talos.
//!
//! talos-2 of the cluster runs what the extension's image holds: its root file system under runc, with the
//! specification that Talos makes of its service file, and restarted 5 s after each end as Talos does. The node's kubelet
//! has its files as on Talos: a kubeconfig, and a symbolic link to a dated certificate. Then everything that happens to
//! such a service in its life happens, and each time another machine looks who answers for the VIPs, and whether the
//! service still follows the API: a Service that only talos-2 can announce must be announced.
//!
//! ```text
//!   talos-2   runc (own PID, mount, UTS; seccomp, read-only root) ── PID 1: lanlord node --kubelet-kubeconfig …
//!                └─ /etc/kubernetes, /var/lib/kubelet, /var/lib/lanlord, /run/lanlord of the host: machines/talos-2/host
//! ```

mod audit;
mod container;
mod host;
mod rotation;
mod service;
mod spec;
mod start;
mod stop;
mod witness;

use std::path::Path;

use anyhow::{Result, ensure};

use crate::{images, kubernetes, lab::step::Step};

/// The node whose daemon is the extension.
const NODE: &str = "talos-2";

/// Steps that the scenario has and the contract does not need.
const LEFT_OUT: [&str; 12] = [
    "name",
    "page",
    "page-tls",
    "second-path",
    "service-name",
    "nat",
    "hairpin",
    "forwarding",
    "lease-names",
    "home-laptop",
    "stranger",
    "health",
];

/// What needs the Internet and the right to run containers, before the lab begins.
///
/// # Errors
/// Without root, or when the images cannot be built.
pub fn ready(lanlord: &Path) -> Result<()> {
    ensure!(
        nix::unistd::geteuid().is_root(),
        "the service contract needs root: runc confines the service as Talos does"
    );
    images::ensure(lanlord).map(drop)
}

/// The cluster's steps, with the extension on one node, and what happens to it.
pub fn steps() -> Vec<Step> {
    let own = |name, run| Step { name, run };
    let cluster = kubernetes::steps().into_iter();
    cluster
        .filter(|step| !LEFT_OUT.contains(&step.name) && step.name != "vip")
        .map(|step| match step.name {
            "nodes" => own("other-nodes", start::start_other_nodes),
            _ => step,
        })
        .chain([
            own("late-kubeconfig", start::it_waits_for_the_kubeconfig),
            own("late-certificate", start::it_waits_for_the_certificate),
            own("announces", start::it_announces),
            own("confined", start::it_is_confined),
            own("sigterm", stop::it_ends_on_sigterm),
            own("sigkill", stop::it_comes_back_after_sigkill),
            own("certificate", rotation::it_follows_the_certificate),
            own("pki-gone", rotation::it_survives_without_pki),
            own("no-secret", rotation::it_says_that_the_secret_is_missing),
            own("token", rotation::it_follows_the_token),
            own("address", rotation::it_follows_the_address),
            own("api-away", stop::it_announces_without_the_api),
            own("end", stop::it_ends_for_good),
        ])
        .collect()
}
