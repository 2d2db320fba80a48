//! What we need to know of programs and libraries: the loader they ask for, what they link, and for which processor.

use anyhow::{Context, Result, ensure};
use object::{
    Endianness, Object as _,
    elf::{DT_NEEDED, DT_RPATH, DT_RUNPATH, EM_AARCH64, EM_X86_64},
    read::elf::{ElfFile64, FileHeader as _, ProgramHeader as _},
};

use crate::architecture::Architecture;

/// A 64-bit little-endian ELF file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Elf {
    /// Its processor, if we build for it.
    pub architecture: Option<Architecture>,
    /// The dynamic loader that it asks for; none: a static program, or a library.
    pub interpreter: Option<String>,
    /// Names of the libraries that it links.
    pub needed: Vec<String>,
    /// It carries symbols that only a debugger wants.
    pub has_symbols: bool,
}

impl Elf {
    /// Reads the headers.
    pub fn read(octets: &[u8]) -> Result<Self> {
        let file = ElfFile64::<Endianness>::parse(octets).context("read as ELF")?;
        let endian = file.endian();
        ensure!(endian == Endianness::Little, "a big-endian program");
        let architecture = match file.elf_header().e_machine(endian) {
            EM_X86_64 => Some(Architecture::Amd64),
            EM_AARCH64 => Some(Architecture::Arm64),
            _ => None,
        };
        let mut interpreter = None;
        for segment in file.elf_program_headers() {
            if let Some(path) = segment
                .interpreter(endian, octets)
                .context("read the loader's name")?
            {
                interpreter = Some(String::from_utf8_lossy(path).into_owned());
            }
        }
        Ok(Self {
            architecture,
            interpreter,
            needed: libraries(&file, octets)?,
            has_symbols: file.symbol_table().is_some(),
        })
    }
}

fn libraries(file: &ElfFile64<'_, Endianness>, octets: &[u8]) -> Result<Vec<String>> {
    let table = file
        .elf_section_table()
        .dynamic_table(file.endian(), octets)
        .context("read the dynamic section")?;
    let mut needed = Vec::new();
    for entry in &table {
        ensure!(
            ![DT_RPATH, DT_RUNPATH].contains(&entry.tag),
            "it searches folders of its own for libraries, which is not expected"
        );
        if entry.tag == DT_NEEDED {
            let name = table.string(entry).context("read the name of a library")?;
            needed.push(String::from_utf8_lossy(name).into_owned());
        }
    }
    Ok(needed)
}

#[cfg(test)]
mod tests;
