//! Where a script plays: folders of its own, and a search path on which the programs are fakes.

use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::{Path, PathBuf},
    process::Command,
};

use tempfile::TempDir;
use vm_tests::lab::build::workspace;

use crate::play::Play;

/// Programs that are not called for real.
const FAKES: [&str; 16] = [
    "apt-get",
    "crane",
    "curl",
    "docker",
    "getent",
    "helm",
    "ip",
    "kubectl",
    "modprobe",
    "pct",
    "pveam",
    "pvesm",
    "pveversion",
    "qm",
    "talosctl",
    "update-ca-certificates",
];

/// What a script did.
pub(crate) struct Outcome {
    pub(crate) code: Option<i32>,
    /// What it printed, errors included.
    pub(crate) output: String,
    /// What was called out of turn, or not called.
    wrong: String,
}

impl Outcome {
    /// Every call of the play was made, in its order, and no other; the script ended with this code.
    pub(crate) fn assert_played(&self, code: i32) -> &Self {
        assert!(self.wrong.is_empty(), "{}\n{}", self.wrong, self.output);
        assert_eq!(self.code, Some(code), "{}", self.output);
        self
    }

    pub(crate) fn assert_says(&self, text: &str) -> &Self {
        assert!(
            self.output.contains(text),
            "`{text}` is missing in:\n{}",
            self.output
        );
        self
    }
}

/// A place for one test.
pub(crate) struct Stage {
    folder: TempDir,
}

impl Stage {
    /// With everything that was built: template, binary, extension, ISO.
    pub(crate) fn new() -> Self {
        let stage = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        for folder in ["bin", "work", "images", "store/template/cache"] {
            fs::create_dir_all(stage.path(folder)).unwrap();
        }
        let fake = workspace().join("vm-tests/tests/hardware/fake");
        for name in FAKES {
            symlink(&fake, stage.path("bin").join(name)).unwrap();
        }
        stage.image("lanlord-router_0.1.0-1_amd64.tar.zst", "template");
        stage.image("talos-v1.13.9-lanlord-0.1.0-amd64.iso", "iso");
        stage.image("lanlord-extension-0.1.0-amd64.oci/index.json", "{}");
        for version in ["0.1.0", "0.2.0"] {
            let binary = stage.image(
                &format!("lanlord-{version}-amd64"),
                &format!("#!/bin/sh\necho lanlord {version}\n"),
            );
            fs::set_permissions(binary, fs::Permissions::from_mode(0o755)).unwrap();
        }
        stage
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn work(&self, name: &str) -> PathBuf {
        self.path("work").join(name)
    }

    /// A file among those that `cargo images` makes.
    pub(crate) fn image(&self, name: &str, text: &str) -> PathBuf {
        let file = self.path("images").join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, text).unwrap();
        file
    }

    /// Runs a script of `vm-tests/` to its end.
    pub(crate) fn perform(
        &self,
        script: &str,
        play: &Play,
        settings: &[(&str, &str)],
        arguments: &[&str],
    ) -> Outcome {
        let play_folder = self.path("play");
        fs::create_dir_all(&play_folder).unwrap();
        fs::write(play_folder.join("play"), &play.0).unwrap();
        fs::write(play_folder.join("at"), "0").unwrap();
        let _ = fs::remove_file(play_folder.join("wrong"));
        let output = Command::new("bash")
            .arg("-c")
            .arg("exec 2>&1; exec bash \"$0\" \"$@\"")
            .arg(workspace().join("vm-tests").join(script))
            .args(arguments)
            .env_clear()
            .env(
                "PATH",
                format!("{}:/usr/bin:/bin", self.path("bin").display()),
            )
            .env("HOME", self.folder.path())
            .env("WORK", self.path("work"))
            .env("IMAGES", self.path("images"))
            .env("REGISTRY", "ghcr.io/me")
            .env("MODULES_FILE", self.path("modules.conf"))
            .env("TOOLS", self.path("work"))
            .env("PAUSE", "0")
            .env("PLAY", &play_folder)
            .env("PLAY_WORK", self.path("work"))
            .env("PLAY_IMAGES", self.path("images"))
            .env("PLAY_STORE", self.path("store"))
            .env("PLAY_REPOSITORY", workspace())
            .envs(settings.iter().copied())
            .output()
            .unwrap();
        Outcome {
            code: output.status.code(),
            output: String::from_utf8(output.stdout).unwrap(),
            wrong: wrong(&play_folder, &play.0),
        }
    }
}

/// What went otherwise than the play.
fn wrong(folder: &Path, play: &str) -> String {
    let mut wrong = fs::read_to_string(folder.join("wrong")).unwrap_or_default();
    let at: usize = fs::read_to_string(folder.join("at"))
        .unwrap()
        .parse()
        .unwrap();
    if wrong.is_empty()
        && let Some(call) = play.lines().skip(at).find(|line| line.starts_with("$ "))
    {
        wrong = format!("not called: {call}");
    }
    wrong
}
