//! The state folder.

use crate::{Finding, Host, Role};

/// Leases, names and keys take a few hundred kilobytes.
const ENOUGH: u64 = 16 * 1024 * 1024;

pub(super) fn examine(host: &Host, role: Role) -> Vec<Finding> {
    let folder = host.state.path.display();
    let why = match role {
        Role::Router => {
            "new leases end after 5 minutes, a cluster without a key gets none, and names from clusters are refused; \
             DHCP and DNS serve"
        }
        Role::Node => "what was announced is forgotten by a restart while the API is away",
        Role::Either => "leases, names and keys do not survive a restart",
    };
    let finding = match (&host.state.writable, host.state.free) {
        (None, _) => Finding::ok("state", format!("{folder} will be made at the first start")),
        (Some(Err(error)), _) => {
            Finding::problem("state", format!("{folder} cannot be written: {error}"))
                .because(why)
                .cured_by(format!("findmnt -T {folder}; df -h {folder}; remount it writable or make room, no restart is needed"))
        }
        (Some(Ok(())), Some(free)) if free < ENOUGH => {
            Finding::problem("state", format!("{folder} has {} KiB left", free / 1024))
                .because(why)
                .cured_by(format!("make room: du -xhd1 {folder}/..; no restart is needed"))
        }
        (Some(Ok(())), _) => Finding::ok("state", format!("{folder} can be written")),
    };
    vec![finding]
}
