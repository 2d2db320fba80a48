use std::collections::BTreeSet;

use super::*;

fn package_of_debian(name: &str) -> debian::Package {
    debian::Package::for_tests(name, "2:1.0+dfsg-1")
}

#[test]
fn every_relation_is_between_elements_that_are_there() {
    let source = Source::dated(0);
    let mut bill = Bill::of_program(&source, &[Architecture::Amd64]).unwrap();
    bill.add_template(Architecture::Amd64, &[package_of_debian("libstdc++6")]);

    let document: serde_json::Value = serde_json::from_str(&bill.print(&source).unwrap()).unwrap();

    let ids: BTreeSet<&str> = document["packages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|package| package["SPDXID"].as_str().unwrap())
        .chain(["SPDXRef-DOCUMENT"])
        .collect();
    let relationships = document["relationships"].as_array().unwrap();
    assert!(relationships.len() > 100, "{}", relationships.len());
    for relationship in relationships {
        for end in ["spdxElementId", "relatedSpdxElement"] {
            let id = relationship[end].as_str().unwrap();
            assert!(ids.contains(id), "{id} is nowhere");
        }
    }
    for id in ids {
        let rest = id.strip_prefix("SPDXRef-").unwrap();
        let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '-';
        assert!(rest.chars().all(is_plain), "{id}");
    }
    for name in ["tokio", "rustls", "kube-client", "glibc", "libstdc++6"] {
        let is_there = document["packages"]
            .as_array()
            .unwrap()
            .iter()
            .any(|package| package["name"] == name);
        assert!(is_there, "{name} is missing");
    }
}

#[test]
fn what_only_tests_or_builds_use_is_not_in_the_bill() {
    let source = Source::dated(0);

    let bill = Bill::of_program(&source, &[Architecture::Amd64]).unwrap();

    for package in bill.packages.values() {
        let name = package.name.as_str();
        assert!(
            !["proptest", "serde_derive", "cc", "images", "vm-tests"].contains(&name),
            "{name} is not in the program"
        );
    }
}
