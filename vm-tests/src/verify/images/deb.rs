//! The package, installed by the real dpkg over this computer's own files, in layers that go away.

use std::{path::Path, process::Command};

use anyhow::{Context, Result, ensure};
use images::{Built, Kind};

use super::{as_root_of_a_namespace, path, succeed};

/// Largest exposure of the unit that `systemd-analyze security` may find: 0 is sealed, 10 is bare.
const EXPOSURE: &str = "25";

/// A writable layer over `/`; systemd does not run in there, so that nothing may be started.
const OVER_ROOT: &str = r#"
mount -t tmpfs layers "$2"
mkdir "$2/upper" "$2/work" "$2/root"
mount -t overlay -o "lowerdir=/,upperdir=$2/upper,workdir=$2/work,userxattr" layers "$2/root"
mount --rbind /dev "$2/root/dev"
mount --rbind /proc "$2/root/proc"
cp "$1" "$2/root/lanlord.deb"
root=$2/root
inside() { env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive chroot "$root" "$@"; }
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
        contents.lines().all(|line| line.contains(" root/root ")),
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
    let said = as_root_of_a_namespace(&[OVER_ROOT, INSTALL].concat(), &[package, scratch])?;
    let version = format!("lanlord {}\n", images::VERSION);
    ensure!(said.contains(&version), "the programs said: {said}");
    Ok(())
}

pub(super) fn unit(built: &Built, scratch: &Path) -> Result<()> {
    let package = path(built, Kind::Deb)?;
    let said = as_root_of_a_namespace(
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
