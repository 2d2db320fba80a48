//! Views from YAML, for tests.

use std::{net::IpAddr, path::Path};

use crate::{Settings, View, manifests};

/// The view of a directory that holds this one file.
pub(crate) fn view(yaml: &str) -> View {
    view_for(yaml, &Settings::default())
}

pub(crate) fn view_for(yaml: &str, settings: &Settings) -> View {
    let directory = tempfile::tempdir().expect("temporary directory");
    std::fs::write(directory.path().join("objects.yaml"), yaml).expect("write objects.yaml");
    manifests::load(directory.path(), settings).expect("load manifests")
}

/// Texts of all refusals.
pub(crate) fn refused(view: &View) -> Vec<String> {
    view.snapshot
        .refused
        .iter()
        .map(ToString::to_string)
        .collect()
}

/// Texts of all problems, without the directory.
pub(crate) fn problems(view: &View) -> Vec<String> {
    let name = |path: &Path| {
        path.file_name()
            .map_or_else(String::new, |name| name.to_string_lossy().into_owned())
    };
    view.problems
        .iter()
        .map(|problem| format!("{}:{}: {}", name(&problem.file), problem.line, problem.text))
        .collect()
}

/// An address, as written.
pub(crate) fn ip(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

pub(crate) fn ips(list: &[&str]) -> Vec<IpAddr> {
    list.iter().map(|text| ip(text)).collect()
}
