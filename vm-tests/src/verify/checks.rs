//! The checks themselves. All of them run what a person would type.

use std::{
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Command, Stdio},
};

use anyhow::{Context, Result, ensure};

use super::{Check, Tally, binary, images, sandbox};
use crate::{
    lab::build::{given_binary, release_binary, workspace},
    output::say,
    packages, talos_code,
    tools::cache_dir,
};

/// Version of cargo-deny that is installed where it is missing.
const CARGO_DENY: &str = "0.20.2";
/// The second architecture that ships.
const OTHER_TARGET: &str = "aarch64-unknown-linux-gnu";

/// All checks.
pub fn all() -> Vec<Check> {
    let check = |name, about, run| Check {
        name,
        about,
        run,
        only_with: None,
    };
    vec![
        check(
            "packages",
            "programs of the distribution that the tests call",
            programs,
        ),
        check("format", "cargo fmt --check", format),
        check("clippy", "all targets, warnings denied", clippy),
        check("release", "the static release binary and its size", release),
        check(
            "images",
            "what people install, built twice and read by others",
            images::check,
        ),
        check("aarch64", "the second architecture compiles", other_target),
        check(
            "tests",
            "unit, property, scenario and namespace tests",
            tests,
        ),
        check("doctests", "examples in the documentation", doc_tests),
        check("rustdoc", "documentation, warnings denied", documentation),
        check(
            "deny",
            "bans, licences and sources of all dependencies",
            deny,
        ),
        check(
            "talos-code",
            "Talos' own code judges the extension and every patch",
            talos_code,
        ),
        check("lab", "cargo lab --once --faults", lab),
        check(
            "container",
            "cargo lab --container --once --faults: the Proxmox template",
            container,
        ),
        check(
            "kubernetes",
            "cargo lab --kubernetes --once --faults",
            kubernetes,
        ),
        check("cilium", "cargo lab --cilium --once", cilium),
        check("contract", "cargo lab --contract --once", contract),
        check(
            "guest",
            "cargo lab --vm=router,talos-2 --once: our images with a kernel of their own",
            guest,
        ),
        Check {
            only_with: Some("LANLORD_VERIFY_TALOS"),
            ..check("talos", "cargo lab --talos --once", talos)
        },
    ]
}

fn programs() -> Result<Tally> {
    packages::ensure(&packages::LAB)?;
    packages::ensure(&packages::TESTS)?;
    packages::ensure(&packages::CONTRACT)?;
    packages::ensure(&packages::GUESTS)?;
    packages::ensure(&packages::IMAGES)?;
    packages::ensure(&crate::container::PROGRAMS)?;
    packages::ensure(&packages::DHCP_CLIENTS)?;
    Ok(Tally::one_passed())
}

fn format() -> Result<Tally> {
    succeed(cargo(&["fmt", "--all", "--check"]))
}

fn clippy() -> Result<Tally> {
    succeed(cargo(&[
        "clippy",
        "--workspace",
        "--all-targets",
        "--",
        "-D",
        "warnings",
    ]))
}

fn release() -> Result<Tally> {
    let file = release_binary()?;
    let size = binary::check(&file)?;
    say(format!(
        "{}: static, {:.1} MiB",
        file.display(),
        size as f64 / 1024.0 / 1024.0
    ));
    Ok(Tally::one_passed())
}

/// Where the toolchain of the other architecture is missing, that is said, and nothing is counted.
fn other_target() -> Result<Tally> {
    let sysroot = Command::new("rustc")
        .args(["--print", "sysroot"])
        .output()
        .context("run rustc")?;
    let sysroot = PathBuf::from(String::from_utf8_lossy(&sysroot.stdout).trim());
    let library = sysroot.join("lib/rustlib").join(OTHER_TARGET).join("lib");
    let compiler = "aarch64-linux-gnu-gcc";
    if !library.is_dir() || packages::find(compiler).is_none() {
        say(format!(
            "left out: needs `rustup target add {OTHER_TARGET}` and the package gcc-aarch64-linux-gnu"
        ));
        return Ok(Tally::default());
    }
    succeed(cargo(&[
        "check",
        "--package",
        "lanlord",
        "--target",
        OTHER_TARGET,
    ]))
}

fn tests() -> Result<Tally> {
    let what = ["--workspace", "--lib", "--bins", "--tests"];
    succeed(cargo(
        &[&["test", "--no-run", "--quiet"], &what[..]].concat(),
    ))?;
    let binary = release_binary()?;
    // The tests have no network; what the images take from Debian must be in the cache.
    packages::ensure(&packages::IMAGES)?;
    crate::images::ensure(&binary)?;
    let mut command = sandbox::command("cargo");
    command
        .args(["test", "--offline", "--no-fail-fast"])
        .args(what)
        .env("LANLORD_BINARY", binary);
    counted(command)
}

