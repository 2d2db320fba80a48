//! The template, unpacked and entered as Proxmox would.

use std::path::Path;

use anyhow::{Result, ensure};
use images::{Built, Kind};

use super::{as_root_alone, path};

/// The flags of `pct create`, with the decompressor that it chooses by the name.
const SCRIPT: &str = r#"
mkdir "$2"
tar xpf "$1" --zstd --one-file-system -p --sparse --numeric-owner --acls --xattrs \
    '--xattrs-include=user.*' '--xattrs-include=security.capability' \
    --warning=no-file-ignored --warning=no-xattr-write \
    -C "$2" --skip-old-files --anchored --exclude './dev/*'
cd "$2"
for folder in dev proc sys run tmp etc var var/lib/lanlord; do test -d "$folder"; done
test "$(stat -c %a tmp)" = 1777
test -f sbin/init && test ! -L sbin/init && test -x sbin/init
grep -qx ID=unmanaged etc/os-release
inside() { env -i PATH=/usr/sbin:/usr/bin chroot . "$@"; }
inside /sbin/init --version
inside /usr/bin/lanlord check /etc/lanlord/router.toml >&2
inside /usr/sbin/nft --version
inside /usr/sbin/nft --json list ruleset
"#;

pub(super) fn judge(built: &Built, scratch: &Path) -> Result<()> {
    let template = path(built, Kind::Template)?;
    let said = as_root_alone(SCRIPT, &[template, &scratch.join("root")])?;
    let version = format!("lanlord {}", images::VERSION);
    ensure!(said.starts_with(&version), "the programs said: {said}");
    ensure!(said.contains("nftables v"), "nft said: {said}");
    ensure!(said.contains("\"metainfo\""), "nft listed: {said}");
    first_member(template)
}

/// Tools for templates read the first member only.
fn first_member(template: &Path) -> Result<()> {
    let mut list = std::process::Command::new("tar");
    let listed = super::succeed(list.args(["--zstd", "-tf"]).arg(template))?;
    let first = listed.lines().next();
    ensure!(
        first == Some("./etc/appliance.info"),
        "the first member is {first:?}"
    );
    let odd = listed.lines().find(|name| !name.starts_with("./"));
    ensure!(odd.is_none(), "{odd:?} does not begin with ./");
    ensure!(listed.lines().count() >= 10, "less than ten members");
    Ok(())
}
