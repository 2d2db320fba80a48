//! Compares a ruleset with what the kernel lists.
//!
//! `nft` rewrites expressions as it likes from version to version, so they are not compared. The name of an empty chain
//! holds the digest of everything sent; beside it chains, the comments of their rules and the number of elements must
//! be those sent, so that a hand that removed or added something is noticed.

use std::collections::BTreeMap;

use nftables::schema::NfListObject;
use serde_json::Value;

use super::Ruleset;

#[derive(Debug, Default, PartialEq, Eq)]
struct Outline {
    /// Comments of the rules in order, by chain.
    chains: BTreeMap<String, Vec<String>>,
    /// Number of elements by set or map.
    sets: BTreeMap<String, usize>,
}

pub(super) fn is_in_force(ruleset: &Ruleset, listing: &str) -> bool {
    let Ok(listing) = serde_json::from_str::<Value>(listing) else {
        return false;
    };
    outline_of_listing(&listing).is_some_and(|listed| {
        listed.chains.contains_key(&ruleset.digest) && listed == outline_of(ruleset)
    })
}

fn outline_of(ruleset: &Ruleset) -> Outline {
    let mut outline = Outline::default();
    for object in &ruleset.objects {
        if let NfListObject::Chain(chain) = object {
            outline.chains.entry(chain.name.to_string()).or_default();
        } else if let NfListObject::Rule(rule) = object {
            let comment = rule.comment.as_deref().unwrap_or_default().to_string();
            let chain = outline.chains.entry(rule.chain.to_string()).or_default();
            chain.push(comment);
        } else if let NfListObject::Set(set) = object {
            outline.sets.insert(set.name.to_string(), 0);
        } else if let NfListObject::Map(map) = object {
            outline.sets.insert(map.name.to_string(), 0);
        }
    }
    for (name, elements) in &ruleset.elements {
        outline.sets.insert((*name).to_string(), elements.len());
    }
    outline
}

/// None where the listing does not have the shape that `nft -j` documents.
fn outline_of_listing(listing: &Value) -> Option<Outline> {
    let mut outline = Outline::default();
    for object in listing.get("nftables")?.as_array()? {
        let (kind, content) = object.as_object()?.iter().next()?;
        let text = |key| content.get(key).and_then(Value::as_str).map(str::to_string);
        match kind.as_str() {
            "chain" => {
                outline.chains.entry(text("name")?).or_default();
            }
            "rule" => {
                let chain = outline.chains.entry(text("chain")?).or_default();
                chain.push(text("comment").unwrap_or_default());
            }
            "set" | "map" => {
                let elements = content.get("elem").and_then(Value::as_array);
                outline
                    .sets
                    .insert(text("name")?, elements.map_or(0, Vec::len));
            }
            _ => {}
        }
    }
    Some(outline)
}
