//! Every check, in the order in which a failure is cheapest to learn of.

mod binary;
mod checks;
mod images;
mod sandbox;
mod tally;

use std::{
    process::ExitCode,
    time::{Duration, Instant},
};

use anyhow::{Result, ensure};

pub use checks::all;
pub use tally::Tally;

use crate::output::say;

/// One check.
#[derive(Clone, Copy)]
pub struct Check {
    /// Name, for `--only`.
    pub name: &'static str,
    /// What it shows.
    pub about: &'static str,
    /// Runs it; how many tests passed and failed in it.
    pub run: fn() -> Result<Tally>,
    /// For checks that take long: left out unless they are named, or this environment variable is 1.
    pub only_with: Option<&'static str>,
}

impl std::fmt::Debug for Check {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Check").field(&self.name).finish()
    }
}

/// What became of a check.
enum Outcome {
    Passed(Tally, Duration),
    Failed(Tally, Duration, String),
    NotRun,
}

/// Runs the checks until one fails, then prints what became of each.
pub fn run(checks: &[Check], keep_going: bool) -> ExitCode {
    let begin = Instant::now();
    let mut outcomes = Vec::new();
    let mut failed = false;
    for check in checks {
        let outcome = if failed && !keep_going {
            Outcome::NotRun
        } else {
            run_one(check)
        };
        failed |= matches!(outcome, Outcome::Failed(..));
        outcomes.push((check, outcome));
    }
    summarize(&outcomes, begin.elapsed());
    if failed {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    }
}

/// The checks with these names, in their order.
pub fn select(names: &[String]) -> Result<Vec<Check>> {
    let checks = all();
    for name in names {
        let known: Vec<&str> = checks.iter().map(|check| check.name).collect();
        ensure!(
            known.contains(&name.as_str()),
            "no check {name}; there are {}",
            known.join(", ")
        );
    }
    if names.is_empty() {
        return Ok(checks);
    }
    Ok(checks
        .into_iter()
        .filter(|check| names.iter().any(|name| name == check.name))
        .map(|check| Check {
            only_with: None,
            ..check
        })
        .collect())
}

fn run_one(check: &Check) -> Outcome {
    say(format!("\n==> {}: {}", check.name, check.about));
    let begin = Instant::now();
    if let Some(variable) = check.only_with
        && std::env::var_os(variable).is_none_or(|value| value != "1")
    {
        say(format!(
            "left out: run it by `cargo verify --only {}` or with {variable}=1",
            check.name
        ));
        return Outcome::Passed(Tally::default(), begin.elapsed());
    }
    let result = (check.run)();
    let took = begin.elapsed();
    match result {
        Ok(tally) if tally.failed == 0 => {
            say(format!("ok  {:6.1} s  {}", took.as_secs_f32(), check.name));
            Outcome::Passed(tally, took)
        }
        Ok(tally) => fail(check, tally, took, format!("{} failed", tally.failed)),
        Err(error) => fail(check, Tally::one_failed(), took, format!("{error:#}")),
    }
}

fn fail(check: &Check, tally: Tally, took: Duration, why: String) -> Outcome {
    say(format!(
        "FAILED {:6.1} s  {}: {why}",
        took.as_secs_f32(),
        check.name
    ));
    Outcome::Failed(tally, took, why)
}

fn summarize(outcomes: &[(&Check, Outcome)], took: Duration) {
    let mut total = Tally::default();
    let mut not_run = 0;
    say("\nsummary");
    for (check, outcome) in outcomes {
        match outcome {
            Outcome::Passed(tally, took) => {
                total += *tally;
                say(format!(
                    "  ok      {:7.1} s  {:12} {tally}",
                    took.as_secs_f32(),
                    check.name
                ));
            }
            Outcome::Failed(tally, took, why) => {
                total += *tally;
                say(format!(
                    "  FAILED  {:7.1} s  {:12} {why}",
                    took.as_secs_f32(),
                    check.name
                ));
            }
            Outcome::NotRun => {
                not_run += 1;
                say(format!("  not run            {:12}", check.name));
            }
        }
    }
    let word = if total.failed == 0 { "ok" } else { "FAILED" };
    say(format!(
        "\ntest result: {word}. {} passed; {} failed; {} ignored; 0 measured; 0 filtered out; finished in {:.2}s",
        total.passed,
        total.failed,
        total.ignored,
        took.as_secs_f64()
    ));
    if not_run > 0 {
        say(format!("{not_run} checks were not run"));
    }
    say(format!("{} passed, {} failed", total.passed, total.failed));
}

#[cfg(test)]
mod tests;
