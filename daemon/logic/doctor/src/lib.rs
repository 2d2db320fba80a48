//! What a host or a cluster lacks for lanlord, why that matters, and how to give it.
//!
//! Facts go in as plain data, findings come out: no rule here looks anything up. `platform/kernel` finds out about the
//! host, `platform/cluster` about the cluster, and `lanlord doctor` shows what [`examine`] makes of both.
//!
//! ```text
//!   kernel::survey  --> Host ----.
//!   cluster survey  --> Cluster --+--> examine --> [Finding: severity, what, why, cure]
//!   admin socket    --> Daemon --'
//! ```

#![forbid(unsafe_code)]

mod facts;
mod finding;
mod rules;

pub use facts::{
    Capabilities, Conntrack, Daemon, Environment, Facts, Holder, Host, Interface, NftProgram,
    Platform, Port, Probe, Program, Punctuality, Role, StateFolder, Transport,
    cluster::{
        CiliumL2Policy, CiliumPool, Cluster, KubeProxy, Node, OurAdvertisement, OurPool, Pod,
        ProxyMode,
    },
};
pub use finding::{Finding, Severity};
pub use rules::examine;

/// Ports that lanlord uses, for whoever looks who has them.
pub fn ports() -> impl Iterator<Item = (Transport, u16)> {
    rules::needed()
}

/// Programs to look for, by the name that the kernel has of them.
pub fn programs() -> impl Iterator<Item = &'static str> {
    rules::KNOWN.into_iter()
}

/// What of nf_tables is to be tried.
pub fn nf_tables_parts() -> impl Iterator<Item = &'static str> {
    rules::PARTS.iter().map(|(part, _)| *part)
}

/// Words in the images of other announcers.
pub fn rival_images() -> impl Iterator<Item = &'static str> {
    rules::rival_images()
}

#[cfg(test)]
mod tests;
