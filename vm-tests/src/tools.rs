//! The programs of others that the lab runs, built from source on first use.
//!
//! Each folder of `vm-tests/tools/` is a Go module that pins versions and little else; that of [`talos`] makes its `go.mod`
//! from another module's. What it builds is kept in
//! `${XDG_CACHE_HOME:-$HOME/.cache}/lanlord/tools/<folder>-<key>/`; the key covers the folder's files, the build flags
//! and the version of Go, so that a change of any of them builds anew. Call [`ensure`] before entering a network
//! namespace: a build downloads modules through Go's ordinary proxy.

mod module;
pub mod talos;

use std::path::PathBuf;

use anyhow::{Context, Result};

use module::{Module, Origin};

/// Where the built programs are.
#[derive(Clone, Debug)]
pub struct Tools {
    pub kube_apiserver: PathBuf,
    pub kube_controller_manager: PathBuf,
    pub kube_proxy: PathBuf,
    pub kubectl: PathBuf,
    pub etcd: PathBuf,
    pub traefik: PathBuf,
}

/// Builds what is not built yet and returns where it all is.
///
/// # Errors
/// When Go is missing or too old, or a build fails; the text then ends with the tail of the build's log.
pub fn ensure() -> Result<Tools> {
    let cache = cache_dir()?;
    let etcd = ETCD.ensure(&cache)?;
    let kubernetes = KUBERNETES.ensure(&cache)?;
    let traefik = TRAEFIK.ensure(&cache)?;
    Ok(Tools {
        kube_apiserver: kubernetes.join("kube-apiserver"),
        kube_controller_manager: kubernetes.join("kube-controller-manager"),
        kube_proxy: kubernetes.join("kube-proxy"),
        kubectl: kubernetes.join("kubectl"),
        etcd: etcd.join("etcd"),
        traefik: traefik.join("traefik"),
    })
}

/// Releases of Talos, and the program through which the code of each judges what lanlord ships.
///
/// # Errors
/// As those of [`ensure`].
pub fn talos_checkers() -> Result<Vec<(&'static str, PathBuf)>> {
    let cache = cache_dir()?;
    TALOS_CHECKERS
        .iter()
        .map(|(release, module)| {
            let built = module.ensure(&cache)?;
            let (_, program) = module.commands[0];
            Ok((*release, built.join(program)))
        })
        .collect()
}

const KUBERNETES: Module = Module {
    folder: "kubernetes",
    commands: &[
        ("k8s.io/kubernetes/cmd/kube-apiserver", "kube-apiserver"),
        (
            "k8s.io/kubernetes/cmd/kube-controller-manager",
            "kube-controller-manager",
        ),
        ("k8s.io/kubernetes/cmd/kube-proxy", "kube-proxy"),
        ("k8s.io/kubernetes/cmd/kubectl", "kubectl"),
    ],
    // Without these the parts call themselves v0.0.0-master, and the API server takes that for its emulation version.
    ldflags: "-s -w \
              -X k8s.io/component-base/version.gitVersion=v1.36.3 \
              -X k8s.io/component-base/version.gitMajor=1 \
              -X k8s.io/component-base/version.gitMinor=36 \
              -X k8s.io/component-base/version.gitTreeState=clean",
    origin: Origin::Kept,
    minutes: 7,
};

const ETCD: Module = Module {
    folder: "etcd",
    commands: &[("go.etcd.io/etcd/server/v3", "etcd")],
    ldflags: "-s -w",
    origin: Origin::Kept,
    minutes: 1,
};

const TRAEFIK: Module = Module {
    folder: "traefik",
    commands: &[("github.com/traefik/traefik/v3/cmd/traefik", "traefik")],
    ldflags: "-s -w -X github.com/traefik/traefik/v3/pkg/version.Version=v3.6.12",
    origin: Origin::Kept,
    minutes: 6,
};

const TALOS_CHECKERS: [(&str, Module); 4] = [
    (
        "1.10.0",
        talos_checker("talos/check-1.10", &[(".", "check-1.10")]),
    ),
    (
        "1.11.6",
        talos_checker("talos/check-1.11", &[(".", "check-1.11")]),
    ),
    (
        "1.12.0",
        talos_checker("talos/check-1.12", &[(".", "check-1.12")]),
    ),
    (
        "1.13.9",
        talos_checker("talos/check-1.13", &[(".", "check-1.13")]),
    ),
];

const fn talos_checker(
    folder: &'static str,
    commands: &'static [(&'static str, &'static str)],
) -> Module {
    Module {
        folder,
        commands,
        ldflags: "-s -w",
        origin: Origin::Kept,
        minutes: 1,
    }
}

pub(crate) fn cache_dir() -> Result<PathBuf> {
    let base = match std::env::var_os("XDG_CACHE_HOME").filter(|value| !value.is_empty()) {
        Some(dir) => PathBuf::from(dir),
        None => {
            let home = std::env::var_os("HOME")
                .context("find the cache directory: neither XDG_CACHE_HOME nor HOME is set")?;
            PathBuf::from(home).join(".cache")
        }
    };
    Ok(base.join("lanlord/tools"))
}
