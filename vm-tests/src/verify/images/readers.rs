//! Other people's readers of OCI layouts.

use std::{path::Path, process::Command};

use anyhow::{Context, Result, ensure};
use images::{Built, Kind, VERSION, reader, tree::Tree};

use super::{as_root_among_others, path, paths, succeed};

/// skopeo inspects and copies: the folder, and the archive of the folder.
pub(super) fn skopeo(built: &Built, scratch: &Path) -> Result<()> {
    for kind in [Kind::Extension, Kind::Oci] {
        let [folder, archive] = paths(built, kind)? else {
            anyhow::bail!("{kind:?} is not a folder and an archive");
        };
        let sources = [
            format!("oci:{}:{VERSION}", folder.display()),
            format!("oci-archive:{}:{VERSION}", archive.display()),
        ];
        for (index, source) in sources.iter().enumerate() {
            let about = succeed(Command::new("skopeo").args(["inspect", source]))?;
            let about: serde_json::Value =
                serde_json::from_str(&about).context("read what skopeo says")?;
            ensure!(
                about["Architecture"] == super::own_architecture().name(),
                "skopeo says {}",
                about["Architecture"]
            );
            let copy = scratch.join(format!("{kind:?}-{index}"));
            let target = format!("dir:{}", copy.display());
            succeed(Command::new("skopeo").args([
                "--insecure-policy",
                "copy",
                "--quiet",
                source,
                &target,
            ]))?;
        }
    }
    Ok(())
}

/// umoci unpacks what our own reader reads. As root, because owners and capabilities need that.
pub(super) fn umoci(built: &Built, scratch: &Path) -> Result<()> {
    const UNPACK: &str =
        "umoci --log=error unpack --image \"$1:$2\" \"$3\" && chmod -R go+rX \"$3\"";
    for kind in [Kind::Extension, Kind::Oci] {
        let layout = path(built, kind)?;
        let bundle = scratch.join(format!("{kind:?}"));
        as_root_among_others(UNPACK, &[layout, Path::new(VERSION), &bundle])?;
        let unpacked = Tree::read(&bundle.join("rootfs"))?;
        let found = reader::read(layout)?;
        let expected = &found.first().context("an image")?.tree;
        let names = |tree: &Tree| -> Vec<String> {
            tree.members().map(|(name, _)| name.to_owned()).collect()
        };
        ensure!(
            names(&unpacked) == names(expected),
            "umoci unpacked other files of {kind:?}"
        );
        for (name, member) in unpacked.members() {
            let same = expected
                .get(name)
                .is_some_and(|other| other.content == member.content);
            ensure!(same, "umoci unpacked another {name}");
        }
    }
    Ok(())
}
