use std::io::Read as _;

use super::*;

const PLAIN: Style<'_> = Style {
    prefix: "",
    mtime: 1_700_000_000,
    first: None,
};

fn names(archive: &[u8]) -> Vec<String> {
    tar::Archive::new(archive)
        .entries()
        .unwrap()
        .map(|entry| String::from_utf8(entry.unwrap().path_bytes().into_owned()).unwrap())
        .collect()
}

#[test]
fn parents_come_before_their_children_whatever_the_order_of_adding() {
    let mut tree = Tree::new();
    tree.file("usr/local/bin/x", "1");
    tree.file("usr-local", "2");
    tree.folder("etc");

    let archive = pack(&tree, PLAIN).unwrap();

    assert_eq!(
        names(&archive),
        [
            "etc/",
            "usr/",
            "usr-local",
            "usr/local/",
            "usr/local/bin/",
            "usr/local/bin/x"
        ]
    );
}

#[test]
fn members_of_a_template_begin_with_a_dot_and_one_of_them_is_first() {
    let mut tree = Tree::new();
    tree.file("etc/appliance.info", "Name: x\n");
    tree.file("etc/a", "");
    let style = Style {
        prefix: "./",
        first: Some("etc/appliance.info"),
        ..PLAIN
    };

    let archive = pack(&tree, style).unwrap();

    assert_eq!(
        names(&archive),
        ["./etc/appliance.info", "./", "./etc/", "./etc/a"]
    );
}

#[test]
fn a_first_member_that_is_not_there_is_an_error() {
    let style = Style {
        first: Some("etc/appliance.info"),
        ..PLAIN
    };

    let error = pack(&Tree::new(), style).unwrap_err();

    assert_eq!(
        error.to_string(),
        "etc/appliance.info is to come first, and is not there"
    );
}

#[test]
fn a_member_bears_mode_owner_time_and_capabilities_as_given() {
    let mut tree = Tree::new();
    tree.program("x", "octets");
    tree.give("x", 65_532);
    tree.permit("x", b"\x01\0=".to_vec());

    let archive = pack(&tree, PLAIN).unwrap();

    let mut archive = tar::Archive::new(archive.as_slice());
    let mut entry = archive.entries().unwrap().next().unwrap().unwrap();
    let header = entry.header().clone();
    assert_eq!(header.mode().unwrap(), 0o755);
    assert_eq!(
        (header.uid().unwrap(), header.gid().unwrap()),
        (65_532, 65_532)
    );
    assert_eq!(header.mtime().unwrap(), PLAIN.mtime);
    let extensions: Vec<(String, Vec<u8>)> = entry
        .pax_extensions()
        .unwrap()
        .unwrap()
        .map(|extension| {
            let extension = extension.unwrap();
            (
                extension.key().unwrap().to_owned(),
                extension.value_bytes().to_vec(),
            )
        })
        .collect();
    assert_eq!(
        extensions,
        [(
            "SCHILY.xattr.security.capability".to_owned(),
            b"\x01\0=".to_vec()
        )]
    );
    let mut content = String::new();
    entry.read_to_string(&mut content).unwrap();
    assert_eq!(content, "octets");
}

#[test]
fn a_long_name_is_split_at_a_slash_and_read_back_whole() {
    let folder = "a".repeat(90);
    let path = format!("{folder}/{}", "b".repeat(80));
    let mut tree = Tree::new();
    tree.file(&path, "");

    let archive = pack(&tree, PLAIN).unwrap();

    assert_eq!(names(&archive), [format!("{folder}/"), path]);
}

#[test]
fn a_name_that_no_header_holds_is_an_error() {
    let mut tree = Tree::new();
    tree.file(&"a".repeat(120), "");

    let error = pack(&tree, PLAIN).unwrap_err();

    assert!(
        error
            .to_string()
            .ends_with("is too long for a POSIX tar header")
    );
}
