//! The first process: one loop that starts the router, looks after it, reaps, and obeys signals.

use std::{
    fs::File,
    io::PipeReader,
    panic::{AssertUnwindSafe, catch_unwind},
    path::PathBuf,
    process::ExitCode,
    thread,
    time::{Duration, Instant},
};

use kernel::signal::Signals;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use telemetry::notify::Listener;

use crate::{
    Options,
    child::{Helper, Running, Starter},
    console::Console,
    ending::{self, Goal},
    ground,
    pace::Pace,
    panel,
    upgrade::{Seat, Trial},
};

mod events;
mod probation;

/// After a turn that panicked: if the next ones do as well, they leave room for everything else.
const SHAKEN: Duration = Duration::from_millis(100);

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
    /// A status for the console.
    status: Option<Helper>,
    /// The upgrade that is not judged yet.
    trial: Option<Trial>,
    /// Asks the router on trial for its status.
    question: Option<Helper>,
    answered: bool,
    ask_at: Instant,
    verdict_at: Option<Instant>,
    /// This very process runs the version on trial.
    is_on_trial: bool,
    /// Tells commands that there is a supervisor.
    _seat: Option<File>,
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
            ground::link_missing(&mut console);
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
        let seat = Seat::take(&starter.socket, &starter.file);
        let seat = tell(&mut console, "take the seat of the supervisor", seat);
        let mut supervisor = Self {
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
            trial: None,
            question: None,
            answered: false,
            ask_at: Instant::now(),
            verdict_at: None,
            is_on_trial: false,
            _seat: seat,
        };
        supervisor.find_itself_on_trial();
        supervisor
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

    fn show_status(&mut self) {
        if self.status.is_none() {
            self.status = tell(&mut self.console, "start a status", self.starter.status());
        }
    }

    /// What is due now; the exit code when all is over.
    fn act(&mut self, now: Instant) -> Option<ExitCode> {
        for helper in [&self.status, &self.question].into_iter().flatten() {
            if now >= helper.kill_at {
                helper.kill();
            }
        }
        self.judge(now);
        match (&mut self.router, self.goal) {
            (Router::Down { start_at }, Goal::Run) => {
                if now >= *start_at {
                    self.start();
                }
            }
            (Router::Down { .. }, Goal::Renew) => {
                let refused = self.starter.become_supervisor();
                self.console
                    .say(&format!("run {}: {refused}", self.starter.file.display()));
                self.goal = Goal::Run;
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
            (Router::Up(running), Goal::Stop | Goal::Restart | Goal::Renew) => {
                running.leave(now);
                if running.press(now) {
                    // One that cannot even be killed is left to the end of everything; a new supervisor waits for it.
                    match self.goal {
                        Goal::Stop => return Some(ending::stop()),
                        Goal::Restart => {
                            let _ = ending::restart();
                            return Some(ending::stop());
                        }
                        Goal::Run | Goal::Renew => {}
                    }
                }
            }
        }
        None
    }

    fn start(&mut self) {
        self.look_for_trial();
        let started = self.starter.router();
        self.router = match tell(&mut self.console, "start the router", started) {
            Some(running) => Router::Up(running),
            None => Router::Down {
                start_at: Instant::now() + self.pace.next(Duration::ZERO).max(SHAKEN),
            },
        };
    }
}

/// What could not be had is told and done without.
fn tell<T>(console: &mut Console, what: &str, tried: std::io::Result<T>) -> Option<T> {
    tried
        .inspect_err(|error| console.say(&format!("{what}: {error}")))
        .ok()
}
