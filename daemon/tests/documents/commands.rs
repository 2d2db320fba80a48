//! Every `lanlord …` in the documents is a command that the program has, with flags that it takes.

use std::{collections::BTreeSet, fs, os::unix::fs::symlink, path::Path, process::Command};

use crate::document::Document;

/// A command of ours as a document shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Shown {
    /// `lanlord` or `kubectl-lanlord`.
    program: &'static str,
    words: Vec<String>,
}

#[test]
fn every_command_in_the_documents_exists() {
    let folder = folder_of_programs();
    let (mut wrong, mut count) = (Vec::new(), 0);

    for document in Document::all() {
        for (line, text) in lines(&document) {
            for shown in commands(&text) {
                count += 1;
                if let Some(why) = objection(folder.path(), &shown) {
                    let place = document.place(line);
                    wrong.push(format!(
                        "{place}: {} {}: {why}",
                        shown.program,
                        shown.words.join(" ")
                    ));
                }
            }
        }
    }

    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count > 20, "only {count} commands were found");
}

/// The scripts for real hardware call programs as their plays have it.
#[test]
fn every_command_in_the_plays_exists() {
    let folder = folder_of_programs();
    let plays = Path::new(env!("CARGO_MANIFEST_DIR")).join("../vm-tests/tests/hardware/plays");
    let (mut wrong, mut count) = (BTreeSet::new(), 0);

    for play in fs::read_dir(plays).unwrap() {
        let text = fs::read_to_string(play.unwrap().path()).unwrap();
        for call in text.lines().filter_map(|line| line.strip_prefix("$ ")) {
            for shown in commands(call) {
                count += 1;
                if let Some(why) = objection(folder.path(), &shown) {
                    wrong.insert(format!("{call}: {why}"));
                }
            }
        }
    }

    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(count > 5, "only {count} commands were found");
}

fn folder_of_programs() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in ["lanlord", "kubectl-lanlord"] {
        symlink(env!("CARGO_BIN_EXE_lanlord"), folder.path().join(name)).unwrap();
    }
    folder
}

/// Lines of blocks that a person types, and what stands between backticks.
fn lines(document: &Document) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for block in document.blocks() {
        let typed = |line: &str| match block.language.as_str() {
            "" | "sh" => Some(line.to_string()),
            // Its other lines are what the command prints.
            "console" => line.strip_prefix("$ ").map(str::to_string),
            _ => None,
        };
        let mut begun = String::new();
        for (index, line) in block.text.lines().enumerate() {
            let part = if begun.is_empty() {
                typed(line)
            } else {
                Some(line.trim().to_string())
            };
            let Some(part) = part else { continue };
            match part.strip_suffix('\\') {
                Some(part) => begun.push_str(part),
                None => found.push((block.line + index, std::mem::take(&mut begun) + &part)),
            }
        }
    }
    for (line, text) in document.prose() {
        for span in text.split('`').skip(1).step_by(2) {
            found.push((line, span.to_string()));
        }
    }
    found
}

/// The commands of ours in a line of shell; what is optional is taken as given, of alternatives each.
fn commands(line: &str) -> Vec<Shown> {
    let line = line.split(" # ").next().unwrap_or_default();
    line.replace("$(", ";")
        .split(['|', ';', '&', ')', '"', '<', '>'])
        .flat_map(in_segment)
        .collect()
}

fn in_segment(segment: &str) -> Vec<Shown> {
    let words: Vec<&str> = segment.split_whitespace().collect();
    let Some(at) = words
        .iter()
        .position(|word| matches!(*word, "lanlord" | "/sbin/init" | "kubectl-lanlord"))
    else {
        return Vec::new();
    };
    let before = &words[..at];
    let program = match (before.last(), words[at]) {
        (Some(&"kubectl"), _) | (_, "kubectl-lanlord") => "kubectl-lanlord",
        // An argument of somebody else's program, such as a name of a Service.
        (Some(word), _) if !starts_another(word, before) => return Vec::new(),
        _ => "lanlord",
    };
    let words = words[at + 1..]
        .iter()
        .map(|word| {
            word.trim_matches(['[', ']', '…', '\'', ',', '.'])
                .to_string()
        })
        .filter(|word| !word.is_empty())
        .collect();
    vec![Shown { program, words }]
}

/// Whether the words before ours are those of a program that starts another one.
fn starts_another(last: &str, before: &[&str]) -> bool {
    last == "--"
        || last == "sudo"
        || before.starts_with(&["ssh"])
        || before.starts_with(&["cargo", "lab", "shell"])
        || before.starts_with(&["cargo", "lab", "run"])
}

/// What the program says against the command, which it parses and does not run.
fn objection(folder: &Path, shown: &Shown) -> Option<String> {
    let output = Command::new(folder.join(shown.program))
        .args(&shown.words)
        .arg("--help")
        .output()
        .unwrap();
    if output.status.success() {
        // Under a name that it does not know the program answers as `lanlord`.
        let own = shown.program.replace('-', " ");
        let help = String::from_utf8_lossy(&output.stdout);
        return (!help.contains(&format!("Usage: {own}")))
            .then(|| format!("is not answered as `{own}`"));
    }
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    Some(text.lines().next().unwrap_or_default().to_string())
}

#[test]
fn commands_are_found_in_shell() {
    let shown = |program, words: &str| Shown {
        program,
        words: words.split_whitespace().map(str::to_string).collect(),
    };

    assert_eq!(
        commands("lanlord manifests | kubectl apply -f -"),
        [shown("lanlord", "manifests")]
    );
    assert_eq!(
        commands("pct exec 200 -- /sbin/init status [--json]  # looks"),
        [shown("lanlord", "status --json")]
    );
    assert_eq!(
        commands("kubectl lanlord status"),
        [shown("kubectl-lanlord", "status")]
    );
    assert_eq!(
        commands("--from-literal=key=\"$(ssh router lanlord router key show)\""),
        [shown("lanlord", "router key show")]
    );
    assert_eq!(commands("talosctl service ext-lanlord"), []);
    assert_eq!(commands("kubectl get configmap lanlord"), []);
}

#[test]
fn a_command_that_is_not_there_is_found() {
    let folder = folder_of_programs();

    for line in [
        "lanlord frobnicate",
        "lanlord status --frob",
        "lanlord router key frob",
    ] {
        assert!(
            commands(line)
                .iter()
                .any(|shown| objection(folder.path(), shown).is_some()),
            "{line}"
        );
    }
}
