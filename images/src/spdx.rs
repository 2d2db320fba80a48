//! The bill of materials, SPDX 2.3 in JSON: what is linked into the program, and what lies beside it in the template.

use std::{collections::BTreeMap, process::Command};

use anyhow::{Context, Result};
use serde::Serialize;

use crate::{
    architecture::Architecture,
    crates::{self, Crate},
    debian, digest, oci,
    source::{Source, VERSION},
};

const UNKNOWN: &str = "NOASSERTION";
const PROGRAM: &str = "SPDXRef-lanlord";

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    spdx_version: &'static str,
    data_license: &'static str,
    #[serde(rename = "SPDXID")]
    id: &'static str,
    name: String,
    document_namespace: String,
    creation_info: CreationInfo,
    packages: Vec<Package>,
    relationships: Vec<Relationship>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct CreationInfo {
    created: String,
    creators: Vec<String>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Package {
    #[serde(rename = "SPDXID")]
    id: String,
    name: String,
    version_info: String,
    download_location: String,
    files_analyzed: bool,
    license_concluded: &'static str,
    license_declared: String,
    copyright_text: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    checksums: Vec<Checksum>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    external_refs: Vec<ExternalReference>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Checksum {
    algorithm: &'static str,
    checksum_value: String,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ExternalReference {
    reference_category: &'static str,
    reference_type: &'static str,
    reference_locator: String,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
struct Relationship {
    spdx_element_id: String,
    relationship_type: &'static str,
    related_spdx_element: String,
}

/// What a bill tells.
#[derive(Debug, Default)]
pub(crate) struct Bill {
    packages: BTreeMap<String, Package>,
    relationships: Vec<Relationship>,
}

impl Bill {
    /// The program for these processors, and the crates and libraries in it.
    pub(crate) fn of_program(source: &Source, architectures: &[Architecture]) -> Result<Self> {
        let mut bill = Self::default();
        bill.relate("SPDXRef-DOCUMENT", "DESCRIBES", PROGRAM);
        for architecture in architectures {
            let graph = crates::linked(source, *architecture)?;
            for linked in &graph.crates {
                bill.add(of_crate(linked));
            }
            for [from, to] in &graph.edges {
                bill.relate(
                    &crate_id(&from.0, &from.1),
                    "DEPENDS_ON",
                    &crate_id(&to.0, &to.1),
                );
            }
        }
        for runtime in runtimes() {
            bill.relate(PROGRAM, "STATIC_LINK", &runtime.id);
            bill.add(runtime);
        }
        Ok(bill)
    }

    /// Adds a template and the Debian packages that gave something to it.
    pub(crate) fn add_template(
        &mut self,
        architecture: Architecture,
        packages: &[debian::Package],
    ) {
        let id = format!("SPDXRef-router-template-{architecture}");
        self.add(Package {
            license_declared: UNKNOWN.to_owned(),
            ..package(id.clone(), "lanlord-router", VERSION)
        });
        self.relate("SPDXRef-DOCUMENT", "DESCRIBES", &id);
        self.relate(&id, "CONTAINS", PROGRAM);
        for of_debian in packages {
            let package = of_debian_package(of_debian, architecture);
            self.relate(&id, "CONTAINS", &package.id);
            self.add(package);
        }
    }

    /// The document. Its address is made from its content, as it has to be unique.
    pub(crate) fn print(&self, source: &Source) -> Result<String> {
        let mut relationships = self.relationships.clone();
        relationships.sort();
        relationships.dedup();
        let mut document = Document {
            spdx_version: "SPDX-2.3",
            data_license: "CC0-1.0",
            id: "SPDXRef-DOCUMENT",
            name: format!("lanlord-{VERSION}"),
            document_namespace: String::new(),
            creation_info: CreationInfo {
                created: oci::created(source.mtime()),
                creators: vec![format!("Tool: cargo-images-{VERSION}")],
            },
            packages: self.packages.values().cloned().collect(),
            relationships,
        };
        let content = serde_json::to_vec(&document).context("write the bill of materials")?;
        document.document_namespace = format!(
            "https://spdx.org/spdxdocs/lanlord-{VERSION}-{}",
            digest::sha256(&content)
        );
        serde_json::to_string_pretty(&document).context("write the bill of materials")
    }

    fn add(&mut self, package: Package) {
        self.packages.insert(package.id.clone(), package);
    }

    fn relate(&mut self, element: &str, how: &'static str, other: &str) {
        self.relationships.push(Relationship {
            spdx_element_id: element.to_owned(),
            relationship_type: how,
            related_spdx_element: other.to_owned(),
        });
    }
}

fn package(id: String, name: &str, version: &str) -> Package {
    Package {
        id,
        name: name.to_owned(),
        version_info: version.to_owned(),
        download_location: UNKNOWN.to_owned(),
        files_analyzed: false,
        license_concluded: UNKNOWN,
        license_declared: env!("CARGO_PKG_LICENSE").to_owned(),
        copyright_text: UNKNOWN,
        checksums: Vec::new(),
        external_refs: Vec::new(),
    }
}

fn of_crate(linked: &Crate) -> Package {
    let id = crate_id(&linked.name, &linked.version);
    let mut package = package(id, &linked.name, &linked.version);
    package.license_declared.clone_from(&linked.license);
    if let Some(checksum) = &linked.checksum {
        package.checksums.push(sha256(checksum));
    }
    if !linked.is_ours {
        if !linked.repository.is_empty() {
            package.download_location.clone_from(&linked.repository);
        }
        let address = format!("pkg:cargo/{}@{}", linked.name, linked.version);
        package.external_refs.push(purl(address));
    }
    package
}

fn of_debian_package(debian: &debian::Package, architecture: Architecture) -> Package {
    let id = format!("SPDXRef-debian-{}-{architecture}", plain(&debian.name));
    let mut package = package(id, &debian.name, &debian.version);
    // The copyright file of each is in the template; none of them says it in SPDX's terms.
    package.license_declared = UNKNOWN.to_owned();
    package.checksums.push(sha256(&debian.sha256));
    let version = debian.version.replace('+', "%2B").replace(':', "%3A");
    package.external_refs.push(purl(format!(
        "pkg:deb/debian/{}@{version}?arch={architecture}",
        debian.name.replace('+', "%2B")
    )));
    package
}

/// What the toolchain links into every program.
fn runtimes() -> Vec<Package> {
    let said = |program: &str, arguments: &[&str]| -> Option<String> {
        let output = Command::new(program).args(arguments).output().ok()?;
        let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        (output.status.success() && !text.is_empty()).then_some(text)
    };
    let mut packages = Vec::new();
    if let Some(rustc) = said("rustc", &["--version"]) {
        let version = rustc.split_whitespace().nth(1).unwrap_or(UNKNOWN);
        let mut std = package("SPDXRef-rust-std".to_owned(), "rust-std", version);
        std.license_declared = "MIT OR Apache-2.0".to_owned();
        packages.push(std);
    }
    if let Some(version) = said(
        "dpkg-query",
        &["--show", "--showformat=${Version}", "libc6-dev"],
    ) {
        let mut libc = package("SPDXRef-glibc".to_owned(), "glibc", &version);
        libc.license_declared = "LGPL-2.1-or-later".to_owned();
        packages.push(libc);
    }
    packages
}

fn crate_id(name: &str, version: &str) -> String {
    if name == "lanlord" {
        return PROGRAM.to_owned();
    }
    format!("SPDXRef-crate-{}-{}", plain(name), plain(version))
}

/// Identifiers have letters, digits, dots and hyphens only.
fn plain(text: &str) -> String {
    text.chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || c == '.' {
                c
            } else {
                '-'
            }
        })
        .collect()
}

fn sha256(value: &str) -> Checksum {
    Checksum {
        algorithm: "SHA256",
        checksum_value: value.to_owned(),
    }
}

fn purl(address: String) -> ExternalReference {
    ExternalReference {
        reference_category: "PACKAGE-MANAGER",
        reference_type: "purl",
        reference_locator: address,
    }
}

#[cfg(test)]
mod tests;
