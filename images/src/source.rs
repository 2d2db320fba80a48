//! Where the parts of the images come from, and the one time that all of them bear.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail};

/// Version of everything here.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// A checkout of the repository.
#[derive(Clone, Debug)]
pub struct Source {
    root: PathBuf,
    mtime: u64,
}

impl Source {
    /// The checkout that this program was built from. The time is `SOURCE_DATE_EPOCH`, else that of the last commit.
    pub fn here() -> Result<Self> {
        let root = workspace();
        let mtime = match env::var("SOURCE_DATE_EPOCH") {
            Ok(text) => text.parse().with_context(|| {
                format!("SOURCE_DATE_EPOCH is `{text}`, not seconds since 1970")
            })?,
            Err(_) => last_commit(&root)?,
        };
        Ok(Self { root, mtime })
    }

    /// The same with a time given by the caller.
    pub fn dated(mtime: u64) -> Self {
        Self {
            root: workspace(),
            mtime,
        }
    }

    /// The workspace's folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Seconds since 1970 that every member of every image bears.
    pub fn mtime(&self) -> u64 {
        self.mtime
    }

    /// A text file of the repository.
    pub fn text(&self, path: &str) -> Result<String> {
        let file = self.root.join(path);
        fs::read_to_string(&file).with_context(|| format!("read {}", file.display()))
    }
}

fn workspace() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    folder.parent().unwrap_or(folder).to_owned()
}

fn last_commit(root: &Path) -> Result<u64> {
    let output = Command::new("git")
        .args(["log", "-1", "--format=%ct"])
        .current_dir(root)
        .output();
    if let Ok(output) = output
        && output.status.success()
        && let Ok(time) = String::from_utf8_lossy(&output.stdout).trim().parse()
    {
        return Ok(time);
    }
    bail!(
        "the images need a fixed time, and git does not know that of the last commit: \
         set SOURCE_DATE_EPOCH to seconds since 1970"
    )
}
