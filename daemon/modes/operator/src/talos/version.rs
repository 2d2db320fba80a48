//! Which Talos a patch is for.

use std::{fmt, str::FromStr};

/// First and last minor release of Talos 1 that patches are written for.
const KNOWN: std::ops::RangeInclusive<u32> = 8..=14;

/// The first release in which manifests and node settings are documents of their own.
const DOCUMENTS: u32 = 14;

/// A minor release of Talos 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TalosVersion {
    minor: u32,
}

impl TalosVersion {
    pub(super) const fn has_manifest_documents(self) -> bool {
        self.minor >= DOCUMENTS
    }
}

impl Default for TalosVersion {
    /// The last release whose form every later one reads too.
    fn default() -> Self {
        Self {
            minor: DOCUMENTS - 1,
        }
    }
}

impl fmt::Display for TalosVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "1.{}", self.minor)
    }
}

impl FromStr for TalosVersion {
    type Err = String;

    /// `1.13`, `v1.13` or `v1.13.9`, with a pre-release behind it or not.
    fn from_str(text: &str) -> Result<Self, String> {
        let numbers = text.strip_prefix('v').unwrap_or(text);
        let (numbers, _) = numbers.split_once('-').unwrap_or((numbers, ""));
        let numbers: Option<Vec<u32>> = numbers.split('.').map(|part| part.parse().ok()).collect();
        let (first, last) = (KNOWN.start(), KNOWN.end());
        match numbers.as_deref() {
            Some([1, minor] | [1, minor, _]) if KNOWN.contains(minor) => Ok(Self { minor: *minor }),
            Some([_, _] | [_, _, _]) => Err(format!(
                "no patch is known for Talos {text}; write one of 1.{first} to 1.{last}"
            )),
            _ => Err(format!(
                "`{text}` is no release of Talos; write it like 1.13 or v1.13.9, from 1.{first} to 1.{last}"
            )),
        }
    }
}
