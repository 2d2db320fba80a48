//! The lab, the checks and the comparisons.
//!
//! A [`machine`] is a set of namespaces on this computer; the [`lab`] puts the product's scenario together from machines,
//! [`stand_in`]s and the release binary; [`verify`] runs every check; [`compare`] measures. The release binary is
//! driven as a user would drive it: by files, flags, its admin socket and signals.

pub mod compare;
pub mod container;
pub mod contract;
pub mod guest;
pub mod images;
pub mod kubernetes;
pub mod lab;
pub mod machine;
pub mod output;
pub mod packages;
pub mod stand_in;
pub mod talos;
pub mod talos_code;
pub mod tools;
pub mod verify;
pub mod wait;
