//! Writes a cpio archive of the `newc` kind, which the kernel unpacks as its first root. Times, owners and inode numbers
//! depend on nothing but the order of the entries, so the same entries give the same octets.

use std::{fs, path::Path};

use anyhow::{Context, Result};

const DIRECTORY: u32 = 0o040_755;
const FILE: u32 = 0o100_644;
const PROGRAM: u32 = 0o100_755;
const CHARACTER_DEVICE: u32 = 0o020_600;

/// An archive in the making.
#[derive(Debug, Default)]
pub(super) struct Archive {
    octets: Vec<u8>,
    entries: u32,
}

impl Archive {
    /// A folder; parents come first.
    pub(super) fn directory(&mut self, name: &str) {
        self.entry(name, DIRECTORY, (0, 0), &[]);
    }

    /// A file with this content.
    pub(super) fn file(&mut self, name: &str, content: &[u8]) {
        self.entry(name, FILE, (0, 0), content);
    }

    /// A copy of a file.
    pub(super) fn copy(&mut self, name: &str, from: &Path) -> Result<()> {
        self.entry(name, FILE, (0, 0), &read(from)?);
        Ok(())
    }

    /// A copy of a program.
    pub(super) fn program(&mut self, name: &str, from: &Path) -> Result<()> {
        self.entry(name, PROGRAM, (0, 0), &read(from)?);
        Ok(())
    }

    /// A device node: no right to make one here is needed, the kernel makes it.
    pub(super) fn character_device(&mut self, name: &str, major: u32, minor: u32) {
        self.entry(name, CHARACTER_DEVICE, (major, minor), &[]);
    }

    /// The octets of the whole archive.
    pub(super) fn finish(mut self) -> Vec<u8> {
        self.entry("TRAILER!!!", 0, (0, 0), &[]);
        self.octets
    }

    fn entry(&mut self, name: &str, mode: u32, device: (u32, u32), content: &[u8]) {
        self.entries += 1;
        // No file of ours is 4 GiB.
        let size = u32::try_from(content.len()).unwrap_or(u32::MAX);
        let name_size = u32::try_from(name.len() + 1).unwrap_or(u32::MAX);
        let fields = [
            self.entries,
            mode,
            0,
            0,
            1,
            0,
            size,
            0,
            0,
            device.0,
            device.1,
            name_size,
            0,
        ];
        self.octets.extend(b"070701");
        for field in fields {
            self.octets.extend(format!("{field:08x}").as_bytes());
        }
        self.octets.extend(name.as_bytes());
        self.octets.push(0);
        self.pad();
        self.octets.extend(content);
        self.pad();
    }

    fn pad(&mut self) {
        self.octets.resize(self.octets.len().next_multiple_of(4), 0);
    }
}

fn read(file: &Path) -> Result<Vec<u8>> {
    fs::read(file).with_context(|| format!("read {}", file.display()))
}

#[cfg(test)]
mod tests;
