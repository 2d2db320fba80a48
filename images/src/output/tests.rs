use super::*;

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_build_that_fails_leaves_what_was_there_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("lanlord-1"), "old").unwrap();

    let mut output = Output::begin(folder.path()).unwrap();
    output.file("lanlord-1", b"new").unwrap();
    drop(output);

    assert_eq!(names(folder.path()), ["lanlord-1"]);
    assert_eq!(
        fs::read_to_string(folder.path().join("lanlord-1")).unwrap(),
        "old"
    );
}

#[test]
fn a_build_replaces_files_and_folders_and_lists_the_digests_of_all() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("lanlord.oci")).unwrap();
    fs::write(folder.path().join("lanlord.oci/stale"), "").unwrap();
    fs::write(folder.path().join("lanlord-other"), "kept").unwrap();
    let mut tree = Tree::new();
    tree.file("index.json", "{}");

    let mut output = Output::begin(folder.path()).unwrap();
    output.folder("lanlord.oci", &tree).unwrap();
    output.file("lanlord-1", b"new").unwrap();
    let sums = output.publish().unwrap();

    assert_eq!(
        names(folder.path()),
        ["SHA256SUMS", "lanlord-1", "lanlord-other", "lanlord.oci"]
    );
    assert_eq!(names(&folder.path().join("lanlord.oci")), ["index.json"]);
    let text = fs::read_to_string(sums).unwrap();
    let listed: Vec<&str> = text
        .lines()
        .filter_map(|line| line.split("  ").nth(1))
        .collect();
    assert_eq!(listed, ["lanlord-1", "lanlord-other"]);
    assert!(text.starts_with(&digest::sha256(b"new")));
}
