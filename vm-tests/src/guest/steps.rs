//! `cargo lab --vm`: the scenario with real Kubernetes parts, and with guests in the place of some machines.
//!
//! The steps of `cargo lab --kubernetes` stay; before them come the guests, after them what only a machine with a power
//! switch can show. Everything is asserted from outside: from the laptop, and from the frames on vmbr1.

mod nodes;
mod power;
mod router;
mod wire;

use super::{Guest, capture};
use crate::{
    kubernetes,
    lab::{
        Lab,
        step::{Outcome, Step},
        topology::{self, CABLES, Cable},
    },
};

/// The steps, in order.
pub fn steps() -> Vec<Step> {
    let step = |name, run| Step { name, run };
    let mut steps: Vec<Step> = kubernetes::steps().into_iter().flat_map(replaced).collect();
    steps.extend([
        step("wire", wire::one_machine_answered),
        step("router-restart", router::restarted_router_remembers),
        step("router-power", router::router_without_power_remembers),
        step("planned-move", power::vip_makes_planned_moves),
        step("closed-port", wire::closed_port_does_not_loop),
        step("owner-power", power::vip_leaves_guest_without_power),
        step("owner-back", power::guest_returns),
    ]);
    steps
}

fn replaced(step: Step) -> Vec<Step> {
    let own = |name, run| Step { name, run };
    match step.name {
        "network" => vec![own("network", network)],
        "router" => vec![own("router", router::boot)],
        "node-leases" => vec![own("node-guests", nodes::boot), step],
        "control-plane" => vec![step, own("guest-credentials", nodes::hand_out_credentials)],
        _ => vec![step],
    }
}

/// Machines, bridges and the guests' taps; whatever passes vmbr1 from now on is kept.
fn network(lab: &mut Lab) -> Outcome {
    let cables: Vec<Cable> = CABLES
        .iter()
        .filter(|cable| !lab.is_guest(cable.machine))
        .copied()
        .collect();
    topology::build(lab, &cables)?;
    for name in lab.guests.clone() {
        Guest::of(&lab.site, &name).plug_in(lab)?;
    }
    capture::start(lab)?;
    Ok(format!(
        "{} machines and taps for {} on vmbr0 and vmbr1",
        lab.machines().count(),
        lab.guests.join(", ")
    ))
}

/// The node guests.
fn node_guests(lab: &Lab) -> Vec<String> {
    let mut names = lab.guests.clone();
    names.retain(|name| name != "router");
    names
}
