//! What a step says when it cannot make its sentence true.

use std::time::Duration;

/// Expected, seen, and whose log to show.
#[derive(Clone, Debug)]
pub struct Failure {
    /// What should have been.
    pub expected: String,
    /// What was.
    pub seen: String,
    /// `<machine>-<part>` whose log explains it.
    pub part: Option<String>,
    /// Ctrl-C: nothing failed.
    pub interrupted: bool,
}

/// A failure without a part.
pub fn expected(what: &str, seen: &str) -> Failure {
    Failure {
        expected: what.to_owned(),
        seen: seen.trim().to_owned(),
        part: None,
        interrupted: false,
    }
}

impl Failure {
    /// Whose log explains it.
    #[must_use]
    pub fn part(mut self, part: &str) -> Self {
        self.part = Some(part.to_owned());
        self
    }

    /// How long it was waited for.
    #[must_use]
    pub fn after(mut self, waited: Duration) -> Self {
        self.expected = format!("{} (within {} s)", self.expected, waited.as_secs_f32());
        self
    }

    /// Ctrl-C came.
    pub fn interrupted() -> Self {
        Self {
            interrupted: true,
            ..expected("to go on", "an interrupt")
        }
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        expected("the step to run", &format!("{error:#}"))
    }
}
