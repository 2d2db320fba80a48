//! Processes that nobody waits for: the first process of a PID namespace inherits them.

use std::io;

use nix::{
    errno::Errno,
    sys::wait::{WaitPidFlag, WaitStatus, waitpid},
    unistd::Pid,
};
use tokio::signal::unix::{SignalKind, signal};

/// Whether this process is the first one of its PID namespace, as in a container.
pub fn are_ours() -> bool {
    std::process::id() == 1
}

/// Waits for every child that ends, for ever. Not beside other code that waits for children of its own.
///
/// # Errors
/// When SIGCHLD cannot be followed.
pub async fn reap() -> io::Result<()> {
    let mut ended = signal(SignalKind::child())?;
    loop {
        reap_ended();
        ended.recv().await;
    }
}

/// Several may end under one signal.
fn reap_ended() -> usize {
    let mut reaped = 0;
    loop {
        match waitpid(Pid::from_raw(-1), Some(WaitPidFlag::WNOHANG)) {
            Ok(WaitStatus::StillAlive) | Err(Errno::ECHILD) => return reaped,
            Ok(_) => reaped += 1,
            Err(Errno::EINTR) => {}
            // None is documented; a loop would not end.
            Err(_) => return reaped,
        }
    }
}
