//! Where people look: `/dev/console` and `/dev/tty1` (`pct console` opens the second one unless told otherwise).
//!
//! Nothing here waits. A terminal that nobody reads fills up after some kilobytes; what does not fit is left out there.

use std::{
    fs::{File, OpenOptions},
    io::{ErrorKind, Read, Write},
    os::{
        fd::{AsFd, BorrowedFd},
        unix::fs::OpenOptionsExt,
    },
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use nix::libc::{O_NOCTTY, O_NONBLOCK};

const CONSOLE: &str = "/dev/console";
/// The terminal with a keyboard.
pub(crate) const TERMINAL: &str = "/dev/tty1";
/// Standard error, opened anew, so that only this process's use of it never waits.
const STDERR: &str = "/proc/self/fd/2";
/// How often a terminal that could not be opened is tried again.
const RETRY: Duration = Duration::from_secs(5);

/// All terminals, whichever open.
#[derive(Debug)]
pub(crate) struct Console {
    sinks: Vec<Sink>,
}

#[derive(Debug)]
struct Sink {
    path: PathBuf,
    file: Option<File>,
    retry_at: Option<Instant>,
}

impl Console {
    /// For the first process of a container: its terminals; without any, standard error.
    pub(crate) fn of_container() -> Self {
        let mut sinks = vec![Sink::open(CONSOLE), Sink::open(TERMINAL)];
        if sinks.iter().all(|sink| sink.file.is_none()) {
            sinks.push(Sink::open(STDERR));
        }
        Self { sinks }
    }

    /// For a process beside others: the terminals belong to them.
    pub(crate) fn of_process() -> Self {
        Self {
            sinks: vec![Sink::open(STDERR)],
        }
    }

    /// One line of the supervisor's own.
    pub(crate) fn say(&mut self, text: &str) {
        self.write(format!("lanlord init: {text}\n").as_bytes());
    }

    /// Octets as they are.
    pub(crate) fn write(&mut self, octets: &[u8]) {
        for sink in &mut self.sinks {
            sink.write(octets);
        }
    }

    /// What to poll for keys.
    pub(crate) fn keyboard(&self) -> Option<BorrowedFd<'_>> {
        let sink = self
            .sinks
            .iter()
            .find(|sink| sink.path == Path::new(TERMINAL))?;
        Some(sink.file.as_ref()?.as_fd())
    }

    /// Whether a line was typed; what it says does not matter.
    pub(crate) fn was_asked(&mut self) -> bool {
        let Some(sink) = self
            .sinks
            .iter_mut()
            .find(|sink| sink.path == Path::new(TERMINAL))
        else {
            return false;
        };
        let mut line = [0; 256];
        match sink.file.as_mut().map(|file| file.read(&mut line)) {
            Some(Ok(1..)) => true,
            Some(Err(error)) if is_for_later(&error) => false,
            // Nobody is at the other end, or it broke: polled again, it would say so again and again.
            Some(Ok(0) | Err(_)) => {
                sink.close();
                false
            }
            None => false,
        }
    }
}

/// From now on a panic is told where people look, and nowhere else.
pub(crate) fn tell_panics() {
    let is_first = std::process::id() == 1;
    std::panic::set_hook(Box::new(move |panic| {
        let mut console = if is_first {
            Console::of_container()
        } else {
            Console::of_process()
        };
        console.say(&format!("{panic}; going on"));
    }));
}

impl Sink {
    fn open(path: &str) -> Self {
        let mut sink = Self {
            path: path.into(),
            file: None,
            retry_at: None,
        };
        sink.reopen();
        sink
    }

    fn reopen(&mut self) {
        let mut options = OpenOptions::new();
        options.write(true).custom_flags(O_NOCTTY | O_NONBLOCK);
        if self.path == Path::new(TERMINAL) {
            options.read(true);
        }
        self.file = options.open(&self.path).ok();
        self.retry_at = Some(Instant::now() + RETRY);
    }

    fn close(&mut self) {
        self.file = None;
        self.retry_at = Some(Instant::now() + RETRY);
    }

    fn write(&mut self, mut octets: &[u8]) {
        if self.file.is_none() && self.retry_at.is_some_and(|at| Instant::now() >= at) {
            self.reopen();
        }
        while let Some(file) = &mut self.file
            && !octets.is_empty()
        {
            match file.write(octets) {
                Ok(0) => break,
                Ok(written) => octets = &octets[written..],
                Err(error) if is_for_later(&error) => break,
                Err(_) => self.close(),
            }
        }
    }
}

fn is_for_later(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}
