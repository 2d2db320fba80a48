//! Which names point at which addresses: Ingress hosts and annotated Services give a [`NamingPlan`].
//!
//! An Ingress points where its status says; while that is silent (or holds a node's address) it points at the VIP of
//! the Service in front of its ingress controller, see `controller.rs`. A Service points at its own VIPs.
//! What may be named in the end is the router's policy, not decided here.

#![forbid(unsafe_code)]

mod controller;
mod host;
mod plan;
mod reason;

#[cfg(test)]
mod proptests;
#[cfg(test)]
mod tests;

pub use host::HostProblem;
pub use plan::{Name, NamingPlan, Source, plan};
pub use reason::Reason;
