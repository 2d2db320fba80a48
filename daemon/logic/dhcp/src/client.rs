//! Who a lease belongs to.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{Message, code};

/// Longest client identifier that is told apart. A DUID has at most 130 octets; more is cut, so that a client cannot
/// make the lease table large.
const LONGEST: usize = 160;

/// The client identifier (option 61), or hardware type and address of a client that sends none (RFC 2131, 4.2). A
/// client that sends `01` and its MAC is thus the same client as without the option.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ClientId(Vec<u8>);

impl ClientId {
    /// The identity of whoever sent the message.
    pub fn of(message: &Message) -> Self {
        match message.options.get(code::CLIENT_ID) {
            // RFC 2132, 9.14: at least two octets.
            Some(id) if id.len() >= 2 => Self(id[..id.len().min(LONGEST)].to_vec()),
            _ => {
                let mut id = vec![message.htype];
                id.extend(message.mac.octets());
                Self(id)
            }
        }
    }
}

impl ClientId {
    /// The holder of an address that a host uses without asking us.
    pub(crate) const fn nobody() -> Self {
        Self(Vec::new())
    }
}

impl fmt::Display for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|octet| write!(f, "{octet:02x}"))
    }
}

impl fmt::Debug for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ClientId({self})")
    }
}

/// A text that is no hexadecimal client identifier.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{0}` is no client identifier in hexadecimal")]
pub struct ClientIdError(String);

impl FromStr for ClientId {
    type Err = ClientIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || ClientIdError(text.to_string());
        if !text.len().is_multiple_of(2) || !text.is_ascii() {
            return Err(wrong());
        }
        (0..text.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&text[at..at + 2], 16).map_err(|_| wrong()))
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

impl Serialize for ClientId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ClientId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}
