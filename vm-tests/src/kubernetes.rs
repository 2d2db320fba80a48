//! `cargo lab --kubernetes`: the same scenario with real parts in the place of a directory of objects.
//!
//! ```text
//!   talos-1 .201   etcd  <─ kube-apiserver :6443 <─ kube-controller-manager      kubelet stand-in, kube-proxy
//!   talos-2 .202   Traefik :8000 :8443, example-service, second-service          kubelet stand-in, kube-proxy
//!   talos-3 .203   Traefik :8000 :8443, example-service, second-service          kubelet stand-in, kube-proxy
//! ```
//!
//! The only part that is played is the `kubelet`: the containers are processes of the lab. Objects come from
//! `lanlord manifests`, from `scenarios/www/manifests` and from `scenarios/kubernetes`. The daemons watch the API as
//! their ServiceAccount, so what they may do is what the RBAC rules of `lanlord manifests` say; on the workers they find
//! its token as on Talos, by the kubelet's credentials.

mod api;
mod certificates;
mod cilium;
mod clock;
mod cluster;
mod control_plane;
mod faults;
mod files;
mod guests;
mod kubelet;
mod nodes;
mod objects;
mod operator;
mod requests;
mod workload;

use std::time::Duration;

use crate::lab::{step::Step, www};

pub use api::{Answer, Api, Patch};
pub(crate) use cluster::Cluster;
pub(crate) use control_plane::{
    ADDRESS as CONTROL_PLANE_ADDRESS, MACHINE as CONTROL_PLANE, SECOND_ADDRESS,
};
pub(crate) use guests::{exclude, is_ready, node_files, programs, start_parts};
pub use kubelet::Kubelet;
pub(crate) use nodes::{start_daemons, start_on_kubelets_behalf};

/// The API server, as everybody in the cluster reaches it.
pub(crate) const SERVER: &str = "https://192.168.1.201:6443";

/// Cluster members and their addresses.
const NODES: [(&str, &str); 3] = [
    ("talos-1", "192.168.1.201"),
    ("talos-2", "192.168.1.202"),
    ("talos-3", "192.168.1.203"),
];

/// What a controller does on its own.
const SOON: Duration = Duration::from_secs(20);

/// The steps of the scenario, with real parts where it has objects and rules of its own.
pub fn steps() -> Vec<Step> {
    www::steps().into_iter().flat_map(replaced).collect()
}

/// The same without kube-proxy, with a stand-in for Cilium's data path, and what `lanlord doctor` says of it.
pub fn cilium_steps() -> Vec<Step> {
    let own = |name, run| Step { name, run };
    let with_cilium = |step: Step| match step.name {
        "cluster-nodes" => vec![own("cluster-nodes", nodes::join_without_kube_proxy)],
        "allocation" => vec![step, own("cilium", cilium::start)],
        "service-name" => vec![
            step,
            own("cilium-doctor", cilium::doctor_finds_what_is_wrong),
        ],
        _ => vec![step],
    };
    steps().into_iter().flat_map(with_cilium).collect()
}

/// Faults of the cluster, after the steps.
pub use faults::steps as faults;

fn replaced(step: Step) -> Vec<Step> {
    let own = |name, run| Step { name, run };
    match step.name {
        "nodes" => vec![
            own("control-plane", control_plane::start),
            own("cluster-nodes", nodes::join),
            own("cluster-objects", objects::apply),
            own("kubelet-rights", requests::kubelets_read_one_secret),
            own("workload", workload::start),
            own("nodes", |lab| start_daemons(lab, &www::NODES)),
        ],
        "page" => vec![
            own("allocation", requests::addresses_are_given),
            step,
            own("page-tls", requests::laptop_gets_page_over_tls),
            own("second-path", requests::second_path_reaches_second_service),
            own("service-name", requests::annotated_service_has_a_name),
            own("old-manifests", operator::old_manifests_are_told_and_cured),
            own("kubectl-lanlord", operator::kubectl_shows_the_cluster),
        ],
        _ => vec![step],
    }
}
