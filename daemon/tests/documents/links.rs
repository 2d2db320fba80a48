//! Links from one document to another file of the repository.

use crate::document::Document;

#[test]
fn every_link_to_a_file_leads_to_one() {
    let mut wrong = Vec::new();

    for document in Document::all() {
        for (line, text) in document.prose() {
            for target in targets(text) {
                let file = target.split('#').next().unwrap_or_default();
                if file.is_empty() || file.contains("://") {
                    continue;
                }
                if !document.path.with_file_name(file).exists() {
                    wrong.push(format!("{}: {target}", document.place(line)));
                }
            }
        }
    }

    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What stands between `](` and `)`.
fn targets(line: &str) -> impl Iterator<Item = &str> {
    line.split("](")
        .skip(1)
        .filter_map(|rest| rest.split_once(')'))
        .map(|(target, _)| target)
}
