use super::Manifests;

#[test]
fn a_failed_node_takes_its_endpoints_along_and_a_healed_one_brings_them_back() {
    let folder = tempfile::tempdir().unwrap();
    let manifests = Manifests::copy(folder.path()).unwrap();
    let before = manifests.ready_endpoints().unwrap();

    manifests.mark_ready("talos-2", false).unwrap();
    let without = manifests.ready_endpoints().unwrap();
    manifests.mark_ready("talos-2", true).unwrap();

    assert_eq!(before.len(), 2);
    assert_eq!(
        without,
        ["192.168.1.203".parse::<std::net::Ipv4Addr>().unwrap()]
    );
    assert_eq!(manifests.ready_endpoints().unwrap(), before);
}

#[test]
fn a_mark_that_is_set_already_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let manifests = Manifests::copy(folder.path()).unwrap();
    let before = manifests.read("node-talos-3.yaml").unwrap();

    manifests.mark_ready("talos-3", true).unwrap();

    assert_eq!(manifests.read("node-talos-3.yaml").unwrap(), before);
}
