//! Kernel settings below `/proc/sys`, of the network namespace that the calling thread is in.
//!
//! A setting that is right already is not written, so a read-only `/proc/sys` with the right values is fine.

use std::{fs, io, path::PathBuf};

use thiserror::Error;

/// A setting that could not be read or made right.
#[derive(Debug, Error)]
pub enum SysctlError {
    /// It is not there (a kernel feature or interface is missing) or not readable.
    #[error("read {}", .path.display())]
    Read {
        /// File of the setting.
        path: PathBuf,
        /// The kernel's answer.
        #[source]
        source: io::Error,
    },
    /// It differs and cannot be changed from here: `/proc/sys` is read-only in many containers.
    #[error("set {} to {wanted} (it is {found}); set it on the host: sysctl -w {key}={wanted}", .path.display())]
    Write {
        /// File of the setting.
        path: PathBuf,
        /// The setting as `sysctl` takes it.
        key: String,
        /// Value it has.
        found: String,
        /// Value it should have.
        wanted: String,
        /// The kernel's answer.
        #[source]
        source: io::Error,
    },
}

/// What [`ensure`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The value was right.
    Unchanged,
    /// The value was written.
    Changed,
}

/// Reads a setting, named by its path with slashes: `net/ipv4/conf/eth0.100/rp_filter`.
pub fn read(key: &str) -> Result<String, SysctlError> {
    let path = path(key);
    match fs::read_to_string(&path) {
        Ok(text) => Ok(text.trim().to_string()),
        Err(source) => Err(SysctlError::Read { path, source }),
    }
}

/// Makes a setting have this value.
pub fn ensure(key: &str, wanted: &str) -> Result<Outcome, SysctlError> {
    let found = read(key)?;
    if found == wanted {
        return Ok(Outcome::Unchanged);
    }
    let path = path(key);
    match fs::write(&path, wanted) {
        Ok(()) => Ok(Outcome::Changed),
        Err(source) => Err(SysctlError::Write {
            path,
            key: key.to_string(),
            found,
            wanted: wanted.to_string(),
            source,
        }),
    }
}

fn path(key: &str) -> PathBuf {
    PathBuf::from("/proc/sys").join(key.trim_start_matches('/'))
}
