//! Our image on its way into a node: OCI layout, Talos' imager, squashfs.

use std::{
    io::Write,
    os::unix::process::CommandExt,
    path::Path,
    process::{Command, Output, Stdio},
};

use anyhow::{Context, Result, ensure};
use serde_json::json;

use super::files::{Files, scenario, text};
use crate::{
    images,
    lab::{Lab, failure::expected, step::Outcome},
    tools::{self, talos::Talos},
};

/// What the imager makes of the machine's architecture and output kind.
const OUTPUT: &str = "initramfs-metal-amd64.xz";
/// The first and only extension in it.
const SQUASHFS: &str = "0.sqsh";

/// Lays the image over the root, as Talos' imager and init would.
pub(super) fn build(lab: &mut Lab) -> Outcome {
    let files = Files::of(&lab.site);
    let talos = tools::talos::ensure()?;
    let layout = images::ensure(&lab.lanlord)?.extension;
    let output = files.folder("imager")?;
    let said = run_imager(&talos, &files, &layout, &output)?;
    if !said.contains("validating system extensions") {
        return Err(expected("the imager to validate our extension", &said));
    }

    unpack_initramfs(&output)?;
    std::fs::rename(output.join("extensions.yaml"), files.extensions())
        .context("take the list of extensions out of the initramfs")?;
    let squashfs = output.join(SQUASHFS);
    let size = std::fs::metadata(&squashfs)
        .with_context(|| format!("find {SQUASHFS} in the initramfs"))?
        .len();
    // Nobody mounts a loop device in a user namespace. What the kernel would show of the file is the same.
    succeed(
        Command::new("unsquashfs")
            .args(["-no-progress", "-dest"])
            .arg(files.layer())
            .arg(&squashfs),
    )?;
    Ok(format!(
        "Talos' imager takes our OCI layout and writes {SQUASHFS}, {:.1} MB, into an initramfs",
        size as f64 / 1e6
    ))
}

/// The profile comes on stdin. There is no kernel and no base initramfs to put it into; nothing but the extension's part is
/// looked at.
fn run_imager(talos: &Talos, files: &Files, layout: &Path, output: &Path) -> Result<String> {
    let programs = files.folder("imager/programs")?;
    super::root::install(&scenario("mksquashfs.sh"), &programs.join("mksquashfs"))?;
    let empty = files.at("imager/empty");
    std::fs::write(&empty, "").with_context(|| format!("write {}", empty.display()))?;
    let profile = json!({
        "arch": "amd64",
        "platform": "metal",
        "secureboot": false,
        "version": talos.version,
        "input": {
            "kernel": { "path": empty },
            "initramfs": { "path": empty },
            "systemExtensions": [{ "ociPath": layout }],
        },
        "output": { "kind": "initramfs", "outFormat": "raw" },
    });
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::iter::once(programs).chain(std::env::split_paths(&path));
    let mut imager = Command::new(&talos.imager)
        .arg0("imager")
        .args(["--output", &text(output), "-"])
        .env("PATH", std::env::join_paths(folders)?)
        .env("TMPDIR", output)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .context("run the imager")?;
    let mut stdin = imager.stdin.take().context("stdin is a pipe")?;
    // An early end of the program shows in its status and stderr, which say more than the broken pipe.
    let _ = stdin.write_all(profile.to_string().as_bytes());
    drop(stdin);
    checked(imager.wait_with_output()?, "imager").map(|output| {
        String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
    })
}

/// Unpacks what the imager wrote, in its folder.
fn unpack_initramfs(folder: &Path) -> Result<()> {
    let archive = folder.join("initramfs.cpio");
    succeed(
        Command::new("zstd")
            .args(["--quiet", "--decompress", "--force", "-o"])
            .arg(&archive)
            .arg(folder.join(OUTPUT)),
    )?;
    let archive =
        std::fs::File::open(&archive).with_context(|| format!("open {}", archive.display()))?;
    succeed(
        Command::new("cpio")
            .args(["--extract", "--make-directories", "--quiet"])
            .current_dir(folder)
            .stdin(archive),
    )
}

fn succeed(command: &mut Command) -> Result<()> {
    let what = format!("{command:?}");
    let output = command.output().with_context(|| format!("run {what}"))?;
    checked(output, &what).map(drop)
}

fn checked(output: Output, what: &str) -> Result<Output> {
    ensure!(
        output.status.success(),
        "{what}: {}: {}",
        output.status,
        String::from_utf8_lossy(&output.stderr).trim()
    );
    Ok(output)
}
