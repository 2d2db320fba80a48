//! What the lab and a guest's agent say to each other: one JSON object a line.

use serde::{Deserialize, Serialize};

/// Name of the port in both worlds.
pub(in crate::guest) const PORT: &str = "lanlord.agent";

/// Run a program.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(in crate::guest) struct Request {
    /// The reply carries it too: an answer to an earlier question, of somebody who gave up, is no answer.
    pub(in crate::guest) number: u64,
    /// Program and arguments; the first one `lab` stands for the lab binary.
    pub(in crate::guest) command: Vec<String>,
    /// Its stdin.
    pub(in crate::guest) input: String,
    /// Longest time it may take.
    pub(in crate::guest) limit_secs: u64,
    /// Name under which it stays in the background, and is started again when it ends.
    pub(in crate::guest) service: Option<String>,
}

/// What became of it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(in crate::guest) struct Reply {
    pub(in crate::guest) number: u64,
    /// Exit code 0.
    pub(in crate::guest) success: bool,
    pub(in crate::guest) stdout: String,
    /// Stderr, and how it ended if that was not well.
    pub(in crate::guest) stderr: String,
}
