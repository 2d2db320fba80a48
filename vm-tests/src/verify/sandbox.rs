//! Runs tests in a network namespace of their own, so that nothing they send leaves this computer.

use std::process::Command;

use nix::unistd::geteuid;

use crate::lab::user::OUTSIDE;

/// Brings up `lo` and becomes the program.
const ENTER: &str = "ip link set lo up && exec \"$@\"";

/// A command for `program`, as root of fresh namespaces; an ordinary user gets a user namespace too.
pub(super) fn command(program: &str) -> Command {
    let user = geteuid();
    let mut command = Command::new("unshare");
    if !user.is_root() {
        command.args(["--user", "--map-root-user"]);
    }
    command
        .args(["--net", "--mount", "--", "sh", "-c", ENTER, "sh", program])
        .env(OUTSIDE, user.to_string());
    command
}
