//! Signals as a descriptor, for a process with one thread that waits for everything in one place.

use std::{
    io,
    os::fd::{AsFd, BorrowedFd},
};

use nix::{
    libc,
    sys::signalfd::{SfdFlags, SignalFd},
};

use crate::sys;

/// A signal that was sent to this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Received {
    /// Which.
    pub signal: Signal,
    /// Sent by the kernel itself: a key on the terminal, not a process.
    pub by_kernel: bool,
}

/// The signals that a first process lives by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// A child ended.
    Child,
    /// SIGTERM.
    Terminate,
    /// SIGPWR: how lxc asks for a stop.
    Power,
    /// SIGRTMIN+3: how lxc and others ask a first process that blocks it.
    Halt,
    /// SIGINT: how lxc asks for a restart.
    Interrupt,
    /// SIGHUP.
    HangUp,
}

/// All of [`Signal`], blocked for the thread and read from here.
#[derive(Debug)]
pub struct Signals(SignalFd);

impl Signals {
    /// From now on none of them interrupts this thread. Programs started from it would inherit that; see
    /// [`crate::process::start_unblocked`].
    pub fn block() -> io::Result<Self> {
        let all = [
            libc::SIGCHLD,
            libc::SIGTERM,
            libc::SIGPWR,
            libc::SIGINT,
            libc::SIGHUP,
            libc::SIGRTMIN() + 3,
        ];
        let set = sys::signal_set(&all);
        set.thread_block()?;
        let flags = SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC;
        Ok(Self(SignalFd::with_flags(&set, flags)?))
    }

    /// The next one; none when no more has come.
    pub fn next(&self) -> io::Result<Option<Received>> {
        while let Some(record) = self.0.read_signal()? {
            let Some(signal) = i32::try_from(record.ssi_signo).ok().and_then(Signal::of) else {
                continue;
            };
            return Ok(Some(Received {
                signal,
                by_kernel: record.ssi_code > 0,
            }));
        }
        Ok(None)
    }
}

impl AsFd for Signals {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl Signal {
    fn of(number: i32) -> Option<Self> {
        Some(match number {
            libc::SIGCHLD => Self::Child,
            libc::SIGTERM => Self::Terminate,
            libc::SIGPWR => Self::Power,
            libc::SIGINT => Self::Interrupt,
            libc::SIGHUP => Self::HangUp,
            number if number == libc::SIGRTMIN() + 3 => Self::Halt,
            _ => return None,
        })
    }
}
