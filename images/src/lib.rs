//! Builds what people install, without Docker and without root.
//!
//! ```text
//!   cargo build --release ----> binary --+--> extension --> oci --> .oci, .tar       Talos
//!   extension/network/lanlord -----------+
//!   lxc-router/router.toml --------------+--> template -----------> .tar.zst         Proxmox LXC
//!   Debian: nftables, its libraries --> nft
//!                                        +--> container --> oci --> .oci, .tar       DaemonSet, Proxmox 9.1
//!                                        +--> deb ----------------> .deb             Debian
//! ```
//!
//! An image is a [`tree`] of files before it has a format; [`archive`] and `oci` give it one. Two builds of one commit
//! give the same octets: members are sorted, their time is that of the commit, and nothing of the host gets in.

pub mod architecture;
pub mod archive;
mod binary;
mod build;
pub mod compress;
mod container;
mod crates;
mod deb;
mod debian;
pub mod digest;
pub mod elf;
mod extension;
mod nft;
mod oci;
mod output;
pub mod reader;
mod source;
mod spdx;
mod steps;
mod template;
pub mod tree;

pub use binary::architecture_of;
pub use build::{Built, Image, Kind, Options, build};
pub use source::{Source, VERSION};
