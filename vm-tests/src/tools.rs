//! The programs of others that the lab runs, built from source on first use.
//!
//! Each folder of `vm-tests/tools/` is a Go module that pins versions and nothing else. What it builds is kept in
//! `${XDG_CACHE_HOME:-$HOME/.cache}/lanlord/tools/<folder>-<key>/`; the key covers the folder's files, the build flags
//! and the version of Go, so that a change of any of them builds anew. Call [`ensure`] before entering a network
//! namespace: a build downloads modules through Go's ordinary proxy.

use std::fmt::Write as _;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};

use crate::{machine::tail, output::complain};

/// Where the built programs are.
#[derive(Clone, Debug)]
pub struct Tools {
    pub kube_apiserver: PathBuf,
    pub kube_controller_manager: PathBuf,
    pub kube_proxy: PathBuf,
    pub kubectl: PathBuf,
    pub etcd: PathBuf,
    pub traefik: PathBuf,
}

/// Builds what is not built yet and returns where it all is.
///
/// # Errors
/// When Go is missing or too old, or a build fails; the text then ends with the tail of the build's log.
pub fn ensure() -> Result<Tools> {
    let cache = cache_dir()?;
    let etcd = ETCD.ensure(&cache)?;
    let kubernetes = KUBERNETES.ensure(&cache)?;
    let traefik = TRAEFIK.ensure(&cache)?;
    Ok(Tools {
        kube_apiserver: kubernetes.join("kube-apiserver"),
        kube_controller_manager: kubernetes.join("kube-controller-manager"),
        kube_proxy: kubernetes.join("kube-proxy"),
        kubectl: kubernetes.join("kubectl"),
        etcd: etcd.join("etcd"),
        traefik: traefik.join("traefik"),
    })
}

/// Releases of Talos, and the program through which the code of each judges what lanlord ships.
///
/// # Errors
/// As those of [`ensure`].
pub fn talos_checkers() -> Result<Vec<(&'static str, PathBuf)>> {
    let cache = cache_dir()?;
    TALOS_CHECKERS
        .iter()
        .map(|(release, module)| {
            let built = module.ensure(&cache)?;
            let (_, program) = module.commands[0];
            Ok((*release, built.join(program)))
        })
        .collect()
}

/// One folder of `vm-tests/tools/`.
struct Module {
    folder: &'static str,
    /// Package and the name of its program.
    commands: &'static [(&'static str, &'static str)],
    ldflags: &'static str,
    /// How long a first build takes on two cores, for the line that announces it.
    minutes: u32,
}

const KUBERNETES: Module = Module {
    folder: "kubernetes",
    commands: &[
        ("k8s.io/kubernetes/cmd/kube-apiserver", "kube-apiserver"),
        (
            "k8s.io/kubernetes/cmd/kube-controller-manager",
            "kube-controller-manager",
        ),
        ("k8s.io/kubernetes/cmd/kube-proxy", "kube-proxy"),
        ("k8s.io/kubernetes/cmd/kubectl", "kubectl"),
    ],
    // Without these the parts call themselves v0.0.0-master, and the API server takes that for its emulation version.
    ldflags: "-s -w \
              -X k8s.io/component-base/version.gitVersion=v1.36.3 \
              -X k8s.io/component-base/version.gitMajor=1 \
              -X k8s.io/component-base/version.gitMinor=36 \
              -X k8s.io/component-base/version.gitTreeState=clean",
    minutes: 7,
};

const ETCD: Module = Module {
    folder: "etcd",
    commands: &[("go.etcd.io/etcd/server/v3", "etcd")],
    ldflags: "-s -w",
    minutes: 1,
};

const TRAEFIK: Module = Module {
    folder: "traefik",
    commands: &[("github.com/traefik/traefik/v3/cmd/traefik", "traefik")],
    ldflags: "-s -w -X github.com/traefik/traefik/v3/pkg/version.Version=v3.6.12",
    minutes: 6,
};

const TALOS_CHECKERS: [(&str, Module); 4] = [
    (
        "1.10.0",
        talos_checker("talos/check-1.10", &[(".", "check-1.10")]),
    ),
    (
        "1.11.6",
        talos_checker("talos/check-1.11", &[(".", "check-1.11")]),
    ),
    (
        "1.12.0",
        talos_checker("talos/check-1.12", &[(".", "check-1.12")]),
    ),
    (
        "1.13.9",
        talos_checker("talos/check-1.13", &[(".", "check-1.13")]),
    ),
];

