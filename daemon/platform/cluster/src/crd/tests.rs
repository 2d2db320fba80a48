use serde_json::{Value, json};

use super::*;

fn crd(kind: &str) -> Value {
    let crd = crds()
        .into_iter()
        .find(|crd| crd.spec.names.kind == kind)
        .expect("a definition of that kind");
    serde_json::to_value(crd).unwrap()
}

fn columns(kind: &str) -> Vec<(String, String)> {
    let crd = crd(kind);
    let columns = crd.pointer("/spec/versions/0/additionalPrinterColumns");
    columns
        .and_then(Value::as_array)
        .expect("columns")
        .iter()
        .map(|column| {
            let text = |key: &str| column[key].as_str().unwrap().to_string();
            (text("name"), text("jsonPath"))
        })
        .collect()
}

fn pair(name: &str, path: &str) -> (String, String) {
    (name.to_string(), path.to_string())
}

#[test]
fn definitions_carry_the_names_that_metallb_uses() {
    let names: Vec<String> = crds()
        .into_iter()
        .map(|crd| crd.metadata.name.unwrap())
        .collect();

    assert_eq!(
        names,
        ["ipaddresspools.metallb.io", "l2advertisements.metallb.io"]
    );
    for kind in ["IPAddressPool", "L2Advertisement"] {
        let crd = crd(kind);
        assert_eq!(crd.pointer("/spec/scope"), Some(&json!("Namespaced")));
        assert_eq!(
            crd.pointer("/spec/versions/0/name"),
            Some(&json!("v1beta1"))
        );
        assert_eq!(
            crd.pointer("/spec/versions/0/subresources/status"),
            Some(&json!({}))
        );
    }
}

#[test]
fn kubectl_prints_the_columns_that_metallb_prints() {
    assert_eq!(
        columns("IPAddressPool"),
        [
            pair("Auto Assign", ".spec.autoAssign"),
            pair("Avoid Buggy IPs", ".spec.avoidBuggyIPs"),
            pair("Addresses", ".spec.addresses"),
        ]
    );
    assert_eq!(
        columns("L2Advertisement"),
        [
            pair("IPAddressPools", ".spec.ipAddressPools"),
            pair("IPAddressPool Selectors", ".spec.ipAddressPoolSelectors"),
            pair("Interfaces", ".spec.interfaces"),
            pair("Node Selectors", ".spec.nodeSelectors"),
        ]
    );
}

#[test]
fn the_schema_has_metallbs_fields_and_bounds_what_its_rules_walk_over() {
    let crd = crd("IPAddressPool");
    let spec = crd
        .pointer("/spec/versions/0/schema/openAPIV3Schema/properties/spec")
        .unwrap();

    let fields: Vec<&String> = spec["properties"].as_object().unwrap().keys().collect();
    assert_eq!(
        fields,
        [
            "addresses",
            "autoAssign",
            "avoidBuggyIPs",
            "serviceAllocation"
        ]
    );
    assert_eq!(spec["required"], json!(["addresses"]));
    let addresses = &spec["properties"]["addresses"];
    assert_eq!(addresses["maxItems"], 1024);
    assert_eq!(addresses["minItems"], 1);
    assert_eq!(addresses["items"]["maxLength"], 96);
    let rule = addresses["x-kubernetes-validations"][0]["rule"]
        .as_str()
        .unwrap();
    assert!(
        rule.starts_with("self.all(entry, isCIDR(entry) || "),
        "{rule}"
    );
    assert!(!rule.contains("  "), "{rule}");
}

#[test]
fn a_preference_weighs_1_to_100() {
    let crd = crd("L2Advertisement");
    let weight = crd
        .pointer("/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/preferredNodeSelectors/items/properties/weight")
        .unwrap();

    assert_eq!(weight["minimum"].as_f64(), Some(1.0));
    assert_eq!(weight["maximum"].as_f64(), Some(100.0));
}

#[test]
fn an_advertisement_needs_no_spec_and_a_pool_does() {
    let required = |kind: &str| {
        let crd = crd(kind);
        crd.pointer("/spec/versions/0/schema/openAPIV3Schema/required")
            .cloned()
            .unwrap_or(json!([]))
    };

    assert_eq!(required("L2Advertisement"), json!([]));
    assert_eq!(required("IPAddressPool"), json!(["spec"]));
}
