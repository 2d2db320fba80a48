use std::os::unix::fs::PermissionsExt;

use super::*;
use crate::machine::Site;

#[test]
fn a_node_has_a_kubeconfig_that_only_its_owner_may_read() {
    let folder = tempfile::tempdir().expect("temporary directory");
    let files = Files::of(&Site {
        directory: folder.path().to_owned(),
        lab_binary: PathBuf::new(),
        programs: None,
    });
    std::fs::create_dir(folder.path().join("kubernetes")).expect("make the folder");
    let authority = Authority::create(&files).expect("make the authority");

    authority
        .kubeconfig(
            &files,
            "https://192.0.2.1:6443",
            "system:node:talos-2",
            Some("system:nodes"),
        )
        .expect("write the kubeconfig");

    let path = files.file("talos-2.kubeconfig");
    let mode = std::fs::metadata(&path)
        .expect("it is there")
        .permissions()
        .mode();
    let text = std::fs::read_to_string(&path).expect("read it");
    let config: serde_json::Value = serde_json::from_str(&text).expect("it is JSON");
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(
        config["clusters"][0]["cluster"]["server"],
        "https://192.0.2.1:6443"
    );
    assert!(config["users"][0]["user"]["client-key-data"].is_string());
}
