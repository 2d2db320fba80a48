//! The supervisor's part in an upgrade: it judges the new version, and takes the old one back.

use std::time::{Duration, Instant};

use super::{Router, Supervisor, tell};
use crate::{
    ending::Goal,
    upgrade::{Marker, Phase, Places, Sign, Trial, Verdict, digest},
};

/// How soon a router on trial is asked again.
pub(super) const ASK_AGAIN: Duration = Duration::from_secs(1);

impl Supervisor {
    /// At the start of this process: whether its own program is the one on trial.
    pub(super) fn find_itself_on_trial(&mut self) {
        self.look_for_trial();
        let Some(trial) = &mut self.trial else {
            return;
        };
        self.is_on_trial = true;
        trial.marker.starts = trial.marker.starts.saturating_add(1);
        self.note();
    }

    /// Looks whether the program in place is one that nobody judged yet; a router that runs starts again from it.
    pub(super) fn look_for_trial(&mut self) {
        if self.trial.is_some() {
            return;
        }
        let Some(marker) = Marker::read(&self.starter.state) else {
            return;
        };
        if marker.phase != Phase::Pending {
            return;
        }
        let in_place = digest(&self.starter.file);
        match tell(&mut self.console, "read the program in place", in_place) {
            Some(digest) if digest == marker.digest => {}
            Some(_) => {
                // The command was killed before it switched.
                self.close(marker, Phase::NotSwitched, "");
                return;
            }
            None => return,
        }
        self.console
            .say(&format!("lanlord {} is on trial", marker.to));
        self.trial = Trial::of(marker, Instant::now());
        if let Router::Up(running) = &mut self.router {
            let was_whole = running.heard.ready_at.is_some() && running.heard.is_whole;
            running.make_room(Instant::now());
            if let Some(trial) = &mut self.trial {
                trial.marker.must_be_whole.get_or_insert(was_whole);
            }
        }
        self.note();
    }

    /// The router on trial ended, unasked.
    pub(super) fn note_death(&mut self, end: &str) {
        if let Some(trial) = &mut self.trial {
            trial.died(end);
            self.note();
        }
    }

    /// Puts what is known of the trial on disk.
    fn note(&mut self) {
        if let Some(trial) = &self.trial {
            let noted = trial.marker.write(&self.starter.state);
            tell(&mut self.console, "note the state of the trial", noted);
        }
    }

    /// Looks how the version on trial does, and asks it.
    pub(super) fn judge(&mut self, now: Instant) {
        let Some(trial) = &mut self.trial else {
            self.verdict_at = None;
            return;
        };
        if self.goal != Goal::Run {
            self.verdict_at = None;
            return;
        }
        let sign = match &self.router {
            Router::Up(running) if !running.is_leaving() => Sign {
                is_ready: running.heard.ready_at.is_some(),
                is_whole: running.heard.is_whole,
                answers: self.answered,
                status: &running.heard.status,
            },
            Router::Up(_) | Router::Down { .. } => Sign::default(),
        };
        let may_ask = sign.is_ready && self.question.is_none();
        match trial.judge(sign, now) {
            Verdict::Wait(until) if may_ask && now >= self.ask_at => {
                self.verdict_at = Some(until);
                let question = self.starter.question();
                self.question = tell(&mut self.console, "ask the router", question);
                self.ask_at = now + ASK_AGAIN;
            }
            Verdict::Wait(until) if may_ask => self.verdict_at = Some(until.min(self.ask_at)),
            Verdict::Wait(until) => self.verdict_at = Some(until),
            Verdict::Confirm => self.confirm(),
            Verdict::TakeBack(reason) => self.take_back(&reason),
        }
    }

    fn confirm(&mut self) {
        self.verdict_at = None;
        if let Some(trial) = self.trial.take() {
            self.console
                .say(&format!("lanlord {} is healthy: it stays", trial.marker.to));
            self.close(trial.marker, Phase::Confirmed, "");
        }
    }

    fn take_back(&mut self, reason: &str) {
        self.verdict_at = None;
        let Some(trial) = self.trial.take() else {
            return;
        };
        let Marker { from, to, .. } = &trial.marker;
        let (from, to) = (from.clone(), to.clone());
        match Places::of(&self.starter.file).take_back() {
            Ok(()) => {
                self.console
                    .say(&format!("lanlord {to} is taken back for {from}: {reason}"));
                self.close(trial.marker, Phase::TakenBack, reason);
                if self.is_on_trial {
                    self.goal = Goal::Renew;
                }
                if let Router::Up(running) = &mut self.router {
                    running.make_room(Instant::now());
                }
            }
            Err(error) => {
                let reason = format!("{reason}; {from} cannot be taken back: {error}");
                self.console
                    .say(&format!("lanlord {to} is not healthy: {reason}"));
                self.close(trial.marker, Phase::Stuck, &reason);
            }
        }
    }

    fn close(&mut self, mut marker: Marker, phase: Phase, reason: &str) {
        marker.phase = phase;
        marker.reason = reason.to_string();
        let closed = marker.write(&self.starter.state);
        tell(&mut self.console, "note the end of the trial", closed);
    }
}
