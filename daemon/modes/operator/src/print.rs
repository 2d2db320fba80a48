//! Standard output, in the form that was asked for.

use std::{
    fmt::Display,
    io::{self, Write},
    process::ExitCode,
};

use anyhow::Context;
use serde::Serialize;

/// Form of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// Prints one line of text.
pub fn show(text: &dyn Display) -> anyhow::Result<ExitCode> {
    write(&format!("{text}\n"))?;
    Ok(ExitCode::SUCCESS)
}

/// Prints `value` as JSON, or as the text that `text` makes of it.
pub(crate) fn answer<T: Serialize>(
    value: &T,
    output: Output,
    text: impl FnOnce(&T) -> String,
) -> anyhow::Result<()> {
    match output {
        Output::Text => write(&text(value)),
        Output::Json => {
            write(&(serde_json::to_string_pretty(value).context("encode the answer")? + "\n"))
        }
    }
}

/// Writes to standard output. A reader that went away (`| head`) is no error.
pub(crate) fn write(text: &str) -> anyhow::Result<()> {
    match io::stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written.context("write to standard output"),
    }
}
