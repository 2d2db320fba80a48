use serde_json::json;

use super::*;

const TWO: &str = "\
# pools
apiVersion: metallb.io/v1beta1
kind: IPAddressPool
metadata:
  name: first
  annotations:
    external-dns.kubernetes.io/ttl: \"60\"
spec:
  addresses:
  - 192.0.2.0/28
  - 192.0.2.99
---
# a comment of its own
---
kind: Namespace
metadata: {name: web}
";

fn documents(text: &str) -> Vec<Located> {
    let (documents, errors) = parse_yaml(text);
    assert_eq!(errors, []);
    documents
}

#[test]
fn lines_are_those_of_the_file_in_later_documents_too() {
    let documents = documents(TWO);

    assert_eq!(documents.len(), 2);
    assert_eq!(documents[0].line, 2);
    assert_eq!(documents[0].line_of("spec.addresses[1]"), 11);
    assert_eq!(
        documents[0].line_of("metadata.annotations.external-dns.kubernetes.io/ttl"),
        7
    );
    assert_eq!(documents[1].line, 15);
    assert_eq!(documents[1].line_of("metadata.name"), 16);
}

#[test]
fn the_line_of_a_field_that_is_missing_is_that_of_its_parent() {
    let documents = documents(TWO);

    assert_eq!(documents[0].line_of("spec.serviceAllocation.priority"), 9);
    assert_eq!(documents[0].line_of(""), 2);
}

#[test]
fn values_are_read_as_kubectl_reads_them() {
    let documents = documents("a: 1\nb: \"1\"\nc: true\nd: ~\ne: [x, 1.5]\nf: |\n  two\n  lines\n");

    assert_eq!(
        documents[0].to_json(),
        json!({"a": 1, "b": "1", "c": true, "d": null, "e": ["x", 1.5], "f": "two\nlines\n"})
    );
}

#[test]
fn an_error_names_its_line_and_the_other_documents_are_there() {
    let (documents, errors) = parse_yaml("a: 1\n---\nb: [1\n---\nc: 3\n");

    assert_eq!(documents.len(), 2);
    assert_eq!(documents[1].to_json(), json!({"c": 3}));
    assert_eq!(errors.len(), 1);
    assert!((3..=4).contains(&errors[0].line), "{errors:?}");
    assert!(!errors[0].text.contains('\n'), "{errors:?}");
}

#[test]
fn the_text_of_an_error_counts_lines_as_the_file_does() {
    let (_, errors) = parse_yaml("a: 1\n---\nb: 1\n---\nc: [\n");

    assert_eq!(errors[0].line, 5);
    assert!(errors[0].text.contains("at line 5,"), "{errors:?}");
}

#[test]
fn a_file_of_many_documents_costs_no_more_than_its_text() {
    let text = "---\na: 1\n".repeat(10_000);

    let chunks = split(&text);

    assert_eq!(chunks.len(), 10_001);
    assert_eq!(chunks[10_000].lines_before, 19_998);
    let held: usize = chunks.iter().map(|chunk| chunk.text.len()).sum();
    assert_eq!(held, text.len());
}

#[test]
fn a_key_that_is_there_twice_is_an_error() {
    let (_, errors) = parse_yaml("a: 1\nb: 2\na: 3\n");

    assert_eq!(errors.len(), 1);
    assert_eq!(errors[0].line, 3);
}

#[test]
fn dashes_within_a_block_of_text_do_not_end_the_document() {
    let documents = documents("a: |\n  ---\n  b\nc: 1\n");

    assert_eq!(documents[0].to_json(), json!({"a": "---\nb\n", "c": 1}));
}

#[test]
fn markers_directives_and_windows_line_ends_are_understood() {
    let documents = documents("%YAML 1.2\r\n--- # first\r\na: 1\r\n...\r\n---\r\nb: 2\r\n");

    assert_eq!(documents.len(), 2);
    assert_eq!(documents[0].to_json(), json!({"a": 1}));
    assert_eq!(documents[1].to_json(), json!({"b": 2}));
    assert_eq!(documents[1].line, 6);
}

#[test]
fn a_text_without_objects_is_empty() {
    for text in ["", "\n\n", "# only a comment\n", "---\n---\n", "null\n"] {
        let (documents, errors) = parse_yaml(text);
        assert!(
            documents.is_empty() && errors.is_empty(),
            "{text:?}: {documents:?} {errors:?}"
        );
    }
}

#[test]
fn json_has_lines_and_its_errors_too() {
    let (documents, errors) =
        parse_json("{\n  \"kind\": \"Node\",\n\t\"metadata\": {\n\t\t\"name\": \"a\"}}\n");
    assert_eq!(errors, []);
    assert_eq!(
        documents[0].to_json(),
        json!({"kind": "Node", "metadata": {"name": "a"}})
    );

    let (documents, errors) = parse_json("{\n  \"kind\": \"Node\"\n");
    assert_eq!(documents, []);
    assert_eq!(errors[0].line, 3);
}
