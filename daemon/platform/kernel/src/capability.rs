//! Which privileges this process has, and one clear line about those it lacks.

use std::{fs, io};

use thiserror::Error;

/// A Linux capability that some part of the daemon needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Capability {
    /// Addresses, routes, rules, nftables.
    NetAdmin,
    /// Packet sockets: ARP, DHCP.
    NetRaw,
    /// Ports below 1024: DNS, DHCP, BGP.
    NetBindService,
}

/// Capabilities that are missing.
#[derive(Debug, Error)]
pub enum CapabilityError {
    /// `/proc` is not mounted or not Linux's.
    #[error("read the capabilities of this process from /proc/thread-self/status")]
    Read(#[source] io::Error),
    /// The text names them and who could grant them.
    #[error(
        "missing {}; grant it to the container (securityContext.capabilities.add, lxc.cap.keep), \
         the systemd unit (AmbientCapabilities=) or run as root", list(.0)
    )]
    Missing(Vec<Capability>),
}

impl Capability {
    /// Name as in capabilities(7).
    pub const fn name(self) -> &'static str {
        match self {
            Self::NetAdmin => "CAP_NET_ADMIN",
            Self::NetRaw => "CAP_NET_RAW",
            Self::NetBindService => "CAP_NET_BIND_SERVICE",
        }
    }

    /// Number in linux/capability.h.
    const fn bit(self) -> u32 {
        match self {
            Self::NetBindService => 10,
            Self::NetAdmin => 12,
            Self::NetRaw => 13,
        }
    }

    const fn purpose(self) -> &'static str {
        match self {
            Self::NetAdmin => "addresses, routes and firewall",
            Self::NetRaw => "ARP and DHCP sockets",
            Self::NetBindService => "ports below 1024",
        }
    }
}

/// Succeeds if all of `needed` are in effect.
pub fn require(needed: &[Capability]) -> Result<(), CapabilityError> {
    let status = fs::read_to_string("/proc/thread-self/status").map_err(CapabilityError::Read)?;
    let missing = missing(needed, &status);
    if missing.is_empty() {
        Ok(())
    } else {
        Err(CapabilityError::Missing(missing))
    }
}

fn missing(needed: &[Capability], status: &str) -> Vec<Capability> {
    let effective = status
        .lines()
        .find_map(|line| line.strip_prefix("CapEff:"))
        .and_then(|set| u64::from_str_radix(set.trim(), 16).ok())
        .unwrap_or_default();
    needed
        .iter()
        .copied()
        .filter(|capability| effective & (1 << capability.bit()) == 0)
        .collect()
}

fn list(capabilities: &[Capability]) -> String {
    let parts: Vec<String> = capabilities
        .iter()
        .map(|capability| format!("{} ({})", capability.name(), capability.purpose()))
        .collect();
    parts.join(", ")
}

#[cfg(test)]
mod tests;
