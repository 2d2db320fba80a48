//! `on-proxmox/`: the whole of each script.

use std::{collections::BTreeSet, fs, os::unix::fs::PermissionsExt, process::Command};

use crate::{play::Play, stage::Stage};

const SCRIPT: &str = "on-proxmox/run";

fn first_run() -> Stage {
    let stage = Stage::new();
    stage
        .perform(SCRIPT, &Play::of("proxmox-first"), &[], &[])
        .assert_played(0);
    stage
}

#[test]
fn a_first_run_makes_everything_in_order() {
    let stage = Stage::new();

    let outcome = stage.perform(SCRIPT, &Play::of("proxmox-first"), &[], &[]);

    outcome
        .assert_played(0)
        .assert_says("ok container 200 is the router\n")
        .assert_says("ok the cluster is up and www.example.com answers\n");
    let stored = stage.path("store/template/cache/lanlord-router_0.1.0-1_amd64.tar.zst");
    assert_eq!(fs::read_to_string(stored).unwrap(), "template");
}

#[test]
fn a_second_run_changes_nothing() {
    let stage = first_run();
    let written = [stage.work("router.toml"), stage.work("patch.yaml")]
        .map(|file| file.metadata().unwrap().modified().unwrap());

    let outcome = stage.perform(SCRIPT, &Play::of("proxmox-second"), &[], &[]);

    outcome
        .assert_played(0)
        .assert_says("ok container 200 is the router (nothing to do)\n")
        .assert_says("ok the patch for the control plane (nothing to do)\n")
        .assert_says("ok the client has its files (nothing to do)\n");
    let now = [stage.work("router.toml"), stage.work("patch.yaml")]
        .map(|file| file.metadata().unwrap().modified().unwrap());
    assert_eq!(written, now, "a file was written again");
}

#[test]
fn the_router_gets_a_configuration_that_it_accepts() {
    let stage = first_run();

    let text = fs::read_to_string(stage.work("router.toml")).unwrap();
    let router = config::router::parse(&text, "router.toml").unwrap_or_else(|error| {
        panic!("{error}\n{text}");
    });

    let reserved: BTreeSet<String> = router
        .lans
        .iter()
        .flat_map(|lan| &lan.reservations)
        .map(|reservation| reservation.address.to_string())
        .collect();
    assert_eq!(
        reserved,
        ["201", "202", "203", "204"]
            .map(|end| format!("192.168.1.{end}"))
            .into()
    );
}

#[test]
fn what_carries_keys_is_read_by_its_owner_only() {
    let stage = first_run();

    for name in ["patch.yaml", "."] {
        let mode = stage.work(name).metadata().unwrap().permissions().mode();
        let others = mode & 0o077;
        assert!(name == "." || others == 0, "{name} has mode {mode:o}");
    }
    let listing = Command::new("tar")
        .arg("-tvf")
        .arg(stage.work("client.tar"))
        .output()
        .unwrap();
    let listing = String::from_utf8(listing.stdout).unwrap();
    let patch = listing
        .lines()
        .find(|line| line.ends_with("work/patch.yaml"))
        .unwrap_or_else(|| panic!("the client gets the patch:\n{listing}"));
    assert!(patch.starts_with("-rw-------"), "{patch}");
    for name in [
        "on-talos/run",
        "on-hardware/steps.sh",
        "settings.env",
        "./lanlord",
    ] {
        assert!(listing.contains(name), "the client gets {name}:\n{listing}");
    }
}

#[test]
fn failover_cuts_the_owner_off_and_waits_for_another() {
    let stage = Stage::new();

    let outcome = stage.perform(
        "on-proxmox/failover",
        &Play::of("proxmox-failover"),
        &[],
        &[],
    );

    outcome
        .assert_played(0)
        .assert_says("talos-2 (VM 202) owns 10.10.10.10")
        .assert_says("ok nothing moves back");
}

#[test]
fn upgrade_brings_router_client_and_nodes_to_the_new_version() {
    let stage = first_run();

    let outcome = stage.perform(
        "on-proxmox/upgrade",
        &Play::of("proxmox-upgrade"),
        &[("LANLORD_VERSION", "0.2.0")],
        &[],
    );

    outcome.assert_played(0);
}

#[test]
fn clean_removes_what_is_the_scenarios_and_keeps_the_keys() {
    let stage = first_run();

    let outcome = stage.perform("on-proxmox/clean", &Play::of("proxmox-clean"), &[], &[]);

    outcome.assert_played(0);
    assert!(!stage.path("modules.conf").exists());
    assert!(stage.work("patch.yaml").exists());
}

#[test]
fn clean_stops_at_a_guest_that_is_not_the_scenarios() {
    let stage = Stage::new();
    let play = Play::of("proxmox-clean").ends_with("qm config 202", 0, "name: mail\ntags: prod");

    let outcome = stage.perform("on-proxmox/clean", &play, &[], &[]);

    outcome
        .assert_played(1)
        .assert_says("guest 202 exists and is not of this scenario: name: mail");
}
