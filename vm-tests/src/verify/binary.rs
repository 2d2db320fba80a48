//! The release binary: one static file of bounded size.

use std::path::Path;

use anyhow::{Context, Result, ensure};

/// The bound of this version.
const LIMIT_MIB: u64 = 16;

/// Checks the file; its size in octets.
pub(super) fn check(file: &Path) -> Result<u64> {
    let octets = std::fs::read(file).with_context(|| format!("read {}", file.display()))?;
    let interpreter =
        interpreter(&octets).with_context(|| format!("read {} as ELF", file.display()))?;
    ensure!(!interpreter, "{} needs a dynamic loader", file.display());
    let size = octets.len() as u64;
    ensure!(
        size <= LIMIT_MIB * 1024 * 1024,
        "{} has {size} octets, more than {LIMIT_MIB} MiB",
        file.display()
    );
    Ok(size)
}

/// Whether a 64-bit little-endian ELF file has a PT_INTERP segment.
fn interpreter(elf: &[u8]) -> Option<bool> {
    const PT_INTERP: u32 = 3;
    if elf.get(..6)? != b"\x7fELF\x02\x01" {
        return None;
    }
    let offset = usize::try_from(u64::from_le_bytes(elf.get(32..40)?.try_into().ok()?)).ok()?;
    let entry = usize::from(u16::from_le_bytes(elf.get(54..56)?.try_into().ok()?));
    let count = usize::from(u16::from_le_bytes(elf.get(56..58)?.try_into().ok()?));
    let mut found = false;
    for index in 0..count {
        let begin = offset.checked_add(index.checked_mul(entry)?)?;
        let kind = elf.get(begin..begin.checked_add(4)?)?;
        found |= u32::from_le_bytes(kind.try_into().ok()?) == PT_INTERP;
    }
    Some(found)
}

#[cfg(test)]
mod tests;
