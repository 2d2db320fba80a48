use std::fs;

use tar::{Builder, EntryType, Header};
use tempfile::TempDir;

use super::*;
use crate::{
    architecture::Architecture,
    compress::Effort,
    oci::{self, About, Image, Start},
    source::Source,
};

/// A layout around a tree, on disk.
fn layout_of(tree: &Tree) -> TempDir {
    let image = Image {
        architecture: Architecture::Amd64,
        tree,
        start: Start::default(),
    };
    let about = About {
        title: "t",
        description: "d",
    };
    let layout = oci::layout(&Source::dated(1), &[image], about, Effort::Fast).unwrap();
    let folder = tempfile::tempdir().unwrap();
    layout.tree.unpack(folder.path()).unwrap();
    folder
}

fn small_tree() -> Tree {
    let mut tree = Tree::new();
    tree.program("usr/bin/x", "octets");
    tree.give("usr/bin/x", 7);
    tree.permit("usr/bin/x", vec![1, 2]);
    tree.link("x", "usr/bin/x");
    tree
}

#[test]
fn reads_what_was_written() {
    let layout = layout_of(&small_tree());

    let found = read(layout.path()).unwrap();

    assert_eq!(found.len(), 1);
    assert_eq!(found[0].architecture, "amd64");
    assert_eq!(found[0].tree, small_tree());
}

/// Changes a layout on disk.
type Spoil<'a> = &'a dyn Fn(&Path);

#[test]
fn a_layout_that_somebody_changed_is_refused() {
    let edit = |name: &'static str, from: &'static str, to: &'static str| {
        move |layout: &Path| {
            let file = layout.join(name);
            let text = fs::read_to_string(&file).unwrap();
            assert!(text.contains(from), "{name} has no {from}");
            fs::write(file, text.replacen(from, to, 1)).unwrap();
        }
    };
    let spoil_a_blob = |layout: &Path| {
        let blobs = fs::read_dir(layout.join("blobs/sha256")).unwrap();
        let largest = blobs
            .map(|entry| entry.unwrap().path())
            .max_by_key(|path| path.metadata().unwrap().len())
            .unwrap();
        let mut octets = fs::read(&largest).unwrap();
        octets[0] ^= 1;
        fs::write(largest, octets).unwrap();
    };
    let add_a_blob = |layout: &Path| fs::write(layout.join("blobs/sha256/0"), "").unwrap();
    let cases: [(Spoil<'_>, &str); 6] = [
        (
            &edit("index.json", "\"platform\"", "\"was\""),
            "no platform",
        ),
        (&edit("index.json", "\"linux\"", "\"plan9\""), "for plan9"),
        (
            &edit("index.json", "manifest.v1", "manifest.v2"),
            "instead of",
        ),
        (&edit("oci-layout", "1.0.0", "2.0.0"), "no version"),
        (&spoil_a_blob, "another digest"),
        (&add_a_blob, "no image has the blob"),
    ];
    for (spoil, complaint) in cases {
        let layout = layout_of(&small_tree());
        spoil(layout.path());

        let error = read(layout.path()).unwrap_err();

        let text = format!("{error:#}");
        assert!(text.contains(complaint), "`{text}` lacks `{complaint}`");
    }
}

/// A member of a layer: name, kind, mode and time.
type Raw = (&'static str, EntryType, u32, u64);

#[test]
fn a_layer_that_a_reader_could_stumble_over_is_refused() {
    let folder = ("a/", EntryType::Directory, 0o755, 1);
    let cases: [(&[Raw], &str); 6] = [
        (
            &[("a/b", EntryType::Regular, 0o644, 1)],
            "before its folder",
        ),
        (
            &[folder, ("a/b", EntryType::Link, 0o644, 1)],
            "neither folder nor",
        ),
        (
            &[folder, ("a/b", EntryType::Fifo, 0o644, 1)],
            "neither folder nor",
        ),
        (&[folder, folder], "is there twice"),
        (&[folder, ("a/b", EntryType::Regular, 0o4755, 1)], "set-id"),
        (
            &[folder, ("a/b", EntryType::Regular, 0o644, 2)],
            "different times",
        ),
    ];
    for (members, complaint) in cases {
        let mut builder = Builder::new(Vec::new());
        for (name, kind, mode, mtime) in members {
            let mut header = Header::new_ustar();
            header.set_path(name).unwrap();
            header.set_entry_type(*kind);
            header.set_mode(*mode);
            header.set_mtime(*mtime);
            header.set_uid(0);
            header.set_gid(0);
            header.set_size(0);
            header.set_cksum();
            builder.append(&header, std::io::empty()).unwrap();
        }
        let archive = builder.into_inner().unwrap();

        let error = unpack(&archive).unwrap_err();

        let text = format!("{error:#}");
        assert!(text.contains(complaint), "`{text}` lacks `{complaint}`");
    }
}
