use std::collections::BTreeSet;

use ipnet::Ipv4Net;
use serde_json::{Value, json};

use super::*;
use crate::{Forward, Lan, Port, Transport, Uplink};

/// The network of the README.
fn network() -> Network {
    let dns = |transport| Port {
        transport,
        number: 53,
    };
    Network {
        lans: vec![Lan {
            interface: "eth1".to_string(),
            address: prefix("192.168.1.200/24"),
        }],
        uplink: Some(Uplink {
            interface: "eth0".to_string(),
            addresses: BTreeSet::from(["203.0.113.2".parse().unwrap()]),
            trusted: BTreeSet::from([prefix("203.0.113.64/26")]),
        }),
        pools: BTreeSet::from([prefix("10.10.10.0/24")]),
        forwards: BTreeSet::from([forward(443)]),
        services: BTreeSet::from([dns(Transport::Tcp), dns(Transport::Udp)]),
    }
}

fn prefix(text: &str) -> Ipv4Net {
    text.parse().unwrap()
}

fn forward(port: u16) -> Forward {
    Forward {
        from: Port {
            transport: Transport::Tcp,
            number: port,
        },
        to: "10.10.10.10:443".parse().unwrap(),
    }
}

fn commands(transaction: &str) -> Vec<Value> {
    let document: Value = serde_json::from_str(transaction).unwrap();
    document["nftables"].as_array().unwrap().clone()
}

/// What `nft` lists after it took these transactions, as far as it is compared.
fn listing(transactions: &[String]) -> Value {
    let mut listed: Vec<Value> = Vec::new();
    let added = transactions
        .iter()
        .flat_map(|transaction| commands(transaction));
    for object in added.filter_map(|command| command.get("add").cloned()) {
        let Some(element) = object.get("element") else {
            listed.push(object);
            continue;
        };
        for candidate in &mut listed {
            for kind in ["set", "map"] {
                if candidate[kind]["name"] == element["name"] && candidate.get(kind).is_some() {
                    let mut all = candidate[kind]["elem"]
                        .as_array()
                        .cloned()
                        .unwrap_or_default();
                    all.extend(element["elem"].as_array().unwrap().iter().cloned());
                    candidate[kind]["elem"] = all.into();
                }
            }
        }
    }
    json!({ "nftables": listed })
}

#[test]
fn the_ruleset_of_the_readme_is_the_golden_one() {
    let transactions = Ruleset::new(&network()).transactions();

    let document: Value = serde_json::from_str(&transactions[0]).unwrap();
    let shown = serde_json::to_string_pretty(&document).unwrap();
    let golden = include_str!("golden.json").trim_end();
    assert!(transactions.len() == 1 && shown == golden, "got:\n{shown}");
}

#[test]
fn equal_networks_give_the_same_bytes() {
    assert_eq!(
        Ruleset::new(&network()).transactions(),
        Ruleset::new(&network()).transactions()
    );
}

#[test]
fn lan_to_vip_is_accepted_before_any_rule_that_asks_for_state() {
    let transactions = Ruleset::new(&network()).transactions();

    let rules: Vec<Value> = commands(&transactions[0])
        .iter()
        .filter_map(|command| command["add"].get("rule").cloned())
        .filter(|rule| rule["chain"] == "forward")
        .collect();
    let asks_for_state = rules
        .iter()
        .position(|rule| rule.to_string().contains("\"state\""))
        .unwrap();
    let vip = |comment: &str| {
        rules
            .iter()
            .position(|rule| rule["comment"] == comment)
            .unwrap()
    };

    assert!(vip("LAN to VIP") < asks_for_state);
    assert!(vip("VIP to LAN") < asks_for_state);
}

#[test]
fn the_table_is_replaced_in_the_first_transaction() {
    let transactions = Ruleset::new(&network()).transactions();

    let first = commands(&transactions[0]);
    let table = json!({ "table": { "family": "inet", "name": "lanlord" } });
    assert_eq!(first[0], json!({ "add": table }));
    assert_eq!(first[1], json!({ "delete": table }));
    assert_eq!(first[2], json!({ "add": table }));
}

#[test]
fn many_elements_are_sent_in_chunks_and_the_small_sets_first() {
    let mut network = network();
    network.forwards = (1..=2_500).map(forward).collect();

    let transactions = Ruleset::new(&network).transactions();

    assert_eq!(transactions.len(), 6);
    assert!(transactions.iter().all(|text| text.len() < 200_000));
    let has = |transaction: &str, set: &str| {
        commands(transaction)
            .iter()
            .any(|command| command["add"]["element"]["name"] == set)
    };
    for small in ["lans", "lan_subnets", "pools", "trusted", "services"] {
        assert!(has(&transactions[0], small), "{small}");
    }
    let elements: usize = transactions
        .iter()
        .flat_map(|transaction| commands(transaction))
        .filter(|command| command["add"]["element"]["name"] == "tcp_forward_ports")
        .map(|command| command["add"]["element"]["elem"].as_array().unwrap().len())
        .sum();
    assert_eq!(elements, 2_500);
}

#[test]
fn prefixes_that_overlap_are_joined() {
    let mut network = network();
    let trusted = &mut network.uplink.as_mut().unwrap().trusted;
    trusted.insert(prefix("203.0.113.0/24"));

    let text = Ruleset::new(&network).transactions().concat();

    assert!(text.contains(r#""addr":"203.0.113.0","len":24"#));
    assert!(!text.contains("203.0.113.64"));
}

#[test]
fn a_router_without_an_uplink_drops_nothing_but_forged_sources() {
    let mut network = network();
    network.uplink = None;

    let text = Ruleset::new(&network).transactions().concat();

    assert_eq!(text.matches(r#""drop""#).count(), 1);
    assert!(!text.contains("masquerade"));
}

#[test]
fn what_was_sent_is_in_force() {
    let ruleset = Ruleset::new(&network());

    let listing = listing(&ruleset.transactions());

    assert!(ruleset.is_in_force(&listing.to_string()));
}

#[test]
fn another_ruleset_or_none_is_not_in_force() {
    let ruleset = Ruleset::new(&network());
    let mut other = network();
    other.uplink.as_mut().unwrap().trusted.clear();
    let other = listing(&Ruleset::new(&other).transactions());

    assert!(!ruleset.is_in_force(&other.to_string()));
    assert!(!ruleset.is_in_force(r#"{"nftables": []}"#));
    assert!(!ruleset.is_in_force("no JSON"));
}

#[test]
fn a_rule_or_element_that_a_hand_removed_is_noticed() {
    let ruleset = Ruleset::new(&network());
    let whole = listing(&ruleset.transactions());
    let without = |gone: &dyn Fn(&Value) -> bool| {
        let mut listing = whole.clone();
        let objects = listing["nftables"].as_array_mut().unwrap();
        let at = objects.iter().position(gone).unwrap();
        objects.remove(at);
        listing
    };

    let no_drop = without(&|object| object["rule"]["chain"] == "input_from_uplink");
    let mut no_elements = whole.clone();
    for object in no_elements["nftables"].as_array_mut().unwrap() {
        if object["set"]["name"] == "pools" {
            object["set"]["elem"] = Value::Null;
        }
    }

    assert!(!ruleset.is_in_force(&no_drop.to_string()));
    assert!(!ruleset.is_in_force(&no_elements.to_string()));
}
