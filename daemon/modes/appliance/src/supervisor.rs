//! The first process: one loop that starts the router, looks after it, reaps, and obeys signals.

use std::{
    io::{PipeReader, Read},
    os::fd::{AsFd, BorrowedFd},
    panic::{AssertUnwindSafe, catch_unwind},
    path::PathBuf,
    process::ExitCode,
    thread,
    time::{Duration, Instant},
};

use kernel::signal::{Signal, Signals};
use nix::{
    fcntl::{FcntlArg, OFlag, fcntl},
    poll::{PollFd, PollFlags, PollTimeout, poll},
    sys::wait::{WaitPidFlag, WaitStatus, waitpid},
    unistd::Pid,
};
use telemetry::notify::Listener;

use crate::{
    Options,
    child::{Helper, Running, Starter},
    console::Console,
    ending::{self, Goal},
    ground,
    pace::Pace,
    panel,
};

/// Exit code of a router whose configuration is wrong.
const EXIT_CONFIG: i32 = 78;
/// The longest wait when nothing is due; without signals or notices, how soon changes are seen.
const IDLE: Duration = Duration::from_secs(60);
const BLIND: Duration = Duration::from_millis(500);
/// After a turn that panicked: if the next ones do as well, they leave room for everything else.
const SHAKEN: Duration = Duration::from_millis(100);
/// A wait that was longer than asked by this much: the container was frozen.
const FROZEN: Duration = Duration::from_secs(3);
/// Log octets copied in one turn.
const LOG_TURN: usize = 64 * 1024;

/// The router, as a process.
#[derive(Debug)]
enum Router {
    Down { start_at: Instant },
    Up(Running),
}

/// The loop and what it owns.
#[derive(Debug)]
pub(crate) struct Supervisor {
    starter: Starter,
    console: Console,
    signals: Option<Signals>,
    notices: Option<Listener>,
    log: Option<PipeReader>,
    router: Router,
    pace: Pace,
    goal: Goal,
    /// A router was ready since the container's start: what to type next has been shown.
    was_ready: bool,
    status: Option<Helper>,
}

impl Supervisor {
    /// Prepares the ground. What cannot be had is told and done without.
    pub(crate) fn new(options: Options) -> Self {
        let is_first = std::process::id() == 1;
        let mut console = if is_first {
            Console::of_container()
        } else {
            Console::of_process()
        };
        console.write(panel::banner().as_bytes());
        if is_first {
            ground::mount_missing(&mut console);
        } else {
            tell(
                &mut console,
                "adopt orphans",
                kernel::process::adopt_orphans(),
            );
        }
        let signals = tell(&mut console, "listen for signals", Signals::block());
        let notices = tell(&mut console, "open a socket for notices", Listener::open());
        let pipe = std::io::pipe().and_then(|(reader, writer)| {
            fcntl(&reader, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
            Ok((reader, writer))
        });
        let (reader, writer) = tell(&mut console, "open a pipe for the log", pipe).unzip();
        let starter = Starter {
            file: std::env::current_exe().unwrap_or_else(|_| PathBuf::from("/sbin/init")),
            state: options.state,
            socket: ground::usable_socket(&options.socket, &mut console),
            search_path: ground::search_path(),
            notify: notices.as_ref().map(|socket| socket.address().to_string()),
            log: writer,
        };
        Self {
            starter,
            console,
            signals,
            notices,
            log: reader,
            router: Router::Down {
                start_at: Instant::now(),
            },
            pace: Pace::default(),
            goal: Goal::Run,
            was_ready: false,
            status: None,
        }
    }

    /// Turns until the goal is an end and the router is down.
    pub(crate) fn run(mut self) -> ExitCode {
        loop {
            match catch_unwind(AssertUnwindSafe(|| self.turn())) {
                Ok(Some(code)) => return code,
                Ok(None) => {}
                // The panic hook has told it.
                Err(_) => thread::sleep(SHAKEN),
            }
        }
    }

    fn turn(&mut self) -> Option<ExitCode> {
        self.wait();
        self.copy_log();
        self.hear();
        self.obey();
        self.reap();
        if self.console.was_asked() {
            self.show_status();
        }
        self.act(Instant::now())
    }

    /// Waits for a signal, a notice, a log line, a key, or until something is due.
    fn wait(&mut self) {
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
        let helper = self.status.as_ref().map(|status| status.kill_at);
        [router, helper]
            .into_iter()
            .flatten()
            .fold(idle, Instant::min)
    }

    fn copy_log(&mut self) {
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

    fn hear(&mut self) {
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

    fn obey(&mut self) {
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
                | Signal::Child
                | Signal::HangUp => {}
            }
        }
    }

    /// Takes in everything that ended: the router, helpers, and what others left behind.
    fn reap(&mut self) {
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
        if self.status.as_ref().is_some_and(|status| status.pid == pid) {
            self.status = None;
        }
        let Router::Up(running) = &self.router else {
            return;
        };
        if running.pid != pid {
            return;
        }
        self.copy_log();
        let Router::Up(running) = &self.router else {
            return;
        };
        let wait = if running.is_leaving() {
            Duration::ZERO
        } else {
            let wait = self.pace.next(running.since.elapsed());
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

    fn show_status(&mut self) {
        if self.status.is_none() {
            self.status = tell(&mut self.console, "start a status", self.starter.status());
        }
    }

    /// What is due now; the exit code when all is over.
    fn act(&mut self, now: Instant) -> Option<ExitCode> {
        if let Some(status) = self.status.as_ref().filter(|status| now >= status.kill_at) {
            status.kill();
        }
        match (&mut self.router, self.goal) {
            (Router::Down { start_at }, Goal::Run) => {
                if now >= *start_at {
                    self.start();
                }
            }
            (Router::Down { .. }, Goal::Stop) => return Some(ending::stop()),
            (Router::Down { .. }, Goal::Restart) => {
                let refused = ending::restart();
                self.console.say(&format!(
                    "no restart of everything: {refused}; only the router starts again"
                ));
                self.goal = Goal::Run;
                self.start();
            }
            (Router::Up(running), Goal::Run) => {
                if !running.is_leaving() && running.heard.silent_at().is_some_and(|at| now >= at) {
                    self.console.say("the router hangs: it is killed");
                    // Not asked to leave: it counts as a death.
                    running.kill_as_hung();
                }
                running.press(now);
            }
            (Router::Up(running), Goal::Stop | Goal::Restart) => {
                running.leave(now);
                if running.press(now) {
                    return Some(ending::stop());
                }
            }
        }
        None
    }

    fn start(&mut self) {
        let started = self.starter.router();
        self.router = match tell(&mut self.console, "start the router", started) {
            Some(running) => Router::Up(running),
            None => Router::Down {
                start_at: Instant::now() + self.pace.next(Duration::ZERO).max(SHAKEN),
            },
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

/// What could not be had is told and done without.
fn tell<T>(console: &mut Console, what: &str, tried: std::io::Result<T>) -> Option<T> {
    tried
        .inspect_err(|error| console.say(&format!("{what}: {error}")))
        .ok()
}