const fn talos_checker(
    folder: &'static str,
    commands: &'static [(&'static str, &'static str)],
) -> Module {
    Module {
        folder,
        commands,
        ldflags: "-s -w",
        minutes: 1,
    }
}

impl Module {
    fn ensure(&self, cache: &Path) -> Result<PathBuf> {
        let source = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tools")
            .join(self.folder);
        let go = go_version(&source)?;
        let key = self.key(&source, &go)?;
        let built = cache.join(format!("{}-{key}", self.name()));
        if built.is_dir() {
            return Ok(built);
        }

        fs::create_dir_all(cache).with_context(|| format!("create {}", cache.display()))?;
        let _lock = self.lock(cache)?;
        // Whoever held the lock before may have built the same.
        if !built.is_dir() {
            self.build(&source, cache, &built)?;
            self.remove_others(cache, &built)?;
        }
        Ok(built)
    }

    /// Hexadecimal SHA-256, shortened: it tells builds of one folder apart and guards nothing.
    fn key(&self, source: &Path, go: &str) -> Result<String> {
        let mut hash = Sha256::new();
        let mut add = |part: &[u8]| {
            hash.update(part.len().to_be_bytes());
            hash.update(part);
        };
        add(go.as_bytes());
        for argument in self.arguments(Path::new("")) {
            add(argument.as_bytes());
        }
        for folder in folders(source)? {
            for file in files_below(&folder)? {
                let name = file.strip_prefix(&folder).unwrap_or(&file);
                add(name.as_os_str().as_encoded_bytes());
                add(&fs::read(&file).with_context(|| format!("read {}", file.display()))?);
            }
        }
        Ok(hex(&hash.finalize()[..8]))
    }

    fn arguments(&self, into: &Path) -> Vec<String> {
        let output = match self.commands {
            // A lone program may have another name than the last part of its package.
            [(_, program)] => into.join(program).display().to_string(),
            _ => format!("{}/", into.display()),
        };
        let flags = [
            "build",
            "-mod=readonly",
            "-trimpath",
            "-buildvcs=false",
            "-ldflags",
        ];
        let mut arguments: Vec<String> = flags.map(str::to_owned).to_vec();
        arguments.extend([self.ldflags.to_owned(), "-o".to_owned(), output]);
        arguments.extend(
            self.commands
                .iter()
                .map(|(package, _)| (*package).to_owned()),
        );
        arguments
    }

    fn lock(&self, cache: &Path) -> Result<File> {
        let path = cache.join(format!("{}.lock", self.name()));
        let file = File::create(&path).with_context(|| format!("create {}", path.display()))?;
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => {
                complain(format!("waiting for another build of {}", self.programs()))
            }
            Err(TryLockError::Error(error)) => {
                return Err(error).with_context(|| format!("lock {}", path.display()));
            }
        }
        file.lock()
            .with_context(|| format!("lock {}", path.display()))?;
        Ok(file)
    }

    /// Builds beside `built` and moves the result there in one step.
    fn build(&self, source: &Path, cache: &Path, built: &Path) -> Result<()> {
        let unit = if self.minutes == 1 {
            "minute"
        } else {
            "minutes"
        };
        complain(format!(
            "building {} (first run only, about {} {unit})",
            self.programs(),
            self.minutes
        ));
        let staging = cache.join(format!(".building-{}", self.name()));
        remove_dir(&staging)?;
        fs::create_dir(&staging).with_context(|| format!("create {}", staging.display()))?;

        let log_path = cache.join(format!("{}.log", self.name()));
        let log =
            File::create(&log_path).with_context(|| format!("create {}", log_path.display()))?;
        let started = Instant::now();
        let status = go(source)
            .args(self.arguments(&staging))
            .env("CGO_ENABLED", "0")
            .stdin(Stdio::null())
            .stdout(log.try_clone().context("open the build's log twice")?)
            .stderr(log)
            .status()
            .context("run go build")?;
        if !status.success() {
            bail!(
                "build {}: {status}\n{}\nthe whole log is {}",
                self.programs(),
                tail(&log_path, 20),
                log_path.display()
            );
        }
        for (_, program) in self.commands {
            anyhow::ensure!(
                staging.join(program).is_file(),
                "go build left no {program}"
            );
        }
        fs::rename(&staging, built)
            .with_context(|| format!("move the build to {}", built.display()))?;
        complain(format!(
            "built {} in {} s",
            self.programs(),
            started.elapsed().as_secs()
        ));
        Ok(())
    }

    /// Removes earlier builds of the same folder: each set is hundreds of megabytes.
    fn remove_others(&self, cache: &Path, keep: &Path) -> Result<()> {
        let prefix = format!("{}-", self.name());
        for entry in fs::read_dir(cache).with_context(|| format!("list {}", cache.display()))? {
            let entry = entry.with_context(|| format!("list {}", cache.display()))?;
            if entry.file_name().to_string_lossy().starts_with(&prefix) && entry.path() != keep {
                remove_dir(&entry.path())?;
            }
        }
        Ok(())
    }

    /// The folder as one name of a file.
    fn name(&self) -> String {
        self.folder.replace('/', "-")
    }

    fn programs(&self) -> String {
        let names: Vec<&str> = self.commands.iter().map(|(_, program)| *program).collect();
        names.join(", ")
    }
}

