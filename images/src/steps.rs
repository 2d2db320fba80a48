//! What to type next, for each image.

use std::path::Path;

use crate::{build::Kind, source::VERSION};

/// The lines for an image at this path; `REGISTRY` is for the user to fill in.
pub(crate) fn of(kind: Kind, path: &Path) -> Vec<String> {
    let file = path.display();
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    match kind {
        Kind::Binary => vec![format!(
            "install -m 755 {file} /usr/local/bin/lanlord && ln -s lanlord /usr/local/bin/kubectl-lanlord"
        )],
        Kind::Extension => {
            let architecture = if name.contains("arm64") {
                "arm64"
            } else {
                "amd64"
            };
            vec![
                format!("crane push {file} REGISTRY/lanlord-extension:{VERSION}"),
                format!(
                    "docker run --rm --volume \"$PWD/out:/out\" ghcr.io/siderolabs/imager:vTALOS installer --platform metal --arch {architecture} --system-extension-image REGISTRY/lanlord-extension:{VERSION}"
                ),
            ]
        }
        Kind::Template => vec![
            format!("scp {file} root@PROXMOX:/var/lib/vz/template/cache/"),
            format!(
                "pct create 200 local:vztmpl/{name} --hostname router --ostype unmanaged --unprivileged 1 \
                 --cores 1 --memory 256 --swap 0 --rootfs local-lvm:1 \
                 --mp0 local-lvm:1,mp=/var/lib/lanlord,backup=1 \
                 --net0 name=eth0,bridge=vmbr0,firewall=0 --net1 name=eth1,bridge=vmbr1,firewall=0 \
                 --onboot 1 --startup order=1,up=15,down=60 --start 1"
            ),
        ],
        Kind::Oci => vec![
            format!("skopeo copy oci:{file}:{VERSION} docker://REGISTRY/lanlord:{VERSION}"),
            format!(
                "lanlord manifests --daemonset REGISTRY/lanlord:{VERSION} | kubectl apply --server-side --force-conflicts -f -"
            ),
        ],
        Kind::Deb => vec![
            format!("apt install {file}"),
            "systemctl enable --now lanlord-router    # once /etc/lanlord/router.toml fits"
                .to_owned(),
        ],
        Kind::Sbom => Vec::new(),
    }
}
