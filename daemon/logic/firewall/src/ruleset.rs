//! The complete ruleset, as the JSON that `nft -j -f -` takes.

use nftables::{
    expr::Expression,
    schema::{Element, NfCmd, NfListObject, NfObject, Nftables, Table},
    types::NfFamily,
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::Network;

mod chains;
mod in_force;
mod sets;
#[cfg(test)]
mod tests;

/// Name of our table.
pub const TABLE: &str = "lanlord";
/// Its family, as `nft` writes it.
pub const FAMILY: &str = "inet";

/// Elements that go into one transaction. `nft` in an unprivileged container cannot enlarge its socket buffer, and a
/// message that does not fit (about 200 kB; an element takes up to 100 octets) is refused as a whole.
const ELEMENTS_PER_TRANSACTION: usize = 1_000;

type Object = NfListObject<'static>;

/// All tables, chains, rules and elements that a [`Network`] asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ruleset {
    /// Sets, maps, chains and rules in the order in which they must be added.
    objects: Vec<Object>,
    /// Elements of the sets and maps, those of smaller sets first.
    elements: Vec<(&'static str, Vec<Expression<'static>>)>,
    /// Marks this very content in the kernel.
    digest: String,
}

impl Ruleset {
    /// The ruleset for the network: equal for equal networks, byte for byte.
    pub fn new(network: &Network) -> Self {
        let (mut objects, mut elements) = sets::of(network);
        objects.extend(chains::of(network));
        elements.retain(|(_, elements)| !elements.is_empty());
        elements.sort_by_key(|(_, elements)| elements.len());
        let digest = digest(&objects, &elements);
        objects.push(chains::plain(&digest));
        Self {
            objects,
            elements,
            digest,
        }
    }

    /// Transactions to be sent in this order, each to one `nft -j -f -`. The first replaces the table as a whole; only
    /// more than a thousand elements need more, and until they are in, their traffic is refused, not let through.
    pub fn transactions(&self) -> Vec<String> {
        let mut current: Vec<NfObject<'static>> = vec![
            // Adding first makes the deletion valid where there is no table yet.
            command(NfCmd::Add(table())),
            command(NfCmd::Delete(table())),
            command(NfCmd::Add(table())),
        ];
        current.extend(self.objects.iter().cloned().map(NfCmd::Add).map(command));
        let mut room = ELEMENTS_PER_TRANSACTION;
        let mut done = Vec::new();
        for (name, elements) in &self.elements {
            let mut rest = elements.as_slice();
            while !rest.is_empty() {
                if room == 0 {
                    done.push(written(std::mem::take(&mut current)));
                    room = ELEMENTS_PER_TRANSACTION;
                }
                let (chunk, after) = rest.split_at(rest.len().min(room));
                current.push(command(NfCmd::Add(NfListObject::Element(Element {
                    family: NfFamily::INet,
                    table: TABLE.into(),
                    name: (*name).into(),
                    elem: chunk.to_vec().into(),
                }))));
                room -= chunk.len();
                rest = after;
            }
        }
        done.push(written(current));
        done
    }

    /// The transaction that removes every trace, also where there is none.
    pub fn removal() -> String {
        written(vec![
            command(NfCmd::Add(table())),
            command(NfCmd::Delete(table())),
        ])
    }

    /// Whether `listing`, the JSON of `nft -j list table inet lanlord`, shows this ruleset, whole and unchanged.
    pub fn is_in_force(&self, listing: &str) -> bool {
        in_force::is_in_force(self, listing)
    }
}

fn table() -> Object {
    NfListObject::Table(Table {
        family: NfFamily::INet,
        name: TABLE.into(),
        handle: None,
    })
}

const fn command(command: NfCmd<'static>) -> NfObject<'static> {
    NfObject::CmdObject(command)
}

fn written(objects: Vec<NfObject<'static>>) -> String {
    let document = Nftables {
        objects: objects.into(),
    };
    let mut document =
        serde_json::to_value(&document).expect("the schema's types are always valid JSON");
    spell_notrack(&mut document);
    document.to_string()
}

/// The schema writes the statement as `"notrack"`; `nft` reads `{"notrack": null}` only.
fn spell_notrack(document: &mut Value) {
    let commands = document["nftables"].as_array_mut();
    for command in commands.into_iter().flatten() {
        let statements = command
            .pointer_mut("/add/rule/expr")
            .and_then(Value::as_array_mut);
        for statement in statements.into_iter().flatten() {
            if statement == "notrack" {
                *statement = json!({ "notrack": null });
            }
        }
    }
}

/// Name of the empty chain that marks the content: its first 64 bits of SHA-256.
fn digest(objects: &[Object], elements: &[(&'static str, Vec<Expression<'static>>)]) -> String {
    let content =
        serde_json::to_vec(&(objects, elements)).expect("the schema's types are always valid JSON");
    let hash = Sha256::digest(content);
    let hex: String = hash[..8]
        .iter()
        .map(|octet| format!("{octet:02x}"))
        .collect();
    format!("content_{hex}")
}
