//! Talos' own code judges what lanlord ships for Talos: the extension, every patch, and every machine configuration in
//! the documentation.
//!
//! For each release there is a program around that release's packages (`vm-tests/tools/talos/check`), which also refuses
//! what Talos accepts silently although a node then does something else. It answers one line per question. The release
//! 1.14, whose documents `lanlord talos-patch` can print too, cannot be had from the module proxy: those are judged by
//! the shape that its sources name, in the tests of the command.

mod broken;
mod checker;
mod patches;
mod snippets;

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};

use crate::{images, lab::build::workspace, output::say, tools, verify::Tally};
use checker::{Checker, Verdict};

/// What is asked, and what must be answered.
struct Question {
    /// What it is about, for people.
    about: String,
    /// The question, its words parted by tabs.
    words: String,
    expected: Expected,
}

/// An answer that is right.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Expected {
    /// Accepted.
    Accepted,
    /// Accepted, and the machine configuration is the same as that of the question with this number.
    SameAs(usize),
    /// Accepted, and load balancers may use the node.
    Included,
    /// Refused, and this is in the reason.
    Refused(&'static str),
}

/// Asks all releases everything.
///
/// # Errors
/// When a checker cannot be built or run, or the images cannot be built.
pub fn judge(lanlord: &Path) -> Result<Tally> {
    let images = images::ensure(lanlord)?;
    let checkers = tools::talos_checkers()?;
    let scratch = scratch()?;
    let mut questions = broken::questions(&images.extension_tree, &scratch)
        .context("break the extension's tree")?;
    let first = questions.len();
    questions.extend(patches::questions(lanlord, &scratch, first)?);
    let snippets = snippets::questions(&scratch)?;
    say(format!(
        "{} machine configurations are in the documentation",
        snippets.len()
    ));
    questions.extend(snippets);
    let mut tally = Tally::default();
    for (release, program) in checkers {
        let verdicts = Checker::new(&program).ask(&questions)?;
        for (at, question) in questions.iter().enumerate() {
            match wrong(&verdicts, at, &question.expected) {
                None => tally.passed += 1,
                Some(why) => {
                    tally.failed += 1;
                    say(format!("FAILED Talos {release}: {}: {why}", question.about));
                }
            }
        }
        say(format!("Talos {release} judged {} times", questions.len()));
    }
    Ok(tally)
}

/// A folder for what is judged; it stays, for a look at what was refused.
fn scratch() -> Result<PathBuf> {
    let folder = workspace().join("target/talos-code");
    match fs::remove_dir_all(&folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(error).with_context(|| format!("remove {}", folder.display()));
        }
        Ok(()) | Err(_) => {}
    }
    fs::create_dir_all(&folder).with_context(|| format!("create {}", folder.display()))?;
    Ok(folder)
}

/// Why the answer to a question is not the expected one.
fn wrong(verdicts: &[Verdict], at: usize, expected: &Expected) -> Option<String> {
    match (expected, &verdicts[at]) {
        (Expected::Accepted, Verdict::Accepted { .. }) => None,
        (Expected::Included, Verdict::Accepted { excluded, .. }) => {
            excluded.then(|| "the label of load balancers is still there".to_owned())
        }
        (Expected::SameAs(other), verdict) => (verdict != &verdicts[*other])
            .then(|| format!("{verdict:?}, and not as before {:?}", verdicts[*other])),
        (Expected::Refused(part), Verdict::Refused(why)) if why.contains(part) => None,
        (Expected::Refused(part), verdict) => Some(format!(
            "{verdict:?} in the place of a refusal with `{part}`"
        )),
        (Expected::Accepted | Expected::Included, Verdict::Refused(why)) => {
            Some(format!("refused: {why}"))
        }
    }
}
