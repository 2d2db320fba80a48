//! Why something was refused: one code and one text for events, logs and commands.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A typed refusal. Each crate of `logic` owns an enum of its own.
pub trait Reason: fmt::Debug {
    /// A short CamelCase code from a small, fixed set: event reason and metric label (`AllocationFailed`).
    fn code(&self) -> &'static str;
    /// One sentence for people, with what would settle it; lower case, no full stop.
    fn text(&self) -> String;
}

/// A refusal of one object, as printed in plans and put into events.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Refusal {
    /// What was refused: `Service traefik/traefik`, `IPAddressPool first`.
    pub object: String,
    /// The [`Reason`]'s code.
    pub code: String,
    /// The [`Reason`]'s text.
    pub text: String,
}

impl Refusal {
    /// The refusal of `object` for `reason`.
    pub fn new(object: impl Into<String>, reason: &dyn Reason) -> Self {
        Self {
            object: object.into(),
            code: reason.code().to_string(),
            text: reason.text(),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.object, self.code, self.text)
    }
}
