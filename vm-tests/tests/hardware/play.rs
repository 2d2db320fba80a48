//! What the programs are expected to be called with, in order, and what they answer.

use std::path::Path;

/// The text of a play; the form is told in `fake`.
#[derive(Clone)]
pub(crate) struct Play(pub(crate) String);

impl Play {
    /// One of `plays/`.
    pub(crate) fn of(name: &str) -> Self {
        let file = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/hardware/plays")
            .join(name)
            .with_extension("play");
        Self(std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{file:?}: {error}")))
    }

    /// The same up to the first call that starts with `call`, which gets this answer; nothing may be called after it.
    pub(crate) fn ends_with(self, call: &str, code: i32, answer: &str) -> Self {
        let (before, line) = self.cut(call);
        Self(format!("{before}{line}\n! {code}\n{answer}\n"))
    }

    /// The same up to the first call that starts with `call`, which is not made any more.
    pub(crate) fn ends_before(self, call: &str) -> Self {
        Self(self.cut(call).0)
    }

    fn cut(&self, call: &str) -> (String, String) {
        let start = format!("$ {call}");
        let mut before = String::new();
        for line in self.0.lines() {
            if line.starts_with(&start) {
                return (before, line.to_string());
            }
            before.push_str(line);
            before.push('\n');
        }
        panic!("no call in this play starts with `{call}`")
    }
}
