//! Ctrl-C and SIGTERM, taken when the lab looks for them, so that no step is torn in the middle.

use std::cell::Cell;

use anyhow::{Context, Result};
use nix::sys::{
    signal::{SigSet, Signal},
    signalfd::{SfdFlags, SignalFd},
};

/// The signals that end a lab, blocked and readable.
#[derive(Debug)]
pub struct Signals {
    source: SignalFd,
    set: SigSet,
    came: Cell<bool>,
}

impl Signals {
    /// Blocks them in this thread, and so in every child; `lab inside` unblocks them again.
    pub fn block() -> Result<Self> {
        let mut set = SigSet::empty();
        for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP] {
            set.add(signal);
        }
        set.thread_block().context("block signals")?;
        let source = SignalFd::with_flags(&set, SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC)
            .context("open a signal descriptor")?;
        Ok(Self {
            source,
            set,
            came: Cell::new(false),
        })
    }

    /// Whether one has come.
    pub fn interrupted(&self) -> bool {
        if !self.came.get() && matches!(self.source.read_signal(), Ok(Some(_))) {
            self.came.set(true);
        }
        self.came.get()
    }

    /// Waits for one.
    pub fn wait(&self) -> Result<()> {
        if !self.interrupted() {
            self.set.wait().context("wait for a signal")?;
            self.came.set(true);
        }
        Ok(())
    }
}
