//! Where the cluster's files are: `kubernetes/` in the lab's directory, the same path on every machine.

use std::{
    fs::{DirBuilder, OpenOptions},
    io::Write,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, symlink},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};

use crate::{machine::Site, tools::Tools};

/// The folder.
#[derive(Clone, Debug)]
pub(super) struct Files {
    directory: PathBuf,
}

impl Files {
    pub(super) fn of(site: &Site) -> Self {
        Self {
            directory: site.directory.join("kubernetes"),
        }
    }

    /// Makes the folder, for its owner alone: there are keys in it. Links the programs into `bin/`.
    pub(super) fn create(&self, tools: &Tools) -> Result<()> {
        let bin = self.directory.join("bin");
        for folder in [&self.directory, &bin] {
            DirBuilder::new()
                .mode(0o700)
                .create(folder)
                .with_context(|| format!("create {}", folder.display()))?;
        }
        for (name, program) in [
            ("etcd", &tools.etcd),
            ("kube-apiserver", &tools.kube_apiserver),
            ("kube-controller-manager", &tools.kube_controller_manager),
            ("kube-proxy", &tools.kube_proxy),
            ("kubectl", &tools.kubectl),
            ("traefik", &tools.traefik),
        ] {
            symlink(program, bin.join(name)).with_context(|| format!("link {name}"))?;
        }
        Ok(())
    }

    pub(super) fn program(&self, name: &str) -> String {
        text(&self.directory.join("bin").join(name))
    }

    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// The kubeconfig of a user; `system:node:talos-2` is `talos-2.kubeconfig`.
    pub(super) fn kubeconfig(&self, user: &str) -> PathBuf {
        let name = user.rsplit(':').next().unwrap_or(user);
        self.file(&format!("{name}.kubeconfig"))
    }

    /// The socket of a user's way to the API, see [`super::api`].
    pub(super) fn socket(&self, user: &str) -> PathBuf {
        self.file(&format!("{user}.sock"))
    }

    pub(super) fn audit_policy(&self) -> PathBuf {
        self.file("audit-policy.yaml")
    }

    pub(super) fn audit_log(&self) -> PathBuf {
        self.file("audit.log")
    }

    pub(super) fn authority(&self) -> PathBuf {
        self.file("authority.pem")
    }

    pub(super) fn authority_key(&self) -> PathBuf {
        self.file("authority.key")
    }

    pub(super) fn server(&self) -> PathBuf {
        self.file("server.pem")
    }

    pub(super) fn server_key(&self) -> PathBuf {
        self.file("server.key")
    }

    pub(super) fn accounts_key(&self) -> PathBuf {
        self.file("accounts.key")
    }

    pub(super) fn accounts_public(&self) -> PathBuf {
        self.file("accounts.pem")
    }
}

/// A path as an argument.
pub(super) fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// Writes a file that only its owner may read.
pub(super) fn write_private(path: &Path, content: &str) -> Result<()> {
    OpenOptions::new()
        .create(true)
        .truncate(true)
        .write(true)
        .mode(0o600)
        .open(path)
        .and_then(|mut file| file.write_all(content.as_bytes()))
        .with_context(|| format!("write {}", path.display()))
}
