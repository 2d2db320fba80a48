//! What the doctor says.

use serde::Serialize;

/// How much it matters. The worst comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Something does not work, or will not.
    Problem,
    /// It works, but somebody should know.
    Hint,
    /// Looked at and found right.
    Ok,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How much it matters.
    pub severity: Severity,
    /// What was looked at, a fixed word for programs: `nft`, `port`, `ciliumPool`, …
    pub check: &'static str,
    /// What is the case, one line.
    pub what: String,
    /// Which function suffers; empty where nothing does.
    pub why: String,
    /// Lines to type or to write, and where; empty where nothing is to be done.
    pub cure: Vec<String>,
}

impl Finding {
    pub(crate) fn problem(check: &'static str, what: impl Into<String>) -> Self {
        Self::new(Severity::Problem, check, what.into())
    }

    pub(crate) fn hint(check: &'static str, what: impl Into<String>) -> Self {
        Self::new(Severity::Hint, check, what.into())
    }

    pub(crate) fn ok(check: &'static str, what: impl Into<String>) -> Self {
        Self::new(Severity::Ok, check, what.into())
    }

    const fn new(severity: Severity, check: &'static str, what: String) -> Self {
        Self {
            severity,
            check,
            what,
            why: String::new(),
            cure: Vec::new(),
        }
    }

    #[must_use]
    pub(crate) fn because(self, why: impl Into<String>) -> Self {
        let why = why.into();
        Self { why, ..self }
    }

    #[must_use]
    pub(crate) fn cured_by(mut self, line: impl Into<String>) -> Self {
        self.cure.push(line.into());
        self
    }
}
