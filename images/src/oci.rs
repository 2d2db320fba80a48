//! An OCI image layout with one single-layer image per architecture.
//!
//! The platform stands in the top-level `index.json`: Talos follows no nested index. The layer is gzip with OCI's media
//! type, because umoci refuses zstd and Talos hangs on a type that it does not know.

use anyhow::{Context, Result};
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::{
    architecture::Architecture,
    archive::{self, Style},
    compress::{self, Effort},
    digest,
    source::{Source, VERSION},
    tree::Tree,
};

const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";

/// How a container is started from the image; empty for an image that no runtime starts.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Start {
    /// `uid:gid`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Program and its first arguments.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub entrypoint: Vec<String>,
    /// Further arguments, which the user may replace.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cmd: Vec<String>,
    /// Signal that asks it to stop.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stop_signal: Option<String>,
    /// Working directory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub working_dir: Option<String>,
}

/// One image of a layout.
#[derive(Debug)]
pub(crate) struct Image<'a> {
    /// Its processor.
    pub architecture: Architecture,
    /// Its files.
    pub tree: &'a Tree,
    /// How it is started.
    pub start: Start,
}

/// What people read about an image: annotations.
#[derive(Clone, Copy, Debug)]
pub(crate) struct About {
    /// A name.
    pub(crate) title: &'static str,
    /// A sentence.
    pub(crate) description: &'static str,
}

/// A layout, and what its layers weigh.
#[derive(Debug)]
pub(crate) struct Layout {
    /// `oci-layout`, `index.json` and `blobs`.
    pub tree: Tree,
    /// Octets of the largest compressed layer.
    pub(crate) layer: usize,
}

/// Builds the layout.
pub(crate) fn layout(
    source: &Source,
    images: &[Image<'_>],
    about: About,
    effort: Effort,
) -> Result<Layout> {
    let mut tree = Tree::new();
    let mut largest = 0;
    let mut manifests = Vec::new();
    let annotations = annotations(source, about);
    for image in images {
        let (descriptor, layer) = add(&mut tree, source, image, &annotations, effort)?;
        largest = largest.max(layer);
        manifests.push(with_name(descriptor, images.len(), image.architecture));
    }
    tree.file(
        "oci-layout",
        serde_json::to_vec(&json!({ "imageLayoutVersion": "1.0.0" }))
            .context("write oci-layout")?,
    );
    let index = json!({
        "schemaVersion": 2,
        "mediaType": INDEX,
        "manifests": manifests,
        "annotations": annotations,
    });
    tree.file(
        "index.json",
        serde_json::to_vec_pretty(&index).context("write index.json")?,
    );
    Ok(Layout {
        tree,
        layer: largest,
    })
}

/// Adds the blobs of one image; its descriptor and the octets of its layer.
fn add(
    tree: &mut Tree,
    source: &Source,
    image: &Image<'_>,
    annotations: &Map<String, Value>,
    effort: Effort,
) -> Result<(Map<String, Value>, usize)> {
    let style = Style {
        prefix: "",
        mtime: source.mtime(),
        first: None,
    };
    let archive = archive::pack(image.tree, style)?;
    let packed = compress::gzip(&archive, effort)?;
    let layer_size = packed.len();
    let layer = blob(tree, LAYER, packed);
    let created = created(source.mtime());
    let config = json!({
        "created": created,
        "architecture": image.architecture.name(),
        "os": "linux",
        "config": serde_json::to_value(&image.start).context("write the configuration")?,
        "rootfs": { "type": "layers", "diff_ids": [digest::oci(&archive)] },
        "history": [{ "created": created, "created_by": "cargo images" }],
    });
    let config = serde_json::to_vec(&config).context("write the configuration")?;
    let config = blob(tree, CONFIG, config);
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": config,
        "layers": [layer],
        "annotations": annotations,
    });
    let manifest = serde_json::to_vec(&manifest).context("write the manifest")?;
    let mut descriptor = blob(tree, MANIFEST, manifest);
    descriptor.insert(
        "platform".to_owned(),
        json!({ "architecture": image.architecture.name(), "os": "linux" }),
    );
    Ok((descriptor, layer_size))
}

/// Adds a blob; its descriptor.
fn blob(tree: &mut Tree, media_type: &str, octets: Vec<u8>) -> Map<String, Value> {
    let digest = digest::sha256(&octets);
    let mut descriptor = Map::new();
    descriptor.insert("mediaType".to_owned(), media_type.into());
    descriptor.insert("digest".to_owned(), format!("sha256:{digest}").into());
    descriptor.insert("size".to_owned(), octets.len().into());
    tree.file(&format!("blobs/sha256/{digest}"), octets);
    descriptor
}

/// The name by which tools choose the image: the version, and the architecture where there are several.
fn with_name(
    mut descriptor: Map<String, Value>,
    images: usize,
    architecture: Architecture,
) -> Map<String, Value> {
    let name = if images == 1 {
        VERSION.to_owned()
    } else {
        format!("{VERSION}-{architecture}")
    };
    descriptor.insert(
        "annotations".to_owned(),
        json!({ "org.opencontainers.image.ref.name": name }),
    );
    descriptor
}

fn annotations(source: &Source, about: About) -> Map<String, Value> {
    let own = [
        ("title", about.title),
        ("description", about.description),
        ("version", VERSION),
        ("licenses", env!("CARGO_PKG_LICENSE")),
        ("vendor", "The lanlord authors"),
    ];
    let mut map: Map<String, Value> = own
        .into_iter()
        .map(|(key, value)| (format!("org.opencontainers.image.{key}"), value.into()))
        .collect();
    map.insert(
        "org.opencontainers.image.created".to_owned(),
        created(source.mtime()).into(),
    );
    map
}

/// RFC 3339 in UTC.
pub(crate) fn created(seconds: u64) -> String {
    let (day, rest) = (seconds / 86_400, seconds % 86_400);
    let (year, month, day) = civil(day);
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z",
        rest / 3600,
        rest / 60 % 60,
        rest % 60
    )
}

/// Year, month and day of a number of days since 1970 (Howard Hinnant's `civil_from_days`).
fn civil(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests;
