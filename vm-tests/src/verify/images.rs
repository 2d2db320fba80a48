//! The images that ship: built twice from the release binary, and judged by the tools that will read them.

mod daemonset;
mod deb;
mod extension;
mod readers;
mod template;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail, ensure};
use images::{
    Built, Kind, Options, Source, architecture::Architecture, compress::Effort, tree::Tree,
};

use super::Tally;
use crate::{lab::build::workspace, output::say, packages};

/// Something to look at; each counts as a test.
type Judgement = (&'static str, fn(&Built, &Path) -> Result<()>);

const JUDGEMENTS: [Judgement; 8] = [
    ("the digests in SHA256SUMS are right", checksums),
    ("the extension is what Talos wants to see", extension::judge),
    (
        "skopeo reads and copies the layouts and their archives",
        readers::skopeo,
    ),
    ("umoci unpacks the layouts", readers::umoci),
    (
        "the template unpacks as Proxmox does it, and its programs run",
        template::judge,
    ),
    ("the package installs, upgrades and goes away", deb::install),
    ("the unit is valid and tight", deb::unit),
    ("the OCI image runs as an ordinary user", daemonset::judge),
];

/// Builds and judges.
pub(super) fn check() -> Result<Tally> {
    packages::ensure(&packages::IMAGES)?;
    let scratch = workspace().join("target/verify-images");
    remove(&scratch)?;
    let built = build(&scratch.join("first"))?;
    let again = build(&scratch.join("second"))?;
    for image in &built.images {
        let name = image.paths.first().and_then(|path| path.file_name());
        let name = name.unwrap_or_default().to_string_lossy();
        say(format!("{:6.2} MB  {name}", image.size as f64 / 1e6));
    }
    let mut tally = Tally::default();
    let mut count = |about: &str, result: Result<()>| match result {
        Ok(()) => {
            say(format!("ok      {about}"));
            tally.passed += 1;
        }
        Err(error) => {
            say(format!("FAILED  {about}: {error:#}"));
            tally.failed += 1;
        }
    };
    count("two builds give the same octets", same(&built, &again));
    for (about, judge) in JUDGEMENTS {
        let folder = scratch.join("judgement");
        remove(&folder)?;
        fs::create_dir_all(&folder).with_context(|| format!("create {}", folder.display()))?;
        count(about, judge(&built, &folder));
    }
    if tally.failed == 0 {
        remove(&scratch)?;
    }
    Ok(tally)
}

fn build(out: &Path) -> Result<Built> {
    let options = Options {
        source: Source::here()?,
        kinds: Kind::ALL.to_vec(),
        architectures: Architecture::installed()?,
        binary: None,
        out: out.to_owned(),
        effort: Effort::Best,
    };
    images::build(&options)
}

fn same(one: &Built, other: &Built) -> Result<()> {
    let folder = |built: &Built| built.checksums.parent().map(Path::to_owned);
    let read = |built| Tree::read(&folder(built).context("the images have a folder")?);
    let (one, other) = (read(one)?, read(other)?);
    let names =
        |tree: &Tree| -> Vec<String> { tree.members().map(|(name, _)| name.to_owned()).collect() };
    ensure!(names(&one) == names(&other), "they have different files");
    for (name, member) in one.members() {
        ensure!(other.get(name) == Some(member), "{name} differs");
    }
    Ok(())
}

fn checksums(built: &Built, _: &Path) -> Result<()> {
    let folder = built.checksums.parent().context("a folder")?;
    let mut command = Command::new("sha256sum");
    command.args(["--check", "--strict", "--quiet", "SHA256SUMS"]);
    succeed(command.current_dir(folder))?;
    let listed = fs::read_to_string(&built.checksums).context("read SHA256SUMS")?;
    for path in built.images.iter().flat_map(|image| &image.paths) {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let is_listed = listed
            .lines()
            .any(|line| line.ends_with(&format!("  {name}")));
        ensure!(is_listed || path.is_dir(), "{name} is not in SHA256SUMS");
    }
    Ok(())
}

/// The first path of the image of this kind for the processor of this computer.
fn path(built: &Built, kind: Kind) -> Result<&Path> {
    paths(built, kind)?
        .first()
        .map(PathBuf::as_path)
        .with_context(|| format!("{kind:?} has no file"))
}

fn paths(built: &Built, kind: Kind) -> Result<&[PathBuf]> {
    built
        .images
        .iter()
        .find(|image| {
            image.kind == kind
                && image
                    .architecture
                    .is_none_or(|name| name == own_architecture().name())
        })
        .map(|image| image.paths.as_slice())
        .with_context(|| format!("no {kind:?} was built for this computer"))
}

fn own_architecture() -> Architecture {
    if cfg!(target_arch = "aarch64") {
        Architecture::Arm64
    } else {
        Architecture::Amd64
    }
}

/// Runs a command to its good end; its stdout.
fn succeed(command: &mut Command) -> Result<String> {
    let output = command
        .output()
        .with_context(|| format!("run {command:?}"))?;
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    if !output.status.success() {
        let stderr = String::from_utf8_lossy(&output.stderr);
        bail!("{command:?}: {}\n{stdout}{stderr}", output.status);
    }
    Ok(stdout)
}

/// A shell as the one user of a user namespace, its root, without a network; `$1` and so on are the arguments.
fn as_root_alone(script: &str, arguments: &[&Path]) -> Result<String> {
    in_namespaces(&["--user", "--map-root-user"], script, arguments)
}

/// The same with other users beside root, for trees in which files belong to several.
fn as_root_among_others(script: &str, arguments: &[&Path]) -> Result<String> {
    let users: &[&str] = if nix::unistd::geteuid().is_root() {
        &[]
    } else {
        &["--user", "--map-root-user", "--map-auto"]
    };
    in_namespaces(users, script, arguments)
}

fn in_namespaces(users: &[&str], script: &str, arguments: &[&Path]) -> Result<String> {
    let mut command = Command::new("unshare");
    command.args(users);
    command.args(["--mount", "--net", "--", "sh", "-euc", script, "sh"]);
    succeed(command.args(arguments))
}

fn remove(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("remove {}", folder.display()))
        }
        Ok(()) | Err(_) => Ok(()),
    }
}
