//! The package, installed by the real dpkg over this computer's own files, in layers that go away.

use std::{path::Path, process::Command};

use anyhow::{Context, Result, ensure};
use images::{Built, Kind};

use super::{as_root_alone, path, succeed};

/// Largest exposure of the unit that `systemd-analyze security` may find: 0 is sealed, 10 is bare.
const EXPOSURE: &str = "25";

/// A root of writable layers over this computer's folders; systemd does not run in there, so nothing may be started.
const OVER_ROOT: &str = r#"
mount -t tmpfs layers "$2"
root=$2/root
mkdir "$root" "$root/dev" "$root/proc" "$root/run" "$root/tmp"
for folder in usr etc var; do
    mkdir "$root/$folder" "$2/upper-$folder" "$2/work-$folder"
    mount -t overlay -o "lowerdir=/$folder,upperdir=$2/upper-$folder,workdir=$2/work-$folder,userxattr" \
        layers "$root/$folder"
done
for folder in bin sbin lib lib64; do ln -s "usr/$folder" "$root/$folder"; done
mount --rbind /dev "$root/dev"
mount --rbind /proc "$root/proc"
cp "$1" "$root/lanlord.deb"
inside() {
    env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive chroot "$root" "$@"
}
"#;

const INSTALL: &str = r#"
config=/etc/lanlord/router.toml
inside dpkg --install /lanlord.deb >&2
inside /usr/bin/lanlord --version
inside /usr/bin/kubectl-lanlord --version
inside /usr/bin/lanlord check $config >&2
inside test ! -e /etc/systemd/system/multi-user.target.wants/lanlord-router.service
# What the user wrote survives an upgrade and a removal, and goes with a purge.
inside sh -c "echo '# mine' >> $config; mkdir -p /var/lib/lanlord; touch /var/lib/lanlord/lease"
inside dpkg --force-confdef --install /lanlord.deb >&2
inside grep -q '# mine' $config
inside dpkg --remove lanlord >&2
inside test ! -e /usr/bin/lanlord
inside grep -q '# mine' $config
inside test -e /var/lib/lanlord/lease
inside dpkg --purge lanlord >&2
inside test ! -e $config
inside test ! -e /var/lib/lanlord
"#;

const UNIT: &str = r#"
inside dpkg --install /lanlord.deb >&2
unit=/usr/lib/systemd/system/lanlord-router.service
inside systemd-analyze verify $unit 2>&1
inside systemd-analyze security --offline=true --threshold="$3" --no-pager $unit | tail -n 1
"#;

pub(super) fn install(built: &Built, scratch: &Path) -> Result<()> {
    let package = path(built, Kind::Deb)?;
    let contents = succeed(Command::new("dpkg-deb").arg("--contents").arg(package))?;
    ensure!(
        contents.lines().all(|line| line.contains(" 0/0 ")),
        "not all belongs to root:\n{contents}"
    );
    let field = |name: &str| {
        succeed(
            Command::new("dpkg-deb")
                .arg("--field")
                .arg(package)
                .arg(name),
        )
    };
    ensure!(field("Depends")?.trim() == "nftables", "other dependencies");
    let said = as_root_alone(&[OVER_ROOT, INSTALL].concat(), &[package, scratch])?;
    let version = format!("lanlord {}\n", images::VERSION);
    ensure!(said.contains(&version), "the programs said: {said}");
    Ok(())
}

pub(super) fn unit(built: &Built, scratch: &Path) -> Result<()> {
    let package = path(built, Kind::Deb)?;
    let said = as_root_alone(
        &[OVER_ROOT, UNIT].concat(),
        &[package, scratch, Path::new(EXPOSURE)],
    )?;
    let (complaints, verdict) = said
        .trim_end()
        .rsplit_once('\n')
        .unwrap_or_else(|| ("", said.trim_end()));
    ensure!(
        !complaints.contains("lanlord"),
        "systemd complains: {complaints}"
    );
    verdict
        .contains("Overall exposure level")
        .then_some(())
        .with_context(|| format!("systemd-analyze said: {said}"))
}
