//! Commands for people and CI: they read, check and print; none changes anything.

mod check;
mod doctor;
mod manifests;
mod plan;
mod print;
mod status;
mod table;
mod talos;

pub use self::doctor::{DoctorOptions, doctor};
pub use ::doctor::Role;
pub use check::check;
pub use cluster::{RouterSecret, TsigSecret};
pub use manifests::{Objects, manifests};
pub use plan::plan;
pub use print::{Output, show};
pub use status::{ClusterAccess, cluster_status, status};
pub use talos::{Form, Patch, Subnet, TalosVersion, firewall, talos_patch};
