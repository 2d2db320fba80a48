//! The appliance: what `/sbin/init` does in the Proxmox LXC template, and how it gets a new version.
//!
//! ```text
//!   lxc ── SIGPWR, SIGRTMIN+3: stop ──> Supervisor (process 1, one thread) ──start, SIGTERM──> /sbin/init router
//!       └─ SIGINT: restart               |   ^   ^                                                |       |
//!                                        |   |   '── READY, WATCHDOG, STATUS (NOTIFY_SOCKET) ─────'       |
//!        /dev/console, /dev/tty1 <───────'   '────── log lines (pipe) <────────────────────────────────────'
//! ```
//!
//! Process 1 must never end by accident: with it ends the container, and with that DHCP and DNS of the LAN. So it is
//! one loop that waits in one place, gives work to children only, and goes on after whatever goes wrong in a turn.

mod child;
mod console;
mod ending;
mod ground;
mod heard;
mod pace;
mod panel;
mod supervisor;
mod upgrade;

use std::{
    panic::catch_unwind,
    path::{Path, PathBuf},
    process::ExitCode,
    thread,
    time::Duration,
};

pub use upgrade::{back, upgrade};

/// What the command line and the environment say.
#[derive(Clone, Debug)]
pub struct Options {
    /// State folder of the router.
    pub state: PathBuf,
    /// Admin socket of the router.
    pub socket: PathBuf,
}

/// Whether this process is a container's first, started as `/sbin/init` without arguments.
pub fn is_first_process() -> bool {
    let mut arguments = std::env::args_os();
    let is_init = arguments.next().is_some_and(|name| {
        Path::new(&name)
            .file_name()
            .is_some_and(|name| name == "init")
    });
    std::process::id() == 1 && is_init && arguments.next().is_none()
}

/// Runs the router and looks after it, until a signal says stop.
pub fn init(options: &Options) -> ExitCode {
    console::tell_panics();
    loop {
        let options = options.clone();
        if let Ok(supervisor) = catch_unwind(|| supervisor::Supervisor::new(options)) {
            return supervisor.run();
        }
        thread::sleep(Duration::from_secs(1));
    }
}
