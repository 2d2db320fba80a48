//! The main job, step by step: www.example.com from a laptop, with nothing in a hosts file.

mod clients;
mod nodes;
mod router;
mod uplink;

use std::{net::Ipv4Addr, time::Duration};

use super::{Lab, step::Outcome, step::Step, topology};

pub use clients::{address_of, reserved, take_lease, take_leases};
pub use nodes::{announces, announcing, node_status, owner, stand_in_pods, start_node};
pub use router::{await_serving, router_status, serves, start_router};

/// The address of `traefik/traefik`.
pub const VIP: Ipv4Addr = Ipv4Addr::new(10, 10, 10, 10);
/// The router on vmbr1.
pub const ROUTER: &str = "192.168.1.200";
/// The router on the uplink.
pub const ROUTER_UPLINK: &str = "203.0.113.2";
/// The page.
pub const PAGE: &str = "http://www.example.com/";
/// Machines that run `lanlord node`.
pub const NODES: [&str; 3] = ["talos-1", "talos-2", "talos-3"];
/// Nodes that may own the VIP.
pub const WORKERS: [&str; 2] = ["talos-2", "talos-3"];

/// What should be true soon.
pub(crate) const SOON: Duration = Duration::from_secs(5);

/// The steps, in order.
pub fn steps() -> Vec<Step> {
    let step = |name, run| Step { name, run };
    vec![
        step("network", network),
        step("uplink", uplink::start),
        step("router", router::ready),
        step("node-leases", clients::nodes_take_leases),
        step("nodes", nodes::ready),
        step("laptop-lease", clients::laptop_takes_lease),
        step("vip", nodes::one_owner),
        step("excluded", nodes::control_plane_is_silent),
        step("name", clients::name_resolves),
        step("page", clients::laptop_gets_page),
        step("nat", clients::laptop_reaches_internet),
        step("hairpin", router::hairpin_is_untracked),
        step("forwarding", clients::other_names_are_forwarded),
        step("lease-names", clients::leases_have_names),
        step("home-laptop", uplink::home_laptop_gets_page),
        step("stranger", uplink::stranger_gets_nothing),
        step("health", nodes::health_and_metrics),
    ]
}

fn network(lab: &mut Lab) -> Outcome {
    topology::build(lab, &topology::CABLES)?;
    Ok(format!(
        "{} machines, all links of vmbr0 and vmbr1 are up",
        lab.machines().count()
    ))
}
