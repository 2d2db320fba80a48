//! The cluster: what Kubernetes objects say, and what is written back to them.
//!
//! Objects come from the API ([`api::watch`]) or from a watched directory ([`manifests::watch`]); both end as one
//! [`View`] in a `watch` channel, so that planners cannot tell them apart. The lease holder writes addresses back
//! through [`api::Writer`]. Types of `k8s_openapi` and `kube` stay in this crate, but for the [`Client`].
//!
//! ```text
//!  API  --- api::watch -------+                                        +--> api::Writer --> Service status, events
//!                             +--> Index --> View --> (plan, elsewhere) +
//!  files -- manifests::watch -+
//! ```

pub mod api;
mod convert;
pub mod crd;
mod index;
mod install;
pub mod manifests;
mod view;

pub use install::{InstallError, Manifest, PoolError, Wanted, manifests as install_manifests};
pub use kube::Client;
pub use view::{Problem, RouterSecret, Settings, TsigSecret, View};

#[cfg(test)]
mod testing;
