//! A Go module of `vm-tests/tools/`, and the folder of the cache that its programs are built into.

use std::{
    fmt::Write as _,
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Instant,
};

use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};

use crate::{machine::tail, output::complain};

/// One folder of `vm-tests/tools/`.
pub(super) struct Module {
    pub(super) folder: &'static str,
    /// Package and the name of its program.
    pub(super) commands: &'static [(&'static str, &'static str)],
    pub(super) ldflags: &'static str,
    pub(super) origin: Origin,
    /// How long a first build takes on two cores, for the line that announces it.
    pub(super) minutes: u32,
}

/// Where a module's `go.mod` and `go.sum` are from.
pub(super) enum Origin {
    /// They lie in the folder.
    Kept,
    /// They are made when they are needed.
    Made {
        /// The earliest version of Go that builds it.
        go: &'static str,
        /// Build tags, with commas.
        tags: &'static str,
        /// Makes the whole module, from its folder, in another one that is empty; what else is wanted from its sources goes
        /// into a third, beside the programs.
        make: fn(&Path, &Path, &Path) -> Result<()>,
    },
}

impl Module {
    /// Builds it, unless that was done before; where the programs are.
    pub(super) fn ensure(&self, cache: &Path) -> Result<PathBuf> {
        let source = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tools")
            .join(self.folder);
        let go = go_version(&source, &self.wanted_go(&source)?)?;
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
        for folder in self.folders(source)? {
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
        let mut flags = match self.origin {
            Origin::Kept => vec!["build", "-mod=readonly"],
            // Its sums cover what the module that it was made from needs; Go verifies the rest by its checksum database.
            Origin::Made { tags, .. } => vec!["build", "-mod=mod", "-tags", tags],
        };
        flags.extend(["-trimpath", "-buildvcs=false", "-ldflags", self.ldflags]);
        let mut arguments: Vec<String> = flags.into_iter().map(str::to_owned).collect();
        arguments.extend(["-o".to_owned(), output]);
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
        let staging = emptied(cache.join(format!(".building-{}", self.name())))?;
        let module = match self.origin {
            Origin::Kept => source.to_owned(),
            Origin::Made { make, .. } => {
                let module = emptied(cache.join(format!(".module-{}", self.name())))?;
                make(source, &module, &staging)?;
                module
            }
        };

        let log_path = cache.join(format!("{}.log", self.name()));
        let log =
            File::create(&log_path).with_context(|| format!("create {}", log_path.display()))?;
        let started = Instant::now();
        let status = go(&module)
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
        if module != source {
            remove_dir(&module)?;
        }
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

    /// A module's folder, and those beside it that its `go.mod` takes packages from.
    fn folders(&self, source: &Path) -> Result<Vec<PathBuf>> {
        let mut folders = vec![source.to_owned()];
        if let Origin::Kept = self.origin {
            let text = read_go_mod(source)?;
            let beside = text
                .lines()
                .filter_map(|line| line.split_once(" => ../"))
                .map(|(_, name)| source.join("..").join(name.trim()));
            folders.extend(beside);
        }
        Ok(folders)
    }

    fn wanted_go(&self, source: &Path) -> Result<String> {
        if let Origin::Made { go, .. } = self.origin {
            return Ok(go.to_owned());
        }
        read_go_mod(source)?
            .lines()
            .find_map(|line| line.strip_prefix("go "))
            .map(str::to_owned)
            .with_context(|| format!("go.mod in {} names no version of Go", source.display()))
    }

    /// The folder's name in the cache.
    fn name(&self) -> String {
        self.folder.replace('/', "-")
    }

    fn programs(&self) -> String {
        let names: Vec<&str> = self.commands.iter().map(|(_, program)| *program).collect();
        names.join(", ")
    }
}

/// `go` in a module's folder, whatever workspace file lies above it.
pub(super) fn go(source: &Path) -> Command {
    let mut command = Command::new("go");
    command.current_dir(source).env("GOWORK", "off");
    command
}

/// The version of Go that would build the module, after checking that it is new enough.
fn go_version(source: &Path, wanted: &str) -> Result<String> {
    let output = match go(source).args(["env", "GOVERSION"]).output() {
        Ok(output) => output,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            bail!(
                "programs of others are built from source: install Go {wanted} or later, so that `go` is in PATH"
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
        bail!(
            "{} needs Go {wanted} or later; `go` in PATH is too old ({found})",
            source.display()
        );
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

fn read_go_mod(folder: &Path) -> Result<String> {
    let file = folder.join("go.mod");
    fs::read_to_string(&file).with_context(|| format!("read {}", file.display()))
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

fn emptied(folder: PathBuf) -> Result<PathBuf> {
    remove_dir(&folder)?;
    fs::create_dir(&folder).with_context(|| format!("create {}", folder.display()))?;
    Ok(folder)
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
