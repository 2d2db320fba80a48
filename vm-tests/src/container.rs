//! `cargo lab --container`: the scenario with the Proxmox template as router, in an unprivileged LXC container.
//!
//! The template is unpacked as `pct create` does it and started by lxc as Proxmox configures it: ids shifted by 100000,
//! two cables on the bridges of machine `proxmox`, and no address, name or resolver from the host. What is asserted is
//! seen from the laptop, from the host (signals, `lxc-stop`, `lxc-attach`), and on the container's console.
//!
//! ```text
//!   machine proxmox                     /var/lib/lxc (tmpfs): rootfs, config, mp0 (the state)
//!     lxc-start ── process 1: /sbin/init ── /sbin/init router
//!     vmbr0, vmbr1 ── veth200i0, veth200i1 ── eth0, eth1
//! ```

mod boot;
mod life;
mod lxc;
mod scarcity;
mod serving;
mod upgrades;

use crate::{
    lab::{step::Step, www},
    packages::Program,
};

const fn program(name: &'static str, package: &'static str) -> Program {
    Program { name, package }
}

/// What this lab calls besides.
pub const PROGRAMS: [Program; 5] = [
    program("lxc-start", "lxc"),
    program("lxc-usernsexec", "lxc"),
    program("newuidmap", "uidmap"),
    program("tar", "tar"),
    program("zstd", "zstd"),
];

/// Steps of the scenario that hold with any router.
const AS_EVER: [&str; 11] = [
    "node-leases",
    "nodes",
    "laptop-lease",
    "vip",
    "name",
    "page",
    "nat",
    "forwarding",
    "lease-names",
    "home-laptop",
    "stranger",
];

/// The steps, in order.
pub fn steps() -> Vec<Step> {
    let step = |name, run| Step { name, run };
    let scenario = www::steps();
    let as_ever = |wanted: &str| scenario.iter().find(|step| step.name == wanted).copied();
    let mut steps = vec![step("network", boot::network)];
    steps.extend(as_ever("uplink"));
    steps.push(step("template", boot::unpacks));
    steps.push(step("container", boot::boots));
    steps.extend(AS_EVER.into_iter().filter_map(as_ever));
    steps.push(step("exec", boot::answers_commands));
    steps
}

/// What is broken afterwards, one by one.
pub fn faults() -> Vec<Step> {
    let step = |name, run| Step { name, run };
    vec![
        step("router-killed", life::killed_router_is_back),
        step("router-panics", life::panicking_router_is_back),
        step("stopped", life::stop_is_quick),
        step("power", life::power_signal_stops),
        step("restarted", life::interrupt_restarts),
        step("upgrade", upgrades::upgrade_keeps_everything),
        step("downgrade", upgrades::back_is_a_downgrade),
        step("refused", upgrades::what_is_no_lanlord_is_refused),
        step("upgrade-dies", upgrades::version_that_dies_is_taken_back),
        step(
            "upgrade-killed",
            upgrades::killed_container_goes_on_with_the_trial,
        ),
        step(
            "upgrade-killed-ill",
            upgrades::killed_container_takes_an_ill_version_back,
        ),
        step(
            "upgrade-unready",
            upgrades::version_that_is_never_ready_is_taken_back,
        ),
        step("disk-full", scarcity::full_disk),
        step("state-read-only", scarcity::read_only_state),
        step("no-nft", scarcity::no_nft),
        step("no-netfilter", scarcity::no_netfilter),
        step("nothing", scarcity::bare_container),
    ]
}
