//! Which privileges this process has, and one clear line about those it lacks.

use std::{fs, io};

use thiserror::Error;

use crate::sys;

/// A Linux capability that some part of the daemon needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Capability {
    /// Addresses, routes, rules, nftables.
    NetAdmin,
    /// Packet sockets: ARP, DHCP.
    NetRaw,
    /// Ports below 1024: DNS, DHCP, BGP.
    NetBindService,
    /// Real-time priority of the wire thread; it works without.
    SysNice,
    /// Memory that is never swapped out; it works without.
    IpcLock,
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
    /// All that any part of the daemon has a use for.
    const ALL: [Self; 5] = [
        Self::NetAdmin,
        Self::NetRaw,
        Self::NetBindService,
        Self::SysNice,
        Self::IpcLock,
    ];

    /// Name as in capabilities(7).
    pub const fn name(self) -> &'static str {
        match self {
            Self::NetAdmin => "CAP_NET_ADMIN",
            Self::NetRaw => "CAP_NET_RAW",
            Self::NetBindService => "CAP_NET_BIND_SERVICE",
            Self::SysNice => "CAP_SYS_NICE",
            Self::IpcLock => "CAP_IPC_LOCK",
        }
    }

    /// Number in linux/capability.h.
    const fn bit(self) -> u32 {
        match self {
            Self::NetBindService => 10,
            Self::NetAdmin => 12,
            Self::NetRaw => 13,
            Self::IpcLock => 14,
            Self::SysNice => 23,
        }
    }

    const fn purpose(self) -> &'static str {
        match self {
            Self::NetAdmin => "addresses, routes and firewall",
            Self::NetRaw => "ARP and DHCP sockets",
            Self::NetBindService => "ports below 1024",
            Self::SysNice => "real-time priority",
            Self::IpcLock => "locked memory",
        }
    }
}

/// Puts into effect, for the calling thread and those it starts later, what it is permitted and has a use for.
///
/// An ordinary user who starts a program with file capabilities is permitted them; that the file does not put them into
/// effect by itself lets it also start where the container withholds some. Where all is in effect nothing is called, so
/// a filter of system calls that forbids this one does no harm.
///
/// # Errors
/// What the kernel says; [`require`] then tells what is missing.
pub fn raise() -> io::Result<()> {
    let sets = sys::capability::read()?;
    let useful = Capability::ALL
        .iter()
        .fold(0, |set, capability| set | 1 << capability.bit());
    let effective = sets.effective | sets.permitted & useful;
    if effective == sets.effective {
        return Ok(());
    }
    sys::capability::write(sys::capability::Sets { effective, ..sets })
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
