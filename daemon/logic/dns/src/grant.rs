//! What a key may name: zones, and patterns of names within each.

use std::str::FromStr;

use hickory_proto::rr::{Name, RecordType};
use thiserror::Error;

use crate::tsig::Key;

/// Label under which a name's owner is marked; the mark is allowed wherever the name is.
pub const OWNER_LABEL: &str = "_lanlord-owner";
/// Label of the name that tells a cluster about its router: `_lanlord.<cluster>.`
pub const ROUTER_LABEL: &str = "_lanlord";

/// A key and what it may do.
#[derive(Clone, Debug)]
pub struct Grant {
    /// The key.
    pub key: Key,
    /// Zones it may change and transfer.
    pub zones: Vec<ZoneGrant>,
    /// What the router tells the holder of the key at `_lanlord.<key name>`: `address=…`, `dhcp=…`, `pool=…`, `zone=…`.
    pub facts: Vec<String>,
}

/// Names of one zone that a key may change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ZoneGrant {
    /// The zone's name.
    pub zone: Name,
    /// Patterns; a name that fits one of them is allowed.
    pub names: Vec<Pattern>,
}

/// A pattern of names, relative to its zone: `*` is every name below the apex, `*.apps` every name below `apps`, `www`
/// that name, `@` the apex. Case does not count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    labels: Vec<Box<[u8]>>,
    /// Whether names below the labels are meant.
    below: bool,
    /// Whether the labels themselves are meant.
    itself: bool,
}

/// A text that is no pattern.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("`{0}` is no name pattern such as `*`, `*.apps`, `www` or `@`")]
pub struct PatternError(String);

impl Grant {
    /// The zone grant for exactly this zone.
    pub(crate) fn for_zone(&self, apex: &Name) -> Option<&ZoneGrant> {
        self.zones.iter().find(|grant| grant.zone == *apex)
    }
}

impl ZoneGrant {
    /// Whether the key may change this name of the zone. An owner's mark is allowed where its name is.
    pub fn allows(&self, name: &Name) -> bool {
        if !self.zone.zone_of(name) {
            return false;
        }
        let below_apex = name.iter().count() - self.zone.iter().count();
        let mut relative: Vec<&[u8]> = name.iter().take(below_apex).collect();
        let marks_an_owner = relative
            .first()
            .is_some_and(|label| label.eq_ignore_ascii_case(OWNER_LABEL.as_bytes()));
        if marks_an_owner {
            relative.remove(0);
        }
        self.names.iter().any(|pattern| pattern.fits(&relative))
    }
}

/// Types that a key may write. Others would let it delegate names or take over mail.
pub(crate) const fn is_updatable(kind: RecordType) -> bool {
    matches!(
        kind,
        RecordType::A | RecordType::AAAA | RecordType::CNAME | RecordType::TXT
    )
}

impl Pattern {
    /// `relative` holds the labels below the zone's apex, as in the name.
    fn fits(&self, relative: &[&[u8]]) -> bool {
        let Some(extra) = relative.len().checked_sub(self.labels.len()) else {
            return false;
        };
        let tail_fits = relative[extra..]
            .iter()
            .zip(&self.labels)
            .all(|(label, wanted)| label.eq_ignore_ascii_case(wanted));
        tail_fits && if extra == 0 { self.itself } else { self.below }
    }
}

impl FromStr for Pattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let labels_of = |text: &str| -> Result<Vec<Box<[u8]>>, PatternError> {
            let name = Name::from_ascii(text).map_err(|_| PatternError(text.to_string()))?;
            Ok(name.iter().map(Into::into).collect())
        };
        match text {
            "" => Err(PatternError(text.to_string())),
            "*" => Ok(Self {
                labels: Vec::new(),
                below: true,
                itself: false,
            }),
            "@" => Ok(Self {
                labels: Vec::new(),
                below: false,
                itself: true,
            }),
            _ => {
                let (rest, below) = match text.strip_prefix("*.") {
                    Some(rest) => (rest, true),
                    None => (text, false),
                };
                let labels = labels_of(rest.trim_end_matches('.'))
                    .map_err(|_| PatternError(text.to_string()))?;
                if labels.is_empty() || labels.iter().any(|label| **label == *b"*") {
                    return Err(PatternError(text.to_string()));
                }
                Ok(Self {
                    labels,
                    below,
                    itself: !below,
                })
            }
        }
    }
}

#[cfg(test)]
mod tests;
