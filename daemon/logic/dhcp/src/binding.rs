//! A binding: which client an address was given to, and what became of it.

use std::{net::Ipv4Addr, time::SystemTime};

use model::Mac;
use serde::{Deserialize, Serialize};

use crate::ClientId;

/// The last word about one address. It outlives the lease, so that the same client gets the same address again. This
/// is also the journal's record: reading the journal, the last binding of an address counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Binding {
    /// The address.
    pub address: Ipv4Addr,
    /// Whose it is or was.
    pub client: ClientId,
    /// Hardware address of that client.
    pub mac: Mac,
    /// Name under which it is known in the domain, cleaned; none if it sent none that may be published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hostname: Option<String>,
    /// Leased, given back or found in use.
    pub state: State,
}

/// What became of a binding. Times are whole seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Acknowledged until this time, unless renewed.
    Leased(#[serde(with = "unix")] SystemTime),
    /// Given back by the client at this time.
    Released(#[serde(with = "unix")] SystemTime),
    /// In use by somebody else; not given out before this time.
    Declined(#[serde(with = "unix")] SystemTime),
}

impl Binding {
    /// Whether the client may use the address now.
    pub fn is_leased(&self, now: SystemTime) -> bool {
        matches!(self.state, State::Leased(until) if now < until)
    }

    /// Whether the address is in quarantine now.
    pub fn is_declined(&self, now: SystemTime) -> bool {
        matches!(self.state, State::Declined(until) if now < until)
    }

    /// The time from which somebody else may have the address.
    pub const fn free_from(&self) -> SystemTime {
        match self.state {
            State::Leased(at) | State::Released(at) | State::Declined(at) => at,
        }
    }
}

/// `time` without its fraction of a second, as the journal keeps it.
pub(crate) fn whole_seconds(time: SystemTime) -> SystemTime {
    unix::time(unix::seconds(time))
}

/// Times as seconds since 1970.
mod unix {
    use std::time::{Duration, SystemTime, UNIX_EPOCH};

    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(time: &SystemTime, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_u64(seconds(*time))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<SystemTime, D::Error> {
        let seconds = u64::deserialize(from)?;
        UNIX_EPOCH
            .checked_add(Duration::from_secs(seconds))
            .ok_or_else(|| serde::de::Error::custom("time is out of range"))
    }

    pub(super) fn seconds(time: SystemTime) -> u64 {
        time.duration_since(UNIX_EPOCH)
            .map_or(0, |since| since.as_secs())
    }

    pub(super) fn time(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(seconds)
    }
}
