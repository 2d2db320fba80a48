//! `talosctl patch mc` with what `lanlord talos-patch` prints: nothing restarts, however often.

use super::{
    MACHINE, SERVICE,
    files::{Files, text},
    machine::PART,
    service::process,
    talosctl::Talosctl,
};
use crate::lab::{
    Lab,
    failure::{Failure, expected},
    step::Outcome,
};

/// An entry that the patch makes.
const CONTENT: &str = "- name: lanlord-router\n";

/// What Talos says to an entry that is there already.
const REFUSAL: &str = "duplicate";

/// As it is for a new machine, again the same, then twice as it is for a machine that has it.
pub(super) fn restarts_nothing(lab: &mut Lab) -> Outcome {
    let talosctl = Talosctl::of(lab)?;
    let first = print(lab, "patch.yaml", &[])?;
    let again = print(lab, "patch-again.yaml", &["--replace"])?;
    let before = look(lab, &talosctl)?;
    let wanted = apply(lab, &talosctl, &first, &before)?;
    if wanted.matches(CONTENT).count() != 1 {
        return Err(expected(&format!("{CONTENT} once in the configuration"), &wanted).part(PART));
    }
    let refusal = match talosctl.run(&patching(&first)) {
        Err(refusal) if refusal.contains(REFUSAL) => REFUSAL,
        Err(other) => return Err(expected(REFUSAL, &other).part(PART)),
        Ok(said) => return Err(expected(REFUSAL, &said).part(PART)),
    };
    for _ in 0..2 {
        let config = apply(lab, &talosctl, &again, &before)?;
        if config != wanted {
            let what = format!(
                "the configuration to stay as it is, {} octets",
                wanted.len()
            );
            return Err(expected(&what, &format!("{} octets", config.len())).part(PART));
        }
    }
    Ok(format!(
        "talosctl patch mc with `lanlord talos-patch`, the same again (Talos: {refusal}), then twice with `--replace`: no \
         service restarts, and the configuration ({} octets) stays the same",
        wanted.len()
    ))
}

/// Applies a patch, after which all must go on as before; the configuration then.
fn apply(
    lab: &Lab,
    talosctl: &Talosctl<'_>,
    patch: &str,
    before: &Standing,
) -> Result<String, Failure> {
    let said = talosctl
        .run(&patching(patch))
        .map_err(|seen| expected("the patch to be applied", &seen).part(PART))?;
    let after = look(lab, talosctl)?;
    if after != *before {
        let what = format!("all to go on as {before:?} after: {said}");
        return Err(expected(&what, &format!("{after:?}")).part(PART));
    }
    talosctl
        .run(&[
            "get",
            "machineconfig",
            "v1alpha1",
            "--output",
            "jsonpath={.spec}",
        ])
        .map_err(|seen| expected("the machine configuration", &seen).part(PART))
}

fn patching(patch: &str) -> [&str; 4] {
    ["patch", "machineconfig", "--patch", patch]
}

/// A patch as the router prints it, in a file; how talosctl is given it.
fn print(lab: &Lab, name: &str, options: &[&str]) -> Result<String, Failure> {
    let router = lab.machine("router")?;
    let directory = router.directory();
    let (state, config) = (
        text(&directory.join("state")),
        text(&directory.join("router.toml")),
    );
    let common = ["talos-patch", "--state", &state, "--config", &config];
    let patch = router.succeed("lanlord", &[&common, options].concat())?;
    let file = Files::of(&lab.site).at(name);
    std::fs::write(&file, patch).map_err(anyhow::Error::from)?;
    Ok(format!("@{}", text(&file)))
}

/// What a restart would change.
#[derive(Debug, PartialEq, Eq)]
struct Standing {
    daemon: super::service::Running,
    events: Vec<(String, Vec<String>)>,
}

fn look(lab: &Lab, talosctl: &Talosctl<'_>) -> Result<Standing, Failure> {
    let daemon = process(lab).map_err(|seen| expected("the daemon's process", &seen))?;
    let events = [SERVICE, "kubelet", "cri", "apid"]
        .into_iter()
        .map(|name| Ok((name.to_owned(), talosctl.service(name)?.events)))
        .collect::<Result<_, String>>()
        .map_err(|seen| expected(&format!("the services of {MACHINE}"), &seen).part(PART))?;
    Ok(Standing { daemon, events })
}
