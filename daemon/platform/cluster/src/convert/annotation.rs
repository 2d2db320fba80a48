//! Annotations, with their older prefixes.

use std::collections::BTreeMap;

use super::{Invalid, Notes};

/// The pool that a Service's addresses came from; ours to write.
pub(crate) const ALLOCATED_FROM_POOL: &str = "metallb.io/ip-allocated-from-pool";

const METALLB: [&str; 2] = ["metallb.io", "metallb.universe.tf"];
const EXTERNAL_DNS: [&str; 2] = [
    "external-dns.kubernetes.io",
    "external-dns.alpha.kubernetes.io",
];

/// Annotations of one object.
#[derive(Clone, Copy)]
pub(super) struct Annotations<'a>(Option<&'a BTreeMap<String, String>>);

impl<'a> Annotations<'a> {
    pub(super) const fn new(map: Option<&'a BTreeMap<String, String>>) -> Self {
        Self(map)
    }

    pub(super) fn get(self, key: &str) -> Option<&'a str> {
        self.0?.get(key).map(String::as_str)
    }

    /// MetalLB's annotation `name`: the new prefix counts even when it is empty, and hides the old one.
    pub(super) fn metallb(self, name: &str) -> Option<String> {
        self.prefixed(METALLB, name)
            .map(|(_, value)| value.to_string())
    }

    /// Host names that external-dns and CoreDNS would take from here, in that order, each once.
    pub(super) fn hostnames(self) -> Vec<String> {
        let asked = [
            self.get("coredns.io/hostname"),
            self.prefixed(EXTERNAL_DNS, "hostname")
                .map(|(_, value)| value),
        ];
        let mut names: Vec<String> = Vec::new();
        for name in asked.into_iter().flatten().flat_map(comma_list) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }

    /// Targets of external-dns: addresses that win over the status.
    pub(super) fn targets(self) -> Vec<String> {
        self.prefixed(EXTERNAL_DNS, "target")
            .map(|(_, value)| comma_list(value).collect())
            .unwrap_or_default()
    }

    /// Time to live that external-dns would use, in seconds.
    pub(super) fn ttl_secs(self, notes: &mut Notes) -> Option<u32> {
        let (key, value) = self.prefixed(EXTERNAL_DNS, "ttl")?;
        let seconds = parse_ttl(value);
        if seconds.is_none() {
            notes.push(Invalid::new(
                format!("metadata.annotations.{key}"),
                format!("`{value}` is no time to live; write seconds (60) or a duration (1m30s)"),
            ));
        }
        seconds
    }

    fn prefixed(self, prefixes: [&str; 2], name: &str) -> Option<(String, &'a str)> {
        prefixes.iter().find_map(|prefix| {
            let key = format!("{prefix}/{name}");
            self.get(&key).map(|value| (key, value))
        })
    }
}

/// Entries between commas, blanks trimmed, empty ones left out.
pub(super) fn comma_list(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split(',')
        .map(str::trim)
        .filter(|entry| !entry.is_empty())
        .map(str::to_string)
}

/// Seconds, or a Go duration of whole hours, minutes and seconds.
fn parse_ttl(text: &str) -> Option<u32> {
    let text = text.trim();
    if let Ok(seconds) = text.parse() {
        return Some(seconds);
    }
    let mut total: u32 = 0;
    let mut rest = text;
    while !rest.is_empty() {
        let unit_at = rest.find(|c: char| !c.is_ascii_digit())?;
        let (digits, unit) = rest.split_at(unit_at);
        let factor = match unit.as_bytes().first()? {
            b'h' => 3600,
            b'm' if !unit.starts_with("ms") => 60,
            b's' => 1,
            _ => return None,
        };
        total = total.checked_add(digits.parse::<u32>().ok()?.checked_mul(factor)?)?;
        rest = unit.get(1..)?;
    }
    (!text.is_empty()).then_some(total)
}
