//! `--dry-run` of every script.

use std::fs;

use crate::{play::Play, stage::Stage};

const SCRIPTS: [(&str, &str); 9] = [
    ("on-proxmox/run", "proxmox-first"),
    ("on-proxmox/failover", "proxmox-failover"),
    ("on-proxmox/upgrade", "proxmox-upgrade"),
    ("on-proxmox/clean", "proxmox-clean"),
    ("on-talos/image", "talos-image"),
    ("on-talos/tools", "talos-tools"),
    ("on-talos/run", "talos-first"),
    ("on-talos/upgrade", "talos-upgrade"),
    ("on-talos/clean", "talos-clean"),
];

#[test]
fn a_dry_run_calls_nothing_and_writes_nothing() {
    for (script, _) in SCRIPTS {
        let stage = Stage::new();

        let outcome = stage.perform(script, &Play(String::new()), &[], &["--dry-run"]);

        outcome.assert_played(0);
        let left: Vec<_> = fs::read_dir(stage.path("work")).unwrap().collect();
        assert!(left.is_empty(), "{script} left {left:?}");
        assert!(!stage.path("modules.conf").exists(), "{script}");
    }
}

#[test]
fn a_dry_run_needs_nothing_that_was_built_and_no_registry() {
    for (script, _) in SCRIPTS {
        let stage = Stage::new();
        fs::remove_dir_all(stage.path("images")).unwrap();

        let outcome = stage.perform(
            script,
            &Play(String::new()),
            &[("REGISTRY", "")],
            &["--dry-run"],
        );

        outcome.assert_played(0);
    }
}

/// What the first run calls to change something, the dry run has printed.
#[test]
fn a_dry_run_prints_every_command_that_changes_something() {
    let changing = [
        "pct create",
        "pct start",
        "pct push",
        "pct destroy",
        "qm create",
        "qm start",
        "qm destroy",
        "modprobe",
        "pvesm free",
        "talosctl gen",
        "talosctl apply-config",
        "helm upgrade",
        "helm uninstall",
        "kubectl apply",
        "kubectl delete",
        "docker run",
        "crane push",
    ];
    for (script, play) in SCRIPTS {
        let stage = Stage::new();
        let settings = match script {
            "on-proxmox/upgrade" | "on-talos/upgrade" => &[("LANLORD_VERSION", "0.2.0")][..],
            _ => &[],
        };
        let outcome = stage.perform(script, &Play(String::new()), settings, &["--dry-run"]);

        let text = Play::of(play).0;
        let calls = text.lines().filter_map(|line| line.strip_prefix("$ "));
        for call in calls.filter(|call| changing.iter().any(|start| call.starts_with(start))) {
            let call = call
                .replace("@WORK@", &stage.path("work").to_string_lossy())
                .replace("@IMAGES@", &stage.path("images").to_string_lossy())
                .replace(
                    "@REPOSITORY@",
                    &vm_tests::lab::build::workspace().to_string_lossy(),
                );
            // Which node owns the VIP and which Debian is the newest is known by asking only.
            let known = call.replace("debian-12-standard_12.12-1_amd64.tar.zst", "");
            if known == call && script != "on-proxmox/failover" {
                outcome.assert_says(&call);
            }
        }
    }
}
