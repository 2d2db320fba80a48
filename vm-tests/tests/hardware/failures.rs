//! Every failing step stops there and says why.

use std::fs;

use crate::{play::Play, stage::Stage};

/// What `on-proxmox/run` says when the play ends with this answer.
fn stops(call: &str, code: i32, answer: &str, says: &[&str]) {
    let stage = Stage::new();
    let play = Play::of("proxmox-first").ends_with(call, code, answer);

    let outcome = stage.perform("on-proxmox/run", &play, &[], &[]);

    outcome.assert_played(1);
    for text in says {
        outcome.assert_says(text);
    }
}

#[test]
fn a_proxmox_that_is_too_old_is_refused() {
    stops(
        "pveversion",
        0,
        "pve-manager: 7.4-17 (running version: 7.4-17/513c62be)",
        &["FAILED this host can do it: `pveversion --verbose` must print: pve-manager: ([89]"],
    );
}

#[test]
fn a_pve_container_that_cannot_start_unmanaged_containers_is_refused() {
    let stage = Stage::new();
    let play = Play(
        "$ pveversion --verbose\npve-manager: 9.1.1 (x)\n$ pveversion --verbose\npve-container: 6.1.0\n".to_string(),
    );

    let outcome = stage.perform("on-proxmox/run", &play, &[], &[]);

    outcome
        .assert_played(1)
        .assert_says("pve-container 6.1.0 cannot start unmanaged containers; 6.1.1 can");
}

#[test]
fn a_bridge_that_is_not_there_is_told() {
    stops(
        "ip link show dev vmbr1",
        1,
        "Device \"vmbr1\" does not exist.",
        &[
            "`ip link show dev vmbr1` ended with exit code 1:",
            "Device \"vmbr1\" does not exist.",
        ],
    );
}

#[test]
fn a_missing_template_is_told_before_anything_is_called() {
    let stage = Stage::new();
    fs::remove_file(stage.path("images/lanlord-router_0.1.0-1_amd64.tar.zst")).unwrap();

    let outcome = stage.perform("on-proxmox/run", &Play(String::new()), &[], &[]);

    outcome.assert_played(1).assert_says(
        "lanlord-router_0.1.0-1_amd64.tar.zst is missing: build it with `cargo images`",
    );
}

#[test]
fn a_template_that_did_not_reach_its_storage_is_told() {
    stops(
        "pvesm list local --content vztmpl",
        0,
        "Volid Format Type Size VMID",
        &["must print: local:vztmpl/lanlord-router_0.1.0-1_amd64.tar.zst"],
    );
}

#[test]
fn a_container_id_in_use_is_told_and_nothing_of_it_is_touched() {
    stops(
        "pct config 200",
        0,
        "hostname: pihole\ntags: dns",
        &[
            "FAILED container 200 is the router: guest 200 exists and is not of this scenario: hostname: pihole",
            "choose other numbers with ROUTER_ID",
        ],
    );
}

#[test]
fn an_id_in_use_by_a_vm_is_told_by_what_pct_says() {
    stops(
        "pct create 200",
        255,
        "unable to create CT 200 - VM 200 already exists on node 'pve'",
        &[
            "unable to create CT 200 - VM 200 already exists",
            "ended with exit code 255",
        ],
    );
}

#[test]
fn a_full_storage_is_told_before_the_container_is_made() {
    stops(
        "pvesm status --storage local-lvm",
        0,
        "Name Type Status Total Used Available %\nlocal-lvm lvmthin active 365760512 365000000 760512 99.79%",
        &[
            "FAILED container 200 is the router: storage local-lvm has 0 GiB free, and container 200 needs 2 GiB",
        ],
    );
}

#[test]
fn a_storage_that_is_not_there_is_told() {
    stops(
        "pvesm status --storage local-lvm",
        255,
        "storage 'local-lvm' does not exist",
        &["is there such a storage?"],
    );
}

#[test]
fn a_router_that_never_answers_is_told_with_what_it_says() {
    let stage = Stage::new();
    let play = Play::of("proxmox-first").ends_before("pct exec 200 -- /sbin/init status");
    let refused = "$ pct exec 200 -- /sbin/init status\nDHCP on eth1: off: there is DHCP server 192.168.1.1 on this LAN\n";
    let play = Play(play.0 + &refused.repeat(24));

    let outcome = stage.perform("on-proxmox/run", &play, &[], &[]);

    outcome
        .assert_played(1)
        .assert_says("did not print \"DHCP on eth1: serving\" in 24 looks")
        .assert_says("DHCP on eth1: off: there is DHCP server 192.168.1.1 on this LAN");
}

#[test]
fn a_failed_patch_leaves_no_half_file() {
    let stage = Stage::new();
    let play = Play::of("proxmox-first").ends_with(
        "pct exec 200 -- /sbin/init talos-patch",
        1,
        "cluster:",
    );

    let outcome = stage.perform("on-proxmox/run", &play, &[], &[]);

    outcome
        .assert_played(1)
        .assert_says("FAILED the patch for the control plane");
    assert!(!stage.work("patch.yaml").exists() && !stage.work("patch.yaml.new").exists());
}

#[test]
fn a_client_that_fails_stops_the_run() {
    stops(
        "pct exec 204 -- bash -c '. /root/lanlord/settings.env && exec bash /root/lanlord/on-talos/run'",
        1,
        "FAILED every node is healthy",
        &["FAILED the cluster is up and www.example.com answers"],
    );
}

#[test]
fn an_extension_that_does_not_run_is_told_with_its_service() {
    let stage = Stage::new();
    fs::write(stage.work("patch.yaml"), "kind: Secret # lanlord-router").unwrap();
    let call = "talosctl --nodes 192.168.1.201 --endpoints 192.168.1.201 service ext-lanlord";
    let play = Play::of("talos-first").ends_before(call);
    let failed = format!(
        "$ {call}\nNODE     192.168.1.201\nID       ext-lanlord\nSTATE    Failed\nEVENTS   [Running]: no more\n"
    );
    let play = Play(play.0 + &failed.repeat(12));

    let outcome = stage.perform("on-talos/run", &play, &[], &[]);

    outcome
        .assert_played(1)
        .assert_says("FAILED the extension runs on every node")
        .assert_says("STATE    Failed");
}

#[test]
fn an_installer_without_a_registry_is_asked_for() {
    let stage = Stage::new();

    for script in ["on-talos/image", "on-proxmox/run"] {
        let outcome = stage.perform(script, &Play(String::new()), &[("REGISTRY", "")], &[]);
        outcome.assert_played(1).assert_says("set REGISTRY");
    }
}

#[test]
fn lists_of_different_lengths_are_refused() {
    let stage = Stage::new();

    let outcome = stage.perform(
        "on-proxmox/run",
        &Play(String::new()),
        &[("NODE_IDS", "201 202")],
        &["--dry-run"],
    );

    outcome
        .assert_played(2)
        .assert_says("NODE_NAMES has 3 words, NODE_IDS has 2");
}

#[test]
fn an_unknown_option_is_refused() {
    let stage = Stage::new();

    let outcome = stage.perform("on-proxmox/clean", &Play(String::new()), &[], &["--all"]);

    outcome
        .assert_played(2)
        .assert_says("no option --all")
        .assert_says("usage: on-proxmox/clean");
}
