use kube::core::ObjectMeta;

use super::*;

fn node(name: &str) -> Node {
    Node {
        metadata: ObjectMeta {
            name: Some(name.to_string()),
            ..ObjectMeta::default()
        },
        ..Node::default()
    }
}

fn names(index: &Index) -> Vec<String> {
    index
        .view()
        .snapshot
        .nodes
        .keys()
        .map(ToString::to_string)
        .collect()
}

fn handle(index: &mut Index, event: Event<Node>) {
    index.handle(Change::Node(event), &nowhere);
}

#[test]
fn a_list_that_is_made_again_replaces_the_old_one_only_when_it_is_complete() {
    let mut index = Index::new(Settings::default());
    handle(&mut index, Event::Init);
    handle(&mut index, Event::InitApply(node("a")));
    handle(&mut index, Event::InitApply(node("b")));
    handle(&mut index, Event::InitDone);

    handle(&mut index, Event::Init);
    handle(&mut index, Event::InitApply(node("b")));
    assert_eq!(names(&index), ["a", "b"]);

    handle(&mut index, Event::InitDone);
    assert_eq!(names(&index), ["b"]);
}

#[test]
fn an_index_is_complete_when_every_kind_was_listed() {
    let mut index = Index::new(Settings::default());
    assert_eq!(index.missing().len(), 10);
    index.restart();
    index.finish();
    assert_eq!(index.missing(), [""; 0]);

    let mut index = Index::new(Settings::default());
    handle(&mut index, Event::Init);
    handle(&mut index, Event::InitDone);
    index.absent(Kind::IpAddressPool);
    let missing = index.missing();
    assert!(!missing.contains(&"Node") && !missing.contains(&"IPAddressPool"));
    assert!(missing.contains(&"Service"));
}

#[test]
fn a_pool_that_turns_invalid_stays_in_force_as_it_was_and_says_so() {
    let pool = |addresses: serde_json::Value| -> DynamicObject {
        serde_json::from_value(serde_json::json!({
            "apiVersion": "metallb.io/v1beta1", "kind": "IPAddressPool",
            "metadata": { "name": "first", "namespace": "metallb-system" },
            "spec": { "addresses": addresses },
        }))
        .unwrap()
    };
    let mut index = Index::new(Settings::default());
    let apply = |pool| Change::IpAddressPool(Event::Apply(pool));

    index.handle(apply(pool(serde_json::json!(["192.0.2.0/24"]))), &nowhere);
    index.handle(apply(pool(serde_json::json!(["192.0.2.0/240"]))), &nowhere);

    let snapshot = index.view().snapshot;
    assert_eq!(
        snapshot.pools["first"].ranges[0].to_string(),
        "192.0.2.0/24"
    );
    assert_eq!(snapshot.refused.len(), 1);
    assert_eq!(
        snapshot.refused[0].to_string(),
        "IPAddressPool first: InvalidObject: spec.addresses[0]: `192.0.2.0/240` is neither a prefix (192.0.2.0/24) \
         nor a range (192.0.2.10-192.0.2.20); its last valid version stays in force"
    );

    index.handle(
        apply(pool(serde_json::json!(["198.51.100.0/24"]))),
        &nowhere,
    );
    assert_eq!(index.view().snapshot.refused, []);

    index.handle(
        Change::IpAddressPool(Event::Delete(pool(serde_json::json!([])))),
        &nowhere,
    );
    assert!(index.view().snapshot.pools.is_empty());
}
