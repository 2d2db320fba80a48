//! Collects the faults of one file while it is resolved.

use std::ops::Range;

use serde::de::DeserializeOwned;
use toml::Spanned;

use crate::{ConfigError, Fault};

/// Octets of the file that a fault is about; none for a value that is a default.
pub(crate) type Place = Option<Range<usize>>;

/// The file under inspection and what was found wrong with it so far.
pub(crate) struct Faults<'a> {
    file: &'a str,
    text: &'a str,
    found: Vec<Fault>,
}

impl<'a> Faults<'a> {
    pub(crate) const fn new(file: &'a str, text: &'a str) -> Self {
        Self {
            file,
            text,
            found: Vec::new(),
        }
    }

    /// Reads the text into a raw struct; a fault of syntax, an unknown key or a wrong type ends it here.
    pub(crate) fn read<T: DeserializeOwned>(&mut self) -> Option<T> {
        match toml::from_str(self.text) {
            Ok(raw) => Some(raw),
            Err(error) => {
                let message = error.message().trim().replace('\n', ", ");
                self.add(&error.span(), "", message);
                None
            }
        }
    }

    /// Notes a fault of `key` at `place`.
    pub(crate) fn add(&mut self, place: &Place, key: &str, message: impl Into<String>) {
        let (line, column) = position(self.text, place.as_ref().map_or(0, |span| span.start));
        self.found.push(Fault {
            file: self.file.to_string(),
            line,
            column,
            key: key.to_string(),
            message: message.into(),
        });
    }

    /// Parses one text value; a fault when `parse` says why it cannot be.
    pub(crate) fn parse<T>(
        &mut self,
        key: &str,
        value: &Spanned<String>,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        match parse(value.get_ref().trim()) {
            Ok(parsed) => Some(parsed),
            Err(message) => {
                self.add(&Some(value.span()), key, message);
                None
            }
        }
    }

    /// Parses one optional text value: a default where it is absent.
    pub(crate) fn parse_or<T>(
        &mut self,
        key: &str,
        value: Option<&Spanned<String>>,
        default: impl FnOnce() -> T,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        match value {
            Some(value) => self.parse(key, value, parse),
            None => Some(default()),
        }
    }

    /// Parses each text of a list; those with a fault are left out.
    pub(crate) fn parse_all<T>(
        &mut self,
        key: &str,
        values: &[Spanned<String>],
        mut parse: impl FnMut(&str) -> Result<T, String>,
    ) -> Vec<(T, Place)> {
        values
            .iter()
            .filter_map(|value| {
                let parsed = self.parse(key, value, &mut parse)?;
                Some((parsed, Some(value.span())))
            })
            .collect()
    }

    /// The resolved value, unless something was wrong.
    pub(crate) fn finish<T>(mut self, resolved: Option<T>) -> Result<T, ConfigError> {
        match resolved {
            Some(resolved) if self.found.is_empty() => Ok(resolved),
            _ => {
                self.found.sort();
                self.found.dedup();
                Err(ConfigError::Invalid(self.found))
            }
        }
    }
}

/// Line and column, both from 1, of an octet of the text.
fn position(text: &str, offset: usize) -> (usize, usize) {
    let mut end = offset.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let before = &text[..end];
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    (
        before.matches('\n').count() + 1,
        before[line_start..].chars().count() + 1,
    )
}

/// The place of an optional value, else that of the table around it.
pub(crate) fn place_of<T>(value: Option<&Spanned<T>>, table: &Place) -> Place {
    value.map(Spanned::span).or_else(|| table.clone())
}
