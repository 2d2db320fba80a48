use std::{io::Write, process::Stdio};

use super::*;

#[test]
fn the_same_entries_give_the_same_octets() {
    assert_eq!(example().finish(), example().finish());
}

#[test]
fn another_program_lists_what_was_put_in() {
    let busybox = crate::packages::find("busybox").expect("the package busybox is installed");
    let mut child = std::process::Command::new(busybox)
        .args(["cpio", "-tv"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();

    child
        .stdin
        .take()
        .unwrap()
        .write_all(&example().finish())
        .unwrap();
    let output = child.wait_with_output().unwrap();

    let text = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 3, "{text}");
    assert!(lines[0].starts_with("drwxr-xr-x") && lines[0].ends_with("dev"));
    assert!(lines[1].starts_with("crw-------") && lines[1].ends_with("dev/console"));
    assert!(lines[2].contains("5 ") && lines[2].ends_with("note"));
}

fn example() -> Archive {
    let mut archive = Archive::default();
    archive.directory("dev");
    archive.character_device("dev/console", 5, 1);
    archive.file("note", b"hello");
    archive
}
