use serde_json::Value;

use super::{firewall::text as firewall_text, *};
use crate::{RouterSecret, TsigSecret};

#[test]
fn a_first_patch_carries_every_object_as_text_that_reads_back() {
    let patch = patch("1.13", Form::First);

    let documents = documents(&patch);

    assert_eq!(documents.len(), 1);
    let entries = documents[0]["cluster"]["inlineManifests"]
        .as_array()
        .unwrap();
    let names: Vec<_> = entries
        .iter()
        .map(|entry| entry["name"].as_str().unwrap())
        .collect();
    assert_eq!(
        names,
        [
            "lanlord",
            "lanlord-settings",
            "lanlord-router",
            "lanlord-pools"
        ]
    );
    let wanted = patch
        .objects
        .manifests(Some(config::node::EXAMPLE))
        .unwrap();
    for (entry, manifest) in entries.iter().zip(wanted) {
        assert_eq!(entry["contents"], manifest.yaml);
    }
}

#[test]
fn a_patch_in_the_place_of_an_earlier_one_deletes_its_entries_first() {
    let documents = documents(&patch("1.10", Form::Again));

    let entries = documents[0]["cluster"]["inlineManifests"]
        .as_array()
        .unwrap();
    let (old, new) = entries.split_at(4);
    for (old, new) in old.iter().zip(new) {
        assert_eq!(old["$patch"], "delete");
        assert_eq!(old["name"], new["name"]);
        assert!(new.get("contents").is_some());
    }
}

#[test]
fn from_talos_1_14_on_each_manifest_is_a_document() {
    let mut patch = patch("v1.14.0-rc.1", Form::First);
    patch.remove_exclude_label = true;

    let documents = documents(&patch);

    let kinds: Vec<_> = documents
        .iter()
        .map(|document| document["kind"].as_str().unwrap())
        .collect();
    assert_eq!(kinds[..4], ["KubeInlineManifestConfig"; 4]);
    assert_eq!(kinds[4..], ["KubeNodeConfig"]);
    assert_eq!(documents[4]["labels"][EXCLUDE_LABEL]["$patch"], "delete");
}

#[test]
fn the_label_is_taken_off_only_when_asked() {
    let without = patch("1.13", Form::First);
    let mut with = without.clone();
    with.remove_exclude_label = true;

    assert!(!without.text().unwrap().contains("machine:"));
    assert_eq!(
        documents(&with)[0]["machine"]["nodeLabels"][EXCLUDE_LABEL]["$patch"],
        "delete"
    );
}

#[test]
fn a_pool_is_refused_as_lanlord_check_would() {
    let mut patch = patch("1.13", Form::First);
    patch.objects.pools = vec!["10.10.10.1".to_string()];

    let error = format!("{:#}", patch.text().unwrap_err());

    assert_eq!(
        error,
        "pool: `10.10.10.1` is a bare address; for one address write 10.10.10.1/32"
    );
}

#[test]
fn releases_are_read_in_the_forms_that_people_write_and_others_are_refused() {
    for text in ["1.8", "v1.9", "1.13.9", "v1.14.0-rc.1"] {
        assert!(text.parse::<TalosVersion>().is_ok(), "{text}");
    }
    for (text, why) in [
        ("1.7", "no patch is known for Talos 1.7"),
        ("1.15.0", "no patch is known for Talos 1.15.0"),
        ("2.13", "no patch is known for Talos 2.13"),
        ("1", "`1` is no release of Talos"),
        ("1.13.9.1", "is no release of Talos"),
        ("latest", "`latest` is no release of Talos"),
    ] {
        let error = text.parse::<TalosVersion>().unwrap_err();
        assert!(error.contains(why), "{text}: {error}");
    }
}

#[test]
fn the_firewall_lets_the_subnets_in_to_metrics_and_nothing_else() {
    let subnets: Vec<Subnet> = ["192.168.1.0/24", "2001:db8::/64"]
        .map(|text| text.parse().unwrap())
        .into();

    let documents: Vec<Value> = serde_saphyr::from_multiple(&firewall_text(&subnets)).unwrap();

    assert_eq!(documents.len(), 1);
    assert_eq!(documents[0]["kind"], "NetworkRuleConfig");
    assert_eq!(
        documents[0]["portSelector"],
        serde_json::json!({ "ports": [7472], "protocol": "tcp" })
    );
    assert_eq!(
        documents[0]["ingress"],
        serde_json::json!([{ "subnet": "192.168.1.0/24" }, { "subnet": "2001:db8::/64" }])
    );
}

#[test]
fn a_subnet_with_host_bits_is_refused_with_the_right_one() {
    let error = "192.168.1.7/24".parse::<Subnet>().unwrap_err();

    assert_eq!(
        error,
        "192.168.1.7/24 has host bits set; write 192.168.1.0/24"
    );
    assert!("192.168.1.0".parse::<Subnet>().is_err());
}

fn patch(version: &str, form: Form) -> Patch {
    let router = RouterSecret {
        address: Some([192, 168, 1, 200].into()),
        tsig: TsigSecret::RouterKey {
            cluster: "lab".to_string(),
            key: [7; 32],
        },
    };
    Patch {
        objects: Objects {
            router: Some(router),
            pools: vec![
                "10.10.10.0/24".to_string(),
                "192.168.1.230-192.168.1.239".to_string(),
            ],
            image: None,
        },
        version: version.parse().unwrap(),
        form,
        remove_exclude_label: false,
    }
}

fn documents(patch: &Patch) -> Vec<Value> {
    serde_saphyr::from_multiple(&patch.text().unwrap()).unwrap()
}