fn doc_tests() -> Result<Tally> {
    counted(cargo(&["test", "--workspace", "--doc"]))
}

fn documentation() -> Result<Tally> {
    let mut command = cargo(&["doc", "--workspace", "--no-deps", "--quiet"]);
    command.env("RUSTDOCFLAGS", "-D warnings");
    succeed(command)
}

fn deny() -> Result<Tally> {
    let program = cargo_deny()?;
    let mut command = Command::new(program);
    command.args([
        "--all-features",
        "check",
        "--hide-inclusion-graph",
        "bans",
        "licenses",
        "sources",
    ]);
    succeed(command)
}

fn cargo_deny() -> Result<PathBuf> {
    let folder = cache_dir()?.join(format!("cargo-deny-{CARGO_DENY}"));
    let program = folder.join("bin/cargo-deny");
    if !program.exists() {
        say(format!(
            "installing cargo-deny {CARGO_DENY} into {}",
            folder.display()
        ));
        let mut install = Command::new("cargo");
        install
            .args([
                "install",
                "--locked",
                "--quiet",
                "cargo-deny",
                "--version",
                CARGO_DENY,
                "--root",
            ])
            .arg(&folder)
            // Outside the workspace: its target and flags are for our own programs.
            .current_dir("/");
        succeed_at(install)?;
    }
    Ok(program)
}

fn talos_code() -> Result<Tally> {
    let lanlord = match std::env::var_os("LANLORD_BINARY") {
        Some(path) => given_binary(path.as_ref())?,
        None => release_binary()?,
    };
    talos_code::judge(&lanlord)
}

fn lab() -> Result<Tally> {
    lab_steps(&["--once", "--faults", "--name", "verify"])
}

/// One router and one node with kernels of their own; the other machines are namespaces.
fn guest() -> Result<Tally> {
    lab_steps(&["--vm=router,talos-2", "--once", "--name", "verify"])
}

/// Where lxc cannot shift ids, that is said, and nothing is counted.
fn container() -> Result<Tally> {
    if !nix::unistd::geteuid().is_root() {
        say("left out: an unprivileged container is started by root");
        return Ok(Tally::default());
    }
    packages::ensure(&crate::container::PROGRAMS)?;
    lab_steps(&["--container", "--once", "--faults", "--name", "verify"])
}

fn kubernetes() -> Result<Tally> {
    lab_steps(&["--kubernetes", "--once", "--faults", "--name", "verify"])
}

fn contract() -> Result<Tally> {
    lab_steps(&["--contract", "--once", "--name", "verify"])
}

fn talos() -> Result<Tally> {
    lab_steps(&["--talos", "--once", "--name", "verify"])
}

fn cilium() -> Result<Tally> {
    lab_steps(&["--cilium", "--once", "--name", "verify"])
}

/// Each step that came true counts as a test.
fn lab_steps(args: &[&str]) -> Result<Tally> {
    let mut tally = Tally::default();
    let command = cargo(&[&["lab"], args].concat());
    let ended = each_line(command, |line| {
        tally.passed += u64::from(line.starts_with("ok "));
        tally.failed += u64::from(line.starts_with("FAILED "));
    })?;
    if !ended.success() && tally.failed == 0 {
        tally.failed = 1;
    }
    ensure!(
        tally.passed + tally.failed > 0,
        "cargo lab {}: no step ran",
        args.join(" ")
    );
    Ok(tally)
}

/// A run of cargo test; its tests are counted, and a run that fails without a failed test is an error.
fn counted(command: Command) -> Result<Tally> {
    let mut tally = Tally::default();
    let ended = each_line(command, |line| {
        tally += Tally::read(line).unwrap_or_default();
    })?;
    ensure!(ended.success() || tally.failed > 0, "cargo test: {ended}");
    Ok(tally)
}

fn cargo(args: &[&str]) -> Command {
    let mut command = Command::new("cargo");
    command.args(args);
    command
}

fn succeed(mut command: Command) -> Result<Tally> {
    command.current_dir(workspace());
    succeed_at(command)
}

fn succeed_at(mut command: Command) -> Result<Tally> {
    let status = command
        .status()
        .with_context(|| format!("run {command:?}"))?;
    ensure!(status.success(), "{command:?}: {status}");
    Ok(Tally::one_passed())
}

fn each_line(mut command: Command, mut look: impl FnMut(&str)) -> Result<std::process::ExitStatus> {
    command.current_dir(workspace()).stdout(Stdio::piped());
    let mut child = command
        .spawn()
        .with_context(|| format!("run {command:?}"))?;
    let stdout = child.stdout.take().context("stdout is a pipe")?;
    for line in BufReader::new(stdout).lines() {
        let line = line.context("read the output")?;
        look(&line);
        say(line);
    }
    child
        .wait()
        .with_context(|| format!("wait for {command:?}"))
}
