//! What the running router told about itself, and what follows from its silence.

use std::time::{Duration, Instant};

use telemetry::notify::Notice;

/// A router that is ready and then says nothing for this long hangs. It speaks up twice in that time.
pub(crate) const SILENCE: Duration = Duration::from_secs(20);

/// One router's words since it was started.
#[derive(Clone, Debug, Default)]
pub(crate) struct Heard {
    /// Since when it is ready.
    pub(crate) ready_at: Option<Instant>,
    /// Whether it does all that it is there for; it does not say so before it knows.
    pub(crate) is_whole: bool,
    /// Its line for people.
    pub(crate) status: String,
    /// When it last said that it turns. One that never does is not watched.
    alive_at: Option<Instant>,
    is_stopping: bool,
}

impl Heard {
    /// Takes a notice in; whether it made the router ready.
    pub(crate) fn take(&mut self, notice: Notice, now: Instant) -> bool {
        if notice.alive {
            self.alive_at = Some(now);
        }
        if let Some(whole) = notice.whole {
            self.is_whole = whole;
        }
        if let Some(status) = notice.status {
            self.status = status;
        }
        self.is_stopping |= notice.stopping;
        if notice.ready && self.ready_at.is_none() {
            self.ready_at = Some(now);
            return true;
        }
        false
    }

    /// When silence becomes too long.
    pub(crate) fn silent_at(&self) -> Option<Instant> {
        let watched = self.ready_at.is_some() && !self.is_stopping;
        self.alive_at.filter(|_| watched).map(|at| at + SILENCE)
    }

    /// From now on its silence means nothing.
    pub(crate) fn stop_listening(&mut self) {
        self.alive_at = None;
    }

    /// Both were frozen: that silence does not count.
    pub(crate) fn forgive(&mut self, now: Instant) {
        if self.alive_at.is_some() {
            self.alive_at = Some(now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notice(ready: bool, alive: bool) -> Notice {
        Notice {
            ready,
            alive,
            ..Notice::default()
        }
    }

    #[test]
    fn a_ready_router_that_falls_silent_hangs() {
        let (mut heard, start) = (Heard::default(), Instant::now());

        assert!(heard.take(notice(true, false), start));
        assert_eq!(heard.silent_at(), None);
        heard.take(notice(false, true), start + SILENCE / 4);

        assert_eq!(heard.silent_at(), Some(start + SILENCE / 4 + SILENCE));
    }

    #[test]
    fn a_router_that_starts_or_stops_may_be_silent() {
        let (mut heard, start) = (Heard::default(), Instant::now());
        heard.take(notice(false, true), start);
        assert_eq!(heard.silent_at(), None);

        heard.take(notice(true, true), start);
        heard.take(
            Notice {
                stopping: true,
                ..Notice::default()
            },
            start,
        );

        assert_eq!(heard.silent_at(), None);
    }

    #[test]
    fn ready_is_said_once() {
        let (mut heard, start) = (Heard::default(), Instant::now());

        assert!(heard.take(notice(true, false), start));
        assert!(!heard.take(notice(true, false), start));
    }
}
