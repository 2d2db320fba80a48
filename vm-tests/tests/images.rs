//! What is in the images that tests start from.

use std::{os::unix::fs::PermissionsExt, path::PathBuf};

use vm_tests::{images, lab::build};

fn lanlord() -> PathBuf {
    match std::env::var_os("LANLORD_BINARY") {
        Some(path) => path.into(),
        None => build::release_binary().expect("lanlord builds"),
    }
}

#[test]
fn images_are_built_once_for_a_program_and_hold_it() {
    let images = images::ensure(&lanlord()).unwrap();
    let again = images::ensure(&lanlord()).unwrap();

    assert_eq!(images.extension_tree, again.extension_tree);
    let program = images
        .extension_tree
        .join("rootfs/usr/local/lib/containers/lanlord/usr/local/bin/lanlord");
    let mode = program.metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o7777, 0o755);
    assert_eq!(
        std::fs::read(program).unwrap(),
        std::fs::read(images.binary).unwrap()
    );
    assert!(images.extension.join("index.json").is_file());
    assert!(images.oci.join("index.json").is_file());
    assert!(images.template.is_file());
}
