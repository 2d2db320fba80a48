//! The good tree of the extension, and variants of it that must be refused, each with the right reason.

mod variants;

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};

use super::{Expected, Question};
use variants::VARIANTS;

/// Where the program is, in the tree.
const PROGRAM: &str = "rootfs/usr/local/lib/containers/lanlord/usr/local/bin/lanlord";
const MANIFEST: &str = "manifest.yaml";
const SPEC: &str = "rootfs/usr/local/etc/containers/lanlord.yaml";

/// One thing that is wrong.
struct Variant {
    about: &'static str,
    break_it: fn(&Copy) -> Result<()>,
    /// Part of the reason.
    reason: &'static str,
}

/// The good tree first.
pub(super) fn questions(tree: &Path, scratch: &Path) -> Result<Vec<Question>> {
    let mut questions = vec![question("the extension", tree, Expected::Accepted)];
    let unchanged = Copy::of(tree, &scratch.join("unchanged"))?;
    let about = "the extension around a small program";
    questions.push(question(about, &unchanged.folder, Expected::Accepted));
    for (at, variant) in VARIANTS.iter().enumerate() {
        let copy = Copy::of(tree, &scratch.join(format!("broken-{at}")))?;
        (variant.break_it)(&copy).with_context(|| variant.about)?;
        let expected = Expected::Refused(variant.reason);
        questions.push(question(variant.about, &copy.folder, expected));
    }
    Ok(questions)
}

fn question(about: &str, tree: &Path, expected: Expected) -> Question {
    Question {
        about: about.to_owned(),
        words: format!("tree\t{}", tree.display()),
        expected,
    }
}

/// A tree of its own, to be broken.
struct Copy {
    folder: PathBuf,
}

impl Copy {
    /// The same files and modes, but for the program: a small one will do.
    fn of(tree: &Path, folder: &Path) -> Result<Self> {
        copy(tree, folder).with_context(|| format!("copy {}", tree.display()))?;
        let copy = Self {
            folder: folder.to_owned(),
        };
        copy.write(PROGRAM, &program(false))?;
        copy.mode(PROGRAM, 0o755)?;
        Ok(copy)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Writes a file; its folders are made, as open as they should be.
    fn write(&self, name: &str, content: &[u8]) -> Result<()> {
        let path = self.path(name);
        let folder = path.parent().context("a file is in a folder")?;
        fs::create_dir_all(folder).with_context(|| format!("create {}", folder.display()))?;
        fs::write(&path, content).with_context(|| format!("write {}", path.display()))
    }

    fn mode(&self, name: &str, mode: u32) -> Result<()> {
        let path = self.path(name);
        fs::set_permissions(&path, fs::Permissions::from_mode(mode))
            .with_context(|| format!("change the mode of {}", path.display()))
    }

    fn remove(&self, name: &str) -> Result<()> {
        let path = self.path(name);
        if path.is_dir() {
            fs::remove_dir_all(&path)
        } else {
            fs::remove_file(&path)
        }
        .with_context(|| format!("remove {}", path.display()))
    }

    fn rename(&self, from: &str, to: &str) -> Result<()> {
        fs::rename(self.path(from), self.path(to)).with_context(|| format!("rename {from}"))
    }

    /// Puts `new` in the place of `old`, which must be there: a variant that is not broken proves nothing.
    fn replace(&self, name: &str, old: &str, new: &str) -> Result<()> {
        let path = self.path(name);
        let text = fs::read_to_string(&path).with_context(|| format!("read {name}"))?;
        ensure!(text.contains(old), "{name} has no `{old}` to replace");
        self.write(name, text.replacen(old, new, 1).as_bytes())
    }
}

fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    let permissions = fs::metadata(from)?.permissions();
    if from.is_dir() {
        fs::create_dir(to)?;
        for entry in fs::read_dir(from)? {
            let entry = entry?;
            copy(&entry.path(), &to.join(entry.file_name()))?;
        }
    } else if from.ends_with(PROGRAM) {
        fs::write(to, [])?;
    } else {
        fs::write(to, fs::read(from)?)?;
    }
    fs::set_permissions(to, permissions)
}

/// The least that counts as a program: an ELF header and one segment, which names a loader when it is dynamic.
fn program(dynamic: bool) -> Vec<u8> {
    const HEADER: u16 = 64;
    const SEGMENT: u16 = 56;
    let mut elf = b"\x7fELF\x02\x01\x01".to_vec();
    elf.resize(16, 0);
    // Executable, x86-64.
    for half in [2_u16, 62] {
        elf.extend(half.to_le_bytes());
    }
    elf.extend(1_u32.to_le_bytes());
    // Entry; where the segments and the sections are.
    for long in [0x40_0000_u64, HEADER.into(), 0] {
        elf.extend(long.to_le_bytes());
    }
    elf.extend(0_u32.to_le_bytes());
    for half in [HEADER, SEGMENT, 1, 64, 0, 0] {
        elf.extend(half.to_le_bytes());
    }
    // PT_INTERP or PT_LOAD, readable.
    for word in [if dynamic { 3_u32 } else { 1 }, 4] {
        elf.extend(word.to_le_bytes());
    }
    // Offset, addresses, sizes, alignment.
    for long in [0_u64, 0x40_0000, 0x40_0000, 64, 64, 4096] {
        elf.extend(long.to_le_bytes());
    }
    elf
}
