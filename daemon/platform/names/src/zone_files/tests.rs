use std::str::FromStr;

use super::*;

#[test]
fn a_file_that_cannot_be_used_is_reported_and_the_others_still_count() {
    let directory = tempfile::tempdir().expect("directory");
    let files = ZoneFiles::new(directory.path().join("zones"));
    let zone = name("example.com.");
    files.save(&zone, &Saved::default()).expect("save");
    fs::write(directory.path().join("zones/broken.json"), "{").expect("write");

    let (saved, problems) = files.load();

    assert!(saved.is_empty());
    let [ZoneFileError::Parse { path, .. }] = problems.as_slice() else {
        panic!("expected one problem, got {problems:?}");
    };
    assert!(path.ends_with("broken.json"));
}

#[test]
fn before_the_first_write_there_is_nothing_to_read() {
    let directory = tempfile::tempdir().expect("directory");

    let (saved, problems) = ZoneFiles::new(directory.path().join("none")).load();

    assert!(saved.is_empty() && problems.is_empty());
}

#[test]
fn no_zone_name_leads_out_of_the_directory() {
    assert_eq!(file_name(&name("Example.com.")), "example.com.json");
    let odd = Name::from_labels([b"a/..".as_slice(), b"b"]).expect("name");
    assert_eq!(file_name(&odd), "a%2F%2E%2E.b.json");
}

fn name(text: &str) -> Name {
    Name::from_str(text).expect("name")
}
