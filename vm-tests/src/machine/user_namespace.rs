//! A machine whose root is root nowhere else.

use std::io::{BufRead, Read, Write};

use anyhow::{Context, Result};
use nix::sched::{CloneFlags, unshare};

/// Whose users a machine has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Users {
    /// The lab's own.
    Shared,
    /// A user namespace of its own, with the users of the lab's under the same numbers. Network, mounts and host name of
    /// the machine belong to it, so that what is started there may do everything there and nothing outside.
    Own,
}

/// The flag of `lab hold`.
const FLAG: &str = "--own-users";

/// What the holder says when it waits for its users, and hears when it has them.
const ASK: &str = "users?";

/// As many as a Debian or a Talos has.
const MAP: &str = "0 0 65536";

impl Users {
    pub(super) fn arguments(self) -> &'static [&'static str] {
        match self {
            Self::Shared => &[],
            Self::Own => &[FLAG],
        }
    }

    /// The lab's side: gives the holder its users. A process may not do that for itself.
    pub(super) fn map(
        self,
        holder: u32,
        from: &mut impl BufRead,
        to: &mut impl Write,
    ) -> Result<()> {
        if self == Self::Shared {
            return Ok(());
        }
        let mut line = String::new();
        from.read_line(&mut line).context("read from the holder")?;
        if line.trim() != ASK {
            // It ended, and says why on stderr.
            return Ok(());
        }
        for file in ["uid_map", "gid_map"] {
            let path = format!("/proc/{holder}/{file}");
            std::fs::write(&path, MAP).with_context(|| format!("write {path} (needs root)"))?;
        }
        to.write_all(b"\n").context("write to the holder")
    }

    /// The holder's side: makes the user namespace and waits for its users.
    pub(super) fn receive(self) -> Result<()> {
        if self == Self::Shared {
            return Ok(());
        }
        unshare(CloneFlags::CLONE_NEWUSER).context("make a user namespace")?;
        let mut stdout = std::io::stdout();
        writeln!(stdout, "{ASK}")?;
        stdout.flush()?;
        std::io::stdin()
            .read_exact(&mut [0])
            .context("wait for the users")
    }
}

impl From<bool> for Users {
    fn from(own: bool) -> Self {
        if own { Self::Own } else { Self::Shared }
    }
}
