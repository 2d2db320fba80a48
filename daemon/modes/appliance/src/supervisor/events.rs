//! What happens to the supervisor: signals, notices, log lines, keys, ends of processes.

use std::{
    io::Read,
    os::fd::{AsFd, BorrowedFd},
    time::{Duration, Instant},
};

use kernel::signal::Signal;
use nix::{
    poll::{PollFd, PollFlags, PollTimeout, poll},
    sys::wait::{WaitPidFlag, WaitStatus, waitpid},
    unistd::Pid,
};
use telemetry::notify::Listener;

use super::{Router, Supervisor, probation::ASK_AGAIN};
use crate::{child::Helper, ending::Goal, panel};

/// Exit code of a router whose configuration is wrong.
const EXIT_CONFIG: i32 = 78;
/// The longest wait when nothing is due; without signals or notices, how soon changes are seen.
const IDLE: Duration = Duration::from_secs(60);
const BLIND: Duration = Duration::from_millis(500);
/// A wait that was longer than asked by this much: the container was frozen.
const FROZEN: Duration = Duration::from_secs(3);
/// Log octets copied in one turn.
const LOG_TURN: usize = 64 * 1024;

impl Supervisor {
    /// Waits for a signal, a notice, a log line, a key, or until something is due.
    pub(super) fn wait(&mut self) {
        let now = Instant::now();
        let until = self.due().saturating_duration_since(now);
        let descriptors: [Option<BorrowedFd<'_>>; 4] = [
            self.signals.as_ref().map(AsFd::as_fd),
            self.notices.as_ref().map(AsFd::as_fd),
            self.log.as_ref().map(AsFd::as_fd),
            self.console.keyboard(),
        ];
        let mut polled: Vec<PollFd<'_>> = descriptors
            .into_iter()
            .flatten()
            .map(|descriptor| PollFd::new(descriptor, PollFlags::POLLIN))
            .collect();
        // Rounded up, or the last millisecond would be spent turning.
        let timeout = PollTimeout::try_from(until + Duration::from_millis(1));
        // An interrupted wait is an early turn.
        let _ = poll(&mut polled, timeout.unwrap_or(PollTimeout::MAX));
        let woken = Instant::now();
        if woken > now + until + FROZEN
            && let Router::Up(running) = &mut self.router
        {
            running.heard.forgive(woken);
        }
    }

    /// When something must be done though nothing happens.
    fn due(&self) -> Instant {
        let blind = self.signals.is_none() || self.notices.is_none();
        let idle = Instant::now() + if blind { BLIND } else { IDLE };
        let router = match &self.router {
            Router::Down { start_at } => Some(*start_at),
            Router::Up(running) => running.due(),
        };
        let helpers = [&self.status, &self.question];
        let helpers = helpers.into_iter().flatten().map(|helper| helper.kill_at);
        [router, self.verdict_at]
            .into_iter()
            .flatten()
            .chain(helpers)
            .fold(idle, Instant::min)
    }

    pub(super) fn copy_log(&mut self) {
        let Some(log) = &mut self.log else {
            return;
        };
        let (mut buffer, mut copied) = ([0; 4096], 0);
        while copied < LOG_TURN {
            match log.read(&mut buffer) {
                Ok(0) | Err(_) => return,
                Ok(length) => {
                    self.console.write(&buffer[..length]);
                    copied += length;
                }
            }
        }
    }

    pub(super) fn hear(&mut self) {
        while let Some(notice) = self.notices.as_ref().and_then(Listener::next) {
            let Router::Up(running) = &mut self.router else {
                continue;
            };
            if !running.heard.take(notice, Instant::now()) {
                continue;
            }
            let status = &running.heard.status;
            if self.was_ready {
                self.console.say(&format!("the router is ready: {status}"));
            } else {
                self.was_ready = true;
                let panel = panel::ready(status, &self.starter.state);
                self.console.write(panel.as_bytes());
            }
        }
    }

    pub(super) fn obey(&mut self) {
        while let Some(received) = self.signals.as_ref().and_then(|all| all.next().ok()?) {
            match received.signal {
                Signal::Terminate | Signal::Power | Signal::Halt if self.goal != Goal::Stop => {
                    self.console.say("stopping");
                    self.goal = Goal::Stop;
                }
                // Ctrl-C on the console of a container means nothing; on a machine, Ctrl-Alt-Delete comes this way.
                Signal::Interrupt
                    if self.goal == Goal::Run
                        && (!received.by_kernel || kernel::process::is_whole_machine()) =>
                {
                    self.console.say("restarting");
                    self.goal = Goal::Restart;
                }
                Signal::Terminate
                | Signal::Power
                | Signal::Halt
                | Signal::Interrupt
                | Signal::Child => {}
                Signal::HangUp => self.look_for_trial(),
            }
        }
    }

    /// Takes in everything that ended: the router, helpers, and what others left behind.
    pub(super) fn reap(&mut self) {
        let everybody = Pid::from_raw(-1);
        loop {
            let ended = waitpid(everybody, Some(WaitPidFlag::WNOHANG));
            match ended {
                Ok(WaitStatus::Exited(pid, code)) => self.ended(pid, End::Exit(code)),
                Ok(WaitStatus::Signaled(pid, signal, _)) => self.ended(pid, End::Killed(signal)),
                Ok(WaitStatus::StillAlive) | Err(_) => return,
                Ok(_) => {}
            }
        }
    }

    fn ended(&mut self, pid: Pid, end: End) {
        let is = |helper: &Option<Helper>| helper.as_ref().is_some_and(|helper| helper.pid == pid);
        if is(&self.status) {
            self.status = None;
        }
        if is(&self.question) {
            self.question = None;
            self.answered = matches!(end, End::Exit(0));
            self.ask_at = Instant::now() + ASK_AGAIN;
        }
        let Router::Up(running) = &self.router else {
            return;
        };
        if running.pid != pid {
            return;
        }
        self.copy_log();
        // Its last words must not be taken for those of the next one.
        self.hear();
        let Router::Up(running) = &self.router else {
            return;
        };
        self.answered = false;
        let (lived, was_asked) = (running.since.elapsed(), running.is_leaving());
        let wait = if was_asked {
            Duration::ZERO
        } else {
            self.note_death(&end.to_string());
            let wait = self.pace.next(lived);
            let when = match wait {
                Duration::ZERO => "at once".to_string(),
                wait => format!("in {} ms", wait.as_millis()),
            };
            self.console.say(&format!(
                "the router ended: {end}; starting it again {when}"
            ));
            wait
        };
        self.router = Router::Down {
            start_at: Instant::now() + wait,
        };
    }
}

/// How a process ended.
enum End {
    Exit(i32),
    Killed(nix::sys::signal::Signal),
}

impl std::fmt::Display for End {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Exit(EXIT_CONFIG) => write!(f, "its configuration is wrong (exit code 78)"),
            Self::Exit(code) => write!(f, "exit code {code}"),
            Self::Killed(signal) => write!(f, "{signal}"),
        }
    }
}
