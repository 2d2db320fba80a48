//! The host of the service: the folders that its service file binds, and the kubelet's files in them.

use std::{
    fs,
    os::unix::fs::{DirBuilderExt, symlink},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};

use super::{NODE, spec::under};
use crate::{kubernetes::Cluster, lab::Lab};

/// `/` of the host.
pub(super) struct Host {
    root: PathBuf,
}

const KUBECONFIG: &str = "/etc/kubernetes/kubeconfig-kubelet";
const PKI: &str = "/var/lib/kubelet/pki";
const CURRENT: &str = "/var/lib/kubelet/pki/kubelet-client-current.pem";

impl Host {
    pub(super) fn of(lab: &Lab) -> Result<Self> {
        let root = lab.machine(NODE)?.directory().join("host");
        Ok(Self { root })
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    pub(super) fn path(&self, path: &str) -> PathBuf {
        under(&self.root, path)
    }

    /// A source of a mount that is missing, as Talos makes it.
    pub(super) fn make_source(&self, source: &str) -> Result<()> {
        let path = self.path(source);
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&path)
            .with_context(|| format!("create {}", path.display()))
    }

    /// The kubeconfig that Talos writes once the kubelet has bootstrapped. The certificate is given by its path.
    pub(super) fn write_kubeconfig(&self, lab: &Lab, server: &str) -> Result<()> {
        let text = Cluster::of(&lab.site).kubelet_kubeconfig(server, CURRENT)?;
        replace(&self.path(KUBECONFIG), &text)
    }

    /// What a kubelet does at each rotation: a dated file with certificate and key, the link, and the old file away.
    /// Returns the certificate's SHA-256, in hex.
    pub(super) fn rotate(&self, lab: &Lab, date: &str) -> Result<String> {
        let issued = Cluster::of(&lab.site).issue_kubelet(NODE)?;
        let pki = self.path(PKI);
        fs::create_dir_all(&pki).with_context(|| format!("create {}", pki.display()))?;
        let dated = format!("kubelet-client-{date}.pem");
        replace(&pki.join(&dated), &issued.pem)?;
        let link = pki.join(".current.new");
        // The link is absolute, and right inside the service only: there the folder has its real place.
        symlink(format!("{PKI}/{dated}"), &link).context("link the certificate")?;
        fs::rename(&link, self.path(CURRENT)).context("swap the link")?;
        for entry in fs::read_dir(&pki).context("list pki")? {
            let name = entry?.file_name().to_string_lossy().into_owned();
            if name.starts_with("kubelet-client-2") && name != dated {
                fs::remove_file(pki.join(name)).context("remove the old certificate")?;
            }
        }
        Ok(issued.fingerprint)
    }

    /// As Talos does when the node's name or the authority changes.
    pub(super) fn remove_pki(&self) -> Result<()> {
        fs::remove_dir_all(self.path(PKI)).context("remove pki")
    }
}

fn replace(path: &Path, text: &str) -> Result<()> {
    let new = path.with_extension("new");
    fs::write(&new, text)
        .and_then(|()| fs::rename(&new, path))
        .with_context(|| format!("write {}", path.display()))
}
