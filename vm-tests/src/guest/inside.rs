//! What runs inside a guest beside our images: hidden sub-commands of the lab binary, which is static and so needs no
//! more than a kernel.
//!
//! ```text
//!   in-guest router   PID 1 of the first root: loads modules, mounts the template's disk, starts the agent there,
//!                     becomes /sbin/init
//!   in-guest node     PID 1 of the first root: puts the extension over a small root, as Talos' init does, and stays:
//!                     starts agent and services, reaps
//!   in-guest agent    runs what the lab asks for, as `pct exec` does
//!   in-guest services the extension's services, by the contract
//! ```

pub(super) mod agent;
mod boot;
mod file;
mod node;
mod reply;
mod router;
mod service;

use std::path::PathBuf;

use anyhow::Result;
use clap::Subcommand;

use crate::output::say;

pub(super) use reply::{PORT, Reply, Request};

/// What a guest is to be.
#[derive(Clone, Debug, Subcommand)]
pub enum InGuest {
    /// Become the router's container.
    Router,
    /// Become a Talos node, as far as an extension sees it.
    Node,
    /// Run what the lab asks for.
    Agent,
    /// Run the services of extensions.
    Services,
    /// Print the seconds since the kernel began.
    Uptime,
    /// Print a file: the router's root has no program for that.
    Read { file: PathBuf },
    /// Write stdin to a file for root alone, and make its folder.
    Write { file: PathBuf },
    /// Tell PID 1 to restart, as `pct reboot` does.
    Restart,
}

impl InGuest {
    /// Does it; PID 1 does not return, a failure there switches the guest off.
    pub fn run(self) -> Result<()> {
        match self {
            Self::Router => boot::or_power_off("router", router::become_router),
            Self::Node => boot::or_power_off("node", node::become_node),
            Self::Agent => agent::serve(),
            Self::Services => service::run_all(),
            Self::Uptime => boot::uptime().map(say),
            Self::Read { file } => file::read(&file),
            Self::Write { file } => file::write(&file),
            Self::Restart => boot::restart(),
        }
    }
}
