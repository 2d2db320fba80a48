//! The programs that the supervisor starts: the router, and a status for the console.

use std::{
    fs::OpenOptions,
    io::{self, PipeWriter},
    os::unix::{fs::OpenOptionsExt, process::CommandExt},
    path::PathBuf,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, kill, killpg},
    unistd::Pid,
};

use crate::{
    console::TERMINAL,
    heard::{Heard, SILENCE},
};

/// How long a router may take to end before it is killed.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long one that is replaced may take.
const IMPATIENCE: Duration = Duration::from_secs(3);
/// How long after that one may still linger in the kernel before nobody waits for it any longer.
const LINGER: Duration = Duration::from_secs(2);
/// How often one that lingers longer is looked at.
const LOOK: Duration = Duration::from_millis(500);
/// How long a status may take.
const ANSWER: Duration = Duration::from_secs(10);

/// How children are started.
#[derive(Debug)]
pub(crate) struct Starter {
    /// The program, which is this one too.
    pub(crate) file: PathBuf,
    pub(crate) state: PathBuf,
    pub(crate) socket: PathBuf,
    pub(crate) search_path: String,
    /// Where the router tells how it is.
    pub(crate) notify: Option<String>,
    /// Where its log goes.
    pub(crate) log: Option<PipeWriter>,
}

/// A router that was started.
#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) pid: Pid,
    pub(crate) since: Instant,
    pub(crate) heard: Heard,
    leaving: Option<Leaving>,
}

#[derive(Clone, Copy, Debug)]
struct Leaving {
    kill_at: Instant,
    is_killed: bool,
}

/// A program that ends by itself soon.
#[derive(Debug)]
pub(crate) struct Helper {
    pub(crate) pid: Pid,
    pub(crate) kill_at: Instant,
}

impl Starter {
    /// Starts the router in a process group of its own.
    pub(crate) fn router(&self) -> io::Result<Running> {
        let mut command = self.command("router");
        if let Some(address) = &self.notify {
            command
                .env("NOTIFY_SOCKET", address)
                .env("WATCHDOG_USEC", SILENCE.as_micros().to_string())
                .env_remove("WATCHDOG_PID");
        }
        if let Some(log) = &self.log {
            command.stdout(log.try_clone()?).stderr(log.try_clone()?);
        }
        let pid = start(command)?;
        Ok(Running {
            pid,
            since: Instant::now(),
            heard: Heard::default(),
            leaving: None,
        })
    }

    /// Starts `status`, which prints to the terminal.
    pub(crate) fn status(&self) -> io::Result<Helper> {
        let terminal = OpenOptions::new()
            .write(true)
            .custom_flags(nix::libc::O_NOCTTY)
            .open(TERMINAL)?;
        let mut command = self.command("status");
        command.stdout(terminal.try_clone()?).stderr(terminal);
        Ok(Helper {
            pid: start(command)?,
            kill_at: Instant::now() + ANSWER,
        })
    }

    /// Starts `status`, which tells nothing but whether there is an answer.
    pub(crate) fn question(&self) -> io::Result<Helper> {
        let mut command = self.command("status");
        command.stdout(Stdio::null()).stderr(Stdio::null());
        Ok(Helper {
            pid: start(command)?,
            kill_at: Instant::now() + ANSWER,
        })
    }

    /// Becomes the supervisor that is in place now; returns why not.
    pub(crate) fn become_supervisor(&self) -> io::Error {
        let mut command = Command::new(&self.file);
        if std::process::id() != 1 {
            command.arg("init");
        }
        command
            .env("LANLORD_STATE", &self.state)
            .env("LANLORD_SOCKET", &self.socket)
            .exec()
    }

    fn command(&self, what: &str) -> Command {
        let mut command = Command::new(&self.file);
        command
            .arg(what)
            .env("PATH", &self.search_path)
            .env("LANLORD_STATE", &self.state)
            .env("LANLORD_SOCKET", &self.socket)
            .env_remove("NOTIFY_SOCKET")
            .stdin(Stdio::null())
            .process_group(0);
        command
    }
}

fn start(mut command: Command) -> io::Result<Pid> {
    let child = kernel::process::start_unblocked(&mut command)?;
    // It is reaped with everything else.
    Ok(Pid::from_raw(child.id().cast_signed()))
}

impl Running {
    /// Asks it to end; asked once.
    pub(crate) fn leave(&mut self, now: Instant) {
        self.leave_within(PATIENCE, now);
    }

    /// Asks one to end that is to be replaced, and whose successor should not wait for long.
    pub(crate) fn make_room(&mut self, now: Instant) {
        self.leave_within(IMPATIENCE, now);
    }

    fn leave_within(&mut self, patience: Duration, now: Instant) {
        if self.leaving.is_none() {
            // One that is gone already is reaped soon.
            let _ = kill(self.pid, Signal::SIGTERM);
            self.leaving = Some(Leaving {
                kill_at: now + patience,
                is_killed: false,
            });
        }
    }

    /// Ends it now, with all that it started.
    pub(crate) fn kill(&mut self, now: Instant) {
        let _ = killpg(self.pid, Signal::SIGKILL);
        self.leaving = Some(Leaving {
            kill_at: now,
            is_killed: true,
        });
    }

    /// Ends one that hangs: a death like any other.
    pub(crate) fn kill_as_hung(&mut self) {
        self.heard.stop_listening();
        let _ = killpg(self.pid, Signal::SIGKILL);
    }

    /// Kills it when it did not end in time. Whether even that did not help.
    pub(crate) fn press(&mut self, now: Instant) -> bool {
        match self.leaving {
            Some(Leaving {
                kill_at,
                is_killed: false,
            }) if now >= kill_at => {
                self.kill(now);
                false
            }
            Some(Leaving {
                kill_at,
                is_killed: true,
            }) => now >= kill_at + LINGER,
            Some(_) | None => false,
        }
    }

    /// Whether its end is wanted.
    pub(crate) const fn is_leaving(&self) -> bool {
        self.leaving.is_some()
    }

    /// When something is due about it.
    pub(crate) fn due(&self) -> Option<Instant> {
        match self.leaving {
            Some(Leaving {
                kill_at,
                is_killed: false,
            }) => Some(kill_at),
            Some(Leaving { kill_at, .. }) => Some((kill_at + LINGER).max(Instant::now() + LOOK)),
            None => self.heard.silent_at(),
        }
    }
}

impl Helper {
    /// Ends it now.
    pub(crate) fn kill(&self) {
        let _ = killpg(self.pid, Signal::SIGKILL);
    }
}
