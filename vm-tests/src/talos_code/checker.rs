//! The program of one release.

use std::{
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, Result, bail, ensure};

use super::Question;

/// A checker of `vm-tests/tools/talos/check-*`.
pub(super) struct Checker {
    program: PathBuf,
}

/// Its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Accepted {
        /// Names the machine configuration that results, where one does.
        digest: String,
        /// It says that load balancers must not use the node.
        excluded: bool,
    },
    Refused(String),
}

impl Checker {
    pub(super) fn new(program: &Path) -> Self {
        Self {
            program: program.to_owned(),
        }
    }

    /// One answer a question.
    pub(super) fn ask(&self, questions: &[Question]) -> Result<Vec<Verdict>> {
        let mut child = Command::new(&self.program)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("run {}", self.program.display()))?;
        let mut input = child.stdin.take().context("stdin is a pipe")?;
        let lines: String = questions
            .iter()
            .map(|question| format!("{}\n", question.words))
            .collect();
        // Beside the reading: a checker that answers while it is asked must not wait for us.
        let asking = std::thread::spawn(move || input.write_all(lines.as_bytes()));
        let output = child.wait_with_output().context("read the answers")?;
        let asked = asking.join();
        ensure!(
            output.status.success(),
            "{}: {}: {}",
            self.program.display(),
            output.status,
            String::from_utf8_lossy(&output.stderr).trim()
        );
        if let Ok(asked) = asked {
            asked.context("ask the checker")?;
        }
        let answers = String::from_utf8_lossy(&output.stdout);
        let verdicts = answers.lines().map(read).collect::<Result<Vec<_>>>()?;
        ensure!(
            verdicts.len() == questions.len(),
            "{} answers to {} questions",
            verdicts.len(),
            questions.len()
        );
        Ok(verdicts)
    }
}

fn read(line: &str) -> Result<Verdict> {
    if let Some(why) = line.strip_prefix("refused: ") {
        return Ok(Verdict::Refused(why.to_owned()));
    }
    let mut words = line.split_whitespace();
    if words.next() != Some("ok") {
        bail!("no answer of a checker: {line}");
    }
    Ok(Verdict::Accepted {
        digest: words.next().unwrap_or_default().to_owned(),
        excluded: words.next() == Some("excluded"),
    })
}
