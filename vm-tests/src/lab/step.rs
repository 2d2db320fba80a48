//! Steps: each makes one sentence true, and is printed on one line when it is.

use std::time::{Duration, Instant};

use serde_json::json;

use super::{Lab, failure::Failure};
use crate::{machine, output::say};

/// What a step returns: the sentence that is true now.
pub type Outcome = Result<String, Failure>;

/// One step.
#[derive(Clone, Copy)]
pub struct Step {
    /// Stable name for scripts.
    pub name: &'static str,
    /// Makes it true, or says what is in the way.
    pub run: fn(&mut Lab) -> Outcome,
}

impl std::fmt::Debug for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Step").field(&self.name).finish()
    }
}

/// How steps are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Lines,
    /// One JSON object a line.
    Json,
}

/// How a run of steps ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// All sentences are true.
    AllTrue,
    /// One could not be made true.
    Failed,
    /// Ctrl-C.
    Interrupted,
}

/// Runs steps in order until one fails.
pub fn run_all(lab: &mut Lab, steps: &[Step], format: Format) -> End {
    for step in steps {
        if lab.interrupted() {
            return End::Interrupted;
        }
        let begin = Instant::now();
        let outcome = (step.run)(lab);
        let took = begin.elapsed();
        match outcome {
            Ok(sentence) => print_success(step, took, &sentence, format),
            Err(failure) if failure.interrupted || lab.interrupted() => return End::Interrupted,
            Err(failure) => {
                print_failure(lab, step, took, &failure, format);
                return End::Failed;
            }
        }
    }
    End::AllTrue
}

fn print_success(step: &Step, took: Duration, sentence: &str, format: Format) {
    match format {
        Format::Lines => say(format!("ok  {:4.1} s  {sentence}", took.as_secs_f32())),
        Format::Json => say(json!({
            "step": step.name, "ok": true, "secs": round(took), "text": sentence,
        })
        .to_string()),
    }
}

fn print_failure(lab: &Lab, step: &Step, took: Duration, failure: &Failure, format: Format) {
    let log = failure.part.as_ref().map(|part| {
        let log = lab.site.logs().join(format!("{part}.log"));
        (part.clone(), machine::tail(&log, 40))
    });
    match format {
        Format::Lines => {
            say(format!("FAILED {:.1} s  {}", took.as_secs_f32(), step.name));
            say(format!("  expected: {}", failure.expected));
            say(format!("  seen:     {}", failure.seen));
            if let Some((part, text)) = log {
                say(format!("  log of {part}:"));
                for line in text.lines() {
                    say(format!("    {line}"));
                }
            }
        }
        Format::Json => say(json!({
            "step": step.name, "ok": false, "secs": round(took), "expected": failure.expected, "seen": failure.seen,
            "part": log.as_ref().map(|(part, _)| part), "log": log.as_ref().map(|(_, text)| text),
        })
        .to_string()),
    }
}

fn round(took: Duration) -> f64 {
    (took.as_secs_f64() * 1000.0).round() / 1000.0
}
