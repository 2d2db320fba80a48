//! Whether a file can take the program's place, before it does.

use std::{
    fs::File,
    io::Read,
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};

/// How long a program may take to say its version.
const PATIENCE: Duration = Duration::from_secs(10);
/// Between two looks at it.
const PAUSE: Duration = Duration::from_millis(20);
/// Program headers are at the beginning of a file that ships; more is not read.
const HEADERS: u64 = 64 * 1024;

/// `e_machine` of this program.
#[cfg(target_arch = "x86_64")]
const MACHINE: u16 = 62;
#[cfg(target_arch = "aarch64")]
const MACHINE: u16 = 183;

/// The file is a static program for this machine. Says what is wrong otherwise.
pub(super) fn require_program(path: &Path) -> Result<()> {
    let mut head = Vec::new();
    File::open(path)
        .and_then(|file| file.take(HEADERS).read_to_end(&mut head))
        .with_context(|| format!("read {}", path.display()))?;
    match needs_loader(&head) {
        None => bail!(
            "{} is no program for this machine ({}): give a plain lanlord binary, not an archive or an image",
            path.display(),
            std::env::consts::ARCH
        ),
        Some(true) => bail!(
            "{} needs a dynamic loader, which is not here: give the static lanlord that is published",
            path.display()
        ),
        Some(false) => Ok(()),
    }
}

/// Whether an ELF program for this machine has an interpreter; none for everything else.
fn needs_loader(head: &[u8]) -> Option<bool> {
    const PROGRAMS: [u16; 2] = [2, 3];
    const PT_INTERP: u32 = 3;
    let half = |at: usize| Some(u16::from_le_bytes(head.get(at..at + 2)?.try_into().ok()?));
    if head.get(..6)? != b"\x7fELF\x02\x01"
        || half(18)? != MACHINE
        || !PROGRAMS.contains(&half(16)?)
    {
        return None;
    }
    let table = usize::try_from(u64::from_le_bytes(head.get(32..40)?.try_into().ok()?)).ok()?;
    let (size, count) = (usize::from(half(54)?), usize::from(half(56)?));
    let mut found = false;
    for index in 0..count {
        let begin = table.checked_add(index.checked_mul(size)?)?;
        let kind = head.get(begin..begin.checked_add(4)?)?;
        found |= u32::from_le_bytes(kind.try_into().ok()?) == PT_INTERP;
    }
    Some(found)
}

/// Runs the file: it must be lanlord, and one that can be process 1. Its version.
pub(super) fn version(path: &Path) -> Result<String> {
    let text = output(path, &["--version"])?;
    let version = text.trim().strip_prefix("lanlord ");
    let Some(version) = version.filter(|version| !version.contains(char::is_whitespace)) else {
        bail!("it is not lanlord: it says {:?} to --version", text.trim());
    };
    output(path, &["init", "--help"]).with_context(|| {
        format!("lanlord {version} cannot be process 1 of a container: it has no command `init`")
    })?;
    Ok(version.to_string())
}

fn output(path: &Path, arguments: &[&str]) -> Result<String> {
    let what = arguments.join(" ");
    let mut child = Command::new(path)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .with_context(|| format!("run {} {what}", path.display()))?;
    let status = wait(&mut child, &what)?;
    let mut text = String::new();
    if let Some(stdout) = child.stdout.take() {
        stdout
            .take(HEADERS)
            .read_to_string(&mut text)
            .with_context(|| format!("read what it says to {what}"))?;
    }
    ensure!(status.success(), "it cannot do {what}: {status}");
    Ok(text)
}

fn wait(child: &mut Child, what: &str) -> Result<std::process::ExitStatus> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(status) = child.try_wait().context("wait for it")? {
            return Ok(status);
        }
        if Instant::now() >= deadline {
            // It may have ended in between, which is as good.
            let _ = child.kill();
            let _ = child.wait();
            bail!("it does not end within {} s of {what}", PATIENCE.as_secs());
        }
        thread::sleep(PAUSE);
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt};

    use super::*;

    fn file(content: &[u8]) -> tempfile::TempPath {
        let file = tempfile::NamedTempFile::new().expect("a file");
        fs::write(file.path(), content).expect("write");
        fs::set_permissions(file.path(), fs::Permissions::from_mode(0o755)).expect("mode");
        file.into_temp_path()
    }

    /// The head of a program with one program header of this type.
    fn elf(machine: u16, kind: u32) -> Vec<u8> {
        let mut head = vec![0; 64 + 56];
        head[..6].copy_from_slice(b"\x7fELF\x02\x01");
        head[16..18].copy_from_slice(&3_u16.to_le_bytes());
        head[18..20].copy_from_slice(&machine.to_le_bytes());
        head[32..40].copy_from_slice(&64_u64.to_le_bytes());
        head[54..56].copy_from_slice(&56_u16.to_le_bytes());
        head[56..58].copy_from_slice(&1_u16.to_le_bytes());
        head[64..68].copy_from_slice(&kind.to_le_bytes());
        head
    }

    fn refusal(content: &[u8]) -> String {
        let path = file(content);
        require_program(&path).map_or_else(|error| error.to_string(), |()| String::new())
    }

    #[test]
    fn only_a_static_program_for_this_machine_is_taken() {
        assert_eq!(refusal(&elf(MACHINE, 1)), "");
        assert!(refusal(&elf(MACHINE, 3)).contains("dynamic loader"));
        assert!(refusal(&elf(8, 1)).contains("no program for this machine"));
        assert!(refusal(b"\x28\xb5\x2f\xfd archive").contains("no program for this machine"));
        assert!(refusal(&elf(MACHINE, 1)[..60]).contains("no program for this machine"));
        assert!(refusal(b"").contains("no program for this machine"));
    }

    #[test]
    fn a_program_that_is_not_lanlord_is_refused() {
        let other = file(b"#!/bin/sh\necho tar 1.35\n");
        let old = file(b"#!/bin/sh\ntest \"$1\" = --version && echo lanlord 0.0.9\n");
        let new = file(b"#!/bin/sh\necho lanlord 0.2.0\n");

        let refused = |path: &Path| format!("{:#}", version(path).expect_err("refused"));

        assert!(refused(&other).contains("not lanlord"));
        assert!(refused(&old).contains("cannot be process 1"));
        assert_eq!(version(&new).expect("taken"), "0.2.0");
    }
}
