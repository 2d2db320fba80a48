//! `on-talos/`: the whole of each script.

use std::fs;

use crate::{play::Play, stage::Stage};

fn with_patch() -> Stage {
    let stage = Stage::new();
    fs::write(stage.work("patch.yaml"), "kind: Secret # lanlord-router").unwrap();
    stage
}

#[test]
fn a_first_run_ends_at_the_site() {
    let stage = with_patch();

    let outcome = stage.perform("on-talos/run", &Play::of("talos-first"), &[], &[]);

    outcome
        .assert_played(0)
        .assert_says("ok the extension runs on every node")
        .assert_says("ok http://www.example.com");
}

#[test]
fn a_second_run_changes_nothing() {
    let stage = with_patch();
    stage
        .perform("on-talos/run", &Play::of("talos-first"), &[], &[])
        .assert_played(0);

    let outcome = stage.perform("on-talos/run", &Play::of("talos-second"), &[], &[]);

    outcome.assert_played(0);
    let changed: Vec<&str> = outcome
        .output
        .lines()
        .filter(|line| line.starts_with("ok ") && !line.ends_with("(nothing to do)"))
        .collect();
    assert!(changed.is_empty(), "{changed:?}");
}

#[test]
fn a_patch_that_is_newer_makes_new_machine_configurations() {
    let stage = with_patch();
    stage
        .perform("on-talos/run", &Play::of("talos-first"), &[], &[])
        .assert_played(0);
    fs::write(
        stage.work("patch.yaml"),
        "kind: Secret # another lanlord-router",
    )
    .unwrap();
    let play = Play(
        "$ talosctl version --client --short\nTalos v1.13.9\n".to_string()
            + &Play::of("talos-first")
                .0
                .lines()
                .filter(|line| line.starts_with("$ talosctl gen config"))
                .map(|line| format!("{line}\n! 1\nno\n"))
                .collect::<String>(),
    );

    let outcome = stage.perform("on-talos/run", &play, &[], &[]);

    outcome
        .assert_played(1)
        .assert_says("FAILED machine configurations");
}

#[test]
fn the_imager_gets_the_extension_as_a_folder() {
    let stage = Stage::new();
    fs::remove_file(stage.path("images/talos-v1.13.9-lanlord-0.1.0-amd64.iso")).unwrap();

    let outcome = stage.perform(
        "on-talos/image",
        &Play::of("talos-image"),
        &[(
            "OTHER_EXTENSIONS",
            "ghcr.io/siderolabs/qemu-guest-agent:10.0.2",
        )],
        &[],
    );

    outcome.assert_played(0);
    for kind in ["iso", "installer"] {
        let profile = fs::read_to_string(stage.path(&format!("images/{kind}.stdin"))).unwrap();
        assert_eq!(
            profile,
            format!(
                "baseProfileName: {kind}\narch: amd64\nplatform: metal\ninput:\n  systemExtensions:\n    \
                 - ociPath: /extension\n    - imageRef: ghcr.io/siderolabs/qemu-guest-agent:10.0.2\n"
            )
        );
    }
    let second = stage.perform("on-talos/image", &Play::of("talos-image-second"), &[], &[]);
    second
        .assert_played(0)
        .assert_says("ok the installer is in its registry (nothing to do)");
}

#[test]
fn upgrade_takes_one_node_after_the_other_and_leaves_those_that_are_new() {
    let stage = with_patch();

    let outcome = stage.perform(
        "on-talos/upgrade",
        &Play::of("talos-upgrade"),
        &[("LANLORD_VERSION", "0.2.0")],
        &[],
    );

    outcome.assert_played(0);
}

#[test]
fn an_upgrade_that_fails_touches_no_further_node() {
    let stage = with_patch();
    let play = Play::of("talos-upgrade").ends_with(
        "talosctl --nodes 192.168.1.202 --endpoints 192.168.1.201 upgrade",
        1,
        "error pulling the installer",
    );

    let outcome = stage.perform(
        "on-talos/upgrade",
        &play,
        &[("LANLORD_VERSION", "0.2.0")],
        &[],
    );

    outcome
        .assert_played(1)
        .assert_says("error pulling the installer");
}

#[test]
fn the_owner_is_read_from_the_status() {
    let stage = with_patch();
    let call = "$ kubectl lanlord status\n! 1\n";
    let status = "Pools\n  NAME   ADDRESSES\n  first  10.10.10.0/24\n\nVIPs\n  ADDRESS      SERVICE          OWNER\n  \
                  10.10.10.10  traefik/traefik  talos-3\n";

    let known = stage.perform("on-talos/owner", &Play(format!("{call}{status}")), &[], &[]);
    let unknown = stage.perform("on-talos/owner", &Play(format!("{call}Pools\n")), &[], &[]);

    let nobody = stage.perform(
        "on-talos/owner",
        &Play(format!("{call}{}", status.replace("talos-3", "nobody"))),
        &[],
        &[],
    );

    assert_eq!(known.assert_played(0).output, "talos-3\n");
    unknown.assert_played(1);
    nobody.assert_played(1);
}

#[test]
fn clean_removes_example_and_traefik() {
    let stage = with_patch();

    let outcome = stage.perform("on-talos/clean", &Play::of("talos-clean"), &[], &[]);

    outcome.assert_played(0);
}

#[test]
fn the_tools_are_put_in_place_whole() {
    let stage = Stage::new();

    let outcome = stage.perform("on-talos/tools", &Play::of("talos-tools"), &[], &[]);

    outcome.assert_played(0);
    for (name, text) in [
        ("talosctl", "talosctl\n"),
        ("kubectl", "kubectl\n"),
        ("helm", "helm\n"),
        ("kubectl-lanlord", "#!/bin/sh\necho lanlord 0.1.0\n"),
    ] {
        assert_eq!(
            fs::read_to_string(stage.work(name)).unwrap(),
            text,
            "{name}"
        );
    }
}
