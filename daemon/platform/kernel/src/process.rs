//! Processes as a first process of a container starts, reaps and outlives them.

use std::{
    io,
    process::{Child, Command},
};

use nix::{
    sys::{
        prctl,
        reboot::{RebootMode, reboot},
    },
    unistd::sync,
};

use crate::sys;

/// Inode of the namespace that holds all processes of the machine (`PROC_PID_INIT_INO` of the kernel).
const MACHINE: u64 = 0xEFFF_FFFC;

/// Starts a program with no signal blocked, whatever this thread blocks; it gets SIGTERM if this thread ends before it.
pub fn start_unblocked(command: &mut Command) -> io::Result<Child> {
    sys::unblock_at_start(command);
    command.spawn()
}

/// Descendants whose parent ends become children of this process, as they would of process 1.
pub fn adopt_orphans() -> io::Result<()> {
    Ok(prctl::set_child_subreaper(true)?)
}

/// Whether process 1 of this namespace is process 1 of the machine, not of a container.
pub fn is_whole_machine() -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata("/proc/self/ns/pid").is_ok_and(|space| space.ino() == MACHINE)
}

/// Starts the container, or the machine, again. Returns only if that is refused.
pub fn restart_all() -> io::Error {
    sync();
    match reboot(RebootMode::RB_AUTOBOOT) {
        Err(refused) => refused.into(),
    }
}

/// Switches the machine off. Returns only if that is refused.
pub fn power_off() -> io::Error {
    sync();
    match reboot(RebootMode::RB_POWER_OFF) {
        Err(refused) => refused.into(),
    }
}
