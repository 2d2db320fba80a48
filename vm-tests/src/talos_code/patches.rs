//! Every patch that `lanlord talos-patch` prints for the releases whose code is at hand.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, ensure};

use super::{Expected, Question};

/// Releases that take one and the same form.
const RELEASES: [&str; 6] = ["1.8", "1.9", "1.10", "1.11", "1.12", "1.13"];
/// What may be added to a patch.
const PARTS: [&[&str]; 6] = [
    &[],
    &["--router-key", "KEY"],
    &["--router-key", "KEY", "--router-address", "192.168.1.200"],
    &["--pool", "10.10.10.0/24"],
    &[
        "--pool",
        "10.10.10.0/24",
        "--pool",
        "2001:db8::10-2001:db8::20",
    ],
    &[
        "--router-key",
        "KEY",
        "--cluster",
        "branch",
        "--pool",
        "192.168.1.230-192.168.1.239",
    ],
];
const FIREWALLS: [&[&str]; 2] = [
    &["--firewall", "192.168.1.0/24"],
    &[
        "--firewall",
        "192.168.1.0/24",
        "--firewall",
        "2001:db8::/64",
    ],
];
const LABEL: &str = "--remove-exclude-label";
/// 32 octets, the same for every run.
const KEY: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=\n";

/// Prints patches, and collects what is asked about them.
struct Patches<'a> {
    lanlord: &'a Path,
    folder: PathBuf,
    key: PathBuf,
    /// Number of the first question here.
    first: usize,
    questions: Vec<Question>,
    printed: usize,
}

/// `first` is the number of the first of these questions among all.
pub(super) fn questions(lanlord: &Path, scratch: &Path, first: usize) -> Result<Vec<Question>> {
    let folder = scratch.join("patches");
    fs::create_dir(&folder).with_context(|| format!("create {}", folder.display()))?;
    let key = folder.join("lab.key");
    fs::write(&key, KEY).context("write a key")?;
    let mut patches = Patches {
        lanlord,
        folder,
        key,
        first,
        questions: Vec::new(),
        printed: 0,
    };
    for release in RELEASES {
        for parts in PARTS {
            patches.control_plane(release, parts)?;
        }
    }
    for flags in FIREWALLS {
        patches.firewall(flags)?;
    }
    Ok(patches.questions)
}

impl Patches<'_> {
    /// Once, twice, and in the place of an earlier one; with the label, which can be removed once.
    fn control_plane(&mut self, release: &str, parts: &[&str]) -> Result<()> {
        let version = ["--talos-version", release];
        let print =
            |patches: &mut Self, more: &[&str]| patches.print(&[&version, parts, more].concat());
        let patch = print(self, &[])?;
        let again = print(self, &["--replace"])?;
        let labelled = print(self, &[LABEL])?;
        let about = |what: &str| {
            format!(
                "talos-patch {} {}: {what}",
                version.join(" "),
                parts.join(" ")
            )
        };
        let once = self.ask(about("once"), &[&patch], Expected::Accepted);
        self.ask(
            about("twice"),
            &[&patch, &patch],
            Expected::Refused("is duplicate"),
        );
        self.ask(about("replaced"), &[&patch, &again], Expected::SameAs(once));
        self.ask(
            about("replaced twice"),
            &[&patch, &again, &again],
            Expected::SameAs(once),
        );
        self.ask(
            about("--replace of nothing"),
            &[&again],
            Expected::Refused("lookup failed"),
        );
        let with = self.ask(
            about("with the label removed"),
            &[&labelled],
            Expected::Included,
        );
        let replaced = [&labelled, &again];
        self.ask(
            about("with the label removed, replaced"),
            &replaced,
            Expected::SameAs(with),
        );
        let twice = [&labelled, &labelled];
        self.ask(
            about("with the label removed, twice"),
            &twice,
            Expected::Refused("lookup failed"),
        );
        Ok(())
    }

    /// For every node, and as often as one likes.
    fn firewall(&mut self, flags: &[&str]) -> Result<()> {
        let patch = self.print(flags)?;
        for kind in ["controlplane", "worker"] {
            let about =
                |what: &str| format!("talos-patch {} for a {kind}, {what}", flags.join(" "));
            let once = self.ask_about(kind, about("once"), &[&patch], Expected::Accepted);
            let twice = [&patch, &patch];
            self.ask_about(kind, about("twice"), &twice, Expected::SameAs(once));
        }
        Ok(())
    }

    fn print(&mut self, flags: &[&str]) -> Result<PathBuf> {
        let key = self.key.display().to_string();
        let flags = flags.iter().map(|flag| match *flag {
            "KEY" => key.as_str(),
            flag => flag,
        });
        let output = Command::new(self.lanlord)
            .arg("talos-patch")
            .args(flags)
            // No key of this machine's.
            .env("LANLORD_STATE", self.folder.join("state"))
            .output()
            .context("run lanlord talos-patch")?;
        ensure!(
            output.status.success(),
            "lanlord talos-patch: {}: {}",
            output.status,
            String::from_utf8_lossy(&output.stderr).trim()
        );
        self.printed += 1;
        let file = self.folder.join(format!("{}.yaml", self.printed));
        fs::write(&file, output.stdout).with_context(|| format!("write {}", file.display()))?;
        Ok(file)
    }

    fn ask(&mut self, about: String, files: &[&PathBuf], expected: Expected) -> usize {
        self.ask_about("controlplane", about, files, expected)
    }

    fn ask_about(
        &mut self,
        kind: &str,
        about: String,
        files: &[&PathBuf],
        expected: Expected,
    ) -> usize {
        let mut words = format!("patch\t{kind}");
        for file in files {
            words.push('\t');
            words.push_str(&file.display().to_string());
        }
        self.questions.push(Question {
            about,
            words,
            expected,
        });
        self.first + self.questions.len() - 1
    }
}