pub(crate) fn cache_dir() -> Result<PathBuf> {
    let base = match std::env::var_os("XDG_CACHE_HOME").filter(|value| !value.is_empty()) {
        Some(dir) => PathBuf::from(dir),
        None => {
            let home = std::env::var_os("HOME")
                .context("find the cache directory: neither XDG_CACHE_HOME nor HOME is set")?;
            PathBuf::from(home).join(".cache")
        }
    };
    Ok(base.join("lanlord/tools"))
}

/// `go` in a module's folder, whatever workspace file lies above it.
fn go(source: &Path) -> Command {
    let mut command = Command::new("go");
    command.current_dir(source).env("GOWORK", "off");
    command
}

/// The version of Go that would build the module, after checking that it is new enough.
fn go_version(source: &Path) -> Result<String> {
    let go_mod = source.join("go.mod");
    let text = fs::read_to_string(&go_mod).with_context(|| format!("read {}", go_mod.display()))?;
    let wanted = text
        .lines()
        .find_map(|line| line.strip_prefix("go "))
        .with_context(|| format!("{} names no version of Go", go_mod.display()))?;
    let output = match go(source).args(["env", "GOVERSION"]).output() {
        Ok(output) => output,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            bail!(
                "the Kubernetes parts are built from source: install Go {wanted} or later, so that `go` is in PATH"
            )
        }
        Err(error) => return Err(error).context("run go env GOVERSION"),
    };
    let found = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    if !output.status.success() || !is_at_least(&found, wanted) {
        // An older Go may fail to read go.mod at all and says so on one line.
        let complaint = String::from_utf8_lossy(&output.stderr);
        let found = if found.is_empty() {
            complaint.trim()
        } else {
            &found
        };
        bail!("the Kubernetes parts need Go {wanted} or later; `go` in PATH is too old ({found})");
    }
    Ok(found)
}

/// Whether `found`, as in `go1.26.8`, is `wanted`, as in `1.26.0`, or later.
fn is_at_least(found: &str, wanted: &str) -> bool {
    let numbers = |version: &str| -> Vec<u32> {
        version
            .trim_start_matches("go")
            .split(|c: char| !c.is_ascii_digit())
            .map_while(|part| part.parse().ok())
            .collect()
    };
    numbers(found) >= numbers(wanted)
}

/// A module's folder, and those beside it that its `go.mod` takes packages from.
fn folders(source: &Path) -> Result<Vec<PathBuf>> {
    let go_mod = source.join("go.mod");
    let text = fs::read_to_string(&go_mod).with_context(|| format!("read {}", go_mod.display()))?;
    let beside = text
        .lines()
        .filter_map(|line| line.split_once(" => ../"))
        .map(|(_, name)| source.join("..").join(name.trim()));
    Ok(std::iter::once(source.to_owned()).chain(beside).collect())
}

/// All files below a folder, in a fixed order.
fn files_below(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).with_context(|| format!("list {}", next.display()))? {
            let path = entry
                .with_context(|| format!("list {}", next.display()))?
                .path();
            if path.is_dir() {
                folders.push(path);
            } else {
                files.push(path);
            }
        }
    }
    files.sort();
    Ok(files)
}

fn remove_dir(path: &Path) -> Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("remove {}", path.display()))
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests;
