use crate::testing::{problems, refused, view};

#[test]
fn lists_are_taken_apart_and_each_item_has_its_line() {
    let view = view(
        "apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: Namespace
  metadata: {name: a}
- apiVersion: metallb.io/v1beta1
  kind: IPAddressPool
  metadata: {name: first, namespace: metallb-system}
  spec:
    addresses: [nonsense]
---
apiVersion: v1
kind: NamespaceList
items:
- metadata: {name: b}
",
    );

    assert_eq!(
        view.snapshot.namespaces.keys().collect::<Vec<_>>(),
        ["a", "b"]
    );
    assert_eq!(problems(&view), [""; 0]);
    assert!(
        refused(&view)[0].contains("objects.yaml:11: spec.addresses[0]: "),
        "{:?}",
        refused(&view)
    );
}

#[test]
fn what_is_no_object_is_told_and_the_rest_goes_on() {
    let view = view(
        "just text
---
kind: Namespace
---
apiVersion: v1
kind: Namespace
metadata: {}
---
apiVersion: networking.k8s.io/v1beta1
kind: Ingress
metadata: {name: old}
---
apiVersion: v1
kind: Namespace
metadata: {name: a}
",
    );

    assert_eq!(view.snapshot.namespaces.len(), 1);
    assert_eq!(
        problems(&view),
        [
            "objects.yaml:1: is no Kubernetes object: it lacks `kind` or `apiVersion`",
            "objects.yaml:3: is no Kubernetes object: it lacks `kind` or `apiVersion`",
            "objects.yaml:5: Namespace has no `metadata.name`",
            "objects.yaml:9: Ingress of `networking.k8s.io/v1beta1` is not read; write `networking.k8s.io/v1`",
        ]
    );
}

#[test]
fn an_object_that_is_defined_twice_counts_the_first_time() {
    let object = |label: &str| {
        format!("apiVersion: v1\nkind: Namespace\nmetadata: {{name: a, labels: {{is: {label}}}}}\n")
    };

    let view = view(&format!("{}---\n{}", object("first"), object("second")));

    assert_eq!(view.snapshot.namespaces["a"]["is"], "first");
    assert_eq!(
        problems(&view),
        ["objects.yaml:5: Namespace a is already defined at objects.yaml:1; this one is ignored"]
    );
}

#[test]
fn a_syntax_error_at_the_start_costs_its_document_only() {
    let view = view("apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n---\nkind: [\n");

    assert_eq!(view.snapshot.namespaces.len(), 1);
    assert!(
        problems(&view)[0].starts_with("objects.yaml:"),
        "{:?}",
        problems(&view)
    );
}

#[test]
fn a_single_file_can_be_checked_and_an_empty_directory_is_told() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("pool.yaml.new");

    let empty = super::load(directory.path(), &crate::Settings::default()).unwrap_err();
    std::fs::write(
        &file,
        "apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n",
    )
    .unwrap();
    let view = super::load(&file, &crate::Settings::default()).unwrap();

    assert!(empty.to_string().contains("read manifests"), "{empty}");
    assert_eq!(view.snapshot.namespaces.keys().collect::<Vec<_>>(), ["a"]);
}
