//! The cluster as plain data: what the planners read, and the words in which they answer.
//!
//! `platform/cluster` turns Kubernetes objects into a [`Snapshot`]; every crate of `logic` decides from it and from
//! nothing else. Collections are ordered, so the same snapshot gives the same plan, byte for byte.

#![forbid(unsafe_code)]

mod address;
mod ids;
mod labels;
mod names;
mod node;
mod pool;
mod reason;
mod service;
mod snapshot;
pub mod testing;

pub use address::{AddressRange, AddressRangeError, IpFamily, Mac, MacError, Vip};
pub use ids::{NodeName, ServiceKey, ServiceKeyError};
pub use labels::{Labels, Requirement, Selector};
pub use names::{ControllerName, Ingress, IngressClass, IngressRule};
pub use node::Node;
pub use pool::{AddressPool, Allocation, L2Advertisement, PoolScope, PreferredNodes};
pub use reason::{Reason, Refusal};
pub use service::{Endpoint, IpFamilyPolicy, Protocol, Service, ServicePort, TrafficPolicy};
pub use snapshot::Snapshot;
