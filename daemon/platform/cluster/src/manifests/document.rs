//! YAML and JSON text to values that know their line.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, SeqAccess, Visitor},
};
use serde_json::Value;
use serde_saphyr::{SnippetMode, Spanned};

/// A value and the line where it starts, counted from 1 in its file.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Located {
    pub(super) line: u64,
    pub(super) node: Node,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Node {
    /// Null, a bool, a number or a text.
    Scalar(Value),
    List(Vec<Located>),
    Map(Vec<(String, Located)>),
}

/// Why a text is no YAML or JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SyntaxError {
    pub(super) line: u64,
    pub(super) text: String,
}

/// All documents of a YAML text that hold something, and the errors of those that do not parse.
pub(super) fn parse_yaml(text: &str) -> (Vec<Located>, Vec<SyntaxError>) {
    let mut documents = Vec::new();
    let mut errors = Vec::new();
    for Chunk { lines_before, text } in split(text) {
        match parse_one(&text, lines_before) {
            Ok(Some(document)) => documents.push(document),
            Ok(None) => {}
            Err(error) => errors.push(error),
        }
    }
    (documents, errors)
}

/// The document of a JSON text.
pub(super) fn parse_json(text: &str) -> (Vec<Located>, Vec<SyntaxError>) {
    let value: Value = match serde_json::from_str(text) {
        Ok(value) => value,
        // An empty file holds no document, as in YAML.
        Err(_) if text.trim().is_empty() => return (Vec::new(), Vec::new()),
        Err(error) => {
            let line = error.line() as u64;
            let text = error.to_string();
            return (Vec::new(), vec![SyntaxError { line, text }]);
        }
    };
    // JSON is YAML, but for tabs and the like: then the lines are lost, not the document.
    let located = match parse_one(text, 0) {
        Ok(Some(located)) => located,
        Ok(None) | Err(_) => unplaced(value),
    };
    (vec![located], Vec::new())
}

/// One document of a stream.
struct Chunk {
    /// Lines of the file that come before it.
    lines_before: u64,
    text: String,
}

/// Cuts a stream into its documents: a line that begins with `---` or `...` ends one wherever it stands (YAML 1.2,
/// 9.1.2).
fn split(text: &str) -> Vec<Chunk> {
    let mut chunks = Vec::new();
    let mut chunk = Chunk {
        lines_before: 0,
        text: String::new(),
    };
    let mut blank = true;
    for (line, lines_before) in text.split_inclusive('\n').zip(0..) {
        let marker = line.trim_end();
        let starts = marker == "---" || marker.starts_with("--- ") || marker.starts_with("---\t");
        if starts || marker == "..." {
            let next = Chunk {
                lines_before,
                text: String::new(),
            };
            chunks.push(std::mem::replace(&mut chunk, next));
            blank = true;
        }
        // Directives (`%YAML 1.2`) stand before a marker, in what is a chunk of its own here.
        if marker == "..." || (line.starts_with('%') && blank) {
            chunk.text.push('\n');
        } else {
            chunk.text.push_str(line);
            blank &= marker.is_empty();
        }
    }
    chunks.push(chunk);
    chunks
}

/// One document; none when it holds only blanks and comments, or null.
fn parse_one(text: &str, lines_before: u64) -> Result<Option<Located>, SyntaxError> {
    let documents = serde_saphyr::from_multiple::<Located>(text).map_err(|error| {
        let line = lines_before + error.location().map_or(1, |location| location.line());
        let text = error.render_with_options(serde_saphyr::render_options! {
            snippets: SnippetMode::Off,
            line_offset: lines_before,
        });
        SyntaxError { line, text }
    })?;
    let document = documents
        .into_iter()
        .find(|document| document.node != Node::Scalar(Value::Null));
    Ok(document.map(|mut document| {
        document.move_down(lines_before);
        document
    }))
}

fn unplaced(value: Value) -> Located {
    let node = match value {
        Value::Array(list) => Node::List(list.into_iter().map(unplaced).collect()),
        Value::Object(map) => Node::Map(
            map.into_iter()
                .map(|(key, value)| (key, unplaced(value)))
                .collect(),
        ),
        scalar @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => {
            Node::Scalar(scalar)
        }
    };
    Located { line: 1, node }
}

impl Located {
    fn move_down(&mut self, lines: u64) {
        self.line += lines;
        match &mut self.node {
            Node::List(list) => list.iter_mut().for_each(|item| item.move_down(lines)),
            Node::Map(entries) => entries
                .iter_mut()
                .for_each(|(_, value)| value.move_down(lines)),
            Node::Scalar(_) => {}
        }
    }

    /// The value of a key, if this is a map that has it.
    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        match &self.node {
            Node::Map(entries) => entries
                .iter()
                .find(|(name, _)| name == key)
                .map(|(_, value)| value),
            Node::Scalar(_) | Node::List(_) => None,
        }
    }

    /// The items, if this is a list.
    pub(super) fn items(&self) -> &[Self] {
        match &self.node {
            Node::List(list) => list,
            Node::Scalar(_) | Node::Map(_) => &[],
        }
    }

    /// The text, if this is one.
    pub(super) fn text(&self) -> Option<&str> {
        match &self.node {
            Node::Scalar(value) => value.as_str(),
            Node::List(_) | Node::Map(_) => None,
        }
    }

    /// The value without its places.
    pub(super) fn to_json(&self) -> Value {
        match &self.node {
            Node::Scalar(value) => value.clone(),
            Node::List(list) => list.iter().map(Self::to_json).collect(),
            Node::Map(entries) => entries
                .iter()
                .map(|(key, value)| (key.clone(), value.to_json()))
                .collect(),
        }
    }

    /// Line of the field at `path` (`spec.addresses[1]`), or of the innermost part of the path that is there. Keys may
    /// hold dots, as those of annotations do.
    pub(super) fn line_of(&self, path: &str) -> u64 {
        let path = path.trim_start_matches('.');
        let next = match &self.node {
            Node::Map(entries) => entries
                .iter()
                .filter_map(|(key, value)| Some((value, path.strip_prefix(key.as_str())?)))
                .filter(|(_, rest)| rest.is_empty() || rest.starts_with(['.', '[']))
                .min_by_key(|(_, rest)| rest.len()),
            Node::List(list) => path
                .strip_prefix('[')
                .and_then(|path| path.split_once(']'))
                .and_then(|(at, rest)| Some((list.get(at.parse::<usize>().ok()?)?, rest))),
            Node::Scalar(_) => None,
        };
        match next {
            Some((value, rest)) => value.line_of(rest),
            None => self.line,
        }
    }
}

impl<'de> Deserialize<'de> for Located {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = Spanned::<Node>::deserialize(deserializer)?;
        Ok(Self {
            line: spanned.referenced.line(),
            node: spanned.value,
        })
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a YAML value")
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Scalar(Value::Null))
    }

    fn visit_none<E>(self) -> Result<Node, E> {
        Ok(Node::Scalar(Value::Null))
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        Node::deserialize(deserializer)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
        Ok(Node::Scalar(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Node, E> {
        Ok(Node::Scalar(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Node, E> {
        Ok(Node::Scalar(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Node, E> {
        Ok(Node::Scalar(value.into()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Node, E> {
        Ok(Node::Scalar(value.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Node, A::Error> {
        let mut list = Vec::new();
        while let Some(value) = seq.next_element()? {
            list.push(value);
        }
        Ok(Node::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Node::Map(entries))
    }
}

#[cfg(test)]
mod tests;
