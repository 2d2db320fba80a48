//! Decides whether this LAN may be served: a router that is started where there is a DHCP server or router already
//! must harm nobody (design, promise 9).
//!
//! ```text
//!              every question asked, nobody answered
//!   Checking ----------------------------------------> Serving
//!      |                                                  |
//!      | an answer            an answer that came late    |
//!      v                                                  |
//!     Off <-----------------------------------------------'
//!      |  ^ asks again every recheck interval; an answer keeps it Off
//!      '--+-------------------------------------------> Serving, when nobody answers any more
//! ```
//!
//! `authoritative` overrules: DHCP is served at once, and the questions are asked for the report only.

use std::{
    collections::BTreeSet,
    fmt,
    net::{Ipv4Addr, Ipv6Addr},
    time::{Duration, Instant},
};

use model::Mac;
use serde::{Deserialize, Serialize};

#[cfg(test)]
mod tests;

/// When the questions of one round are asked, counted from its start: twice, since one frame may get lost.
const QUESTIONS: [Duration; 2] = [Duration::ZERO, Duration::from_millis(400)];
/// When a round without answer is over. A router may take half a second for its advertisement (RFC 4861, 6.2.6).
const ROUND: Duration = Duration::from_millis(1000);
/// An answer counts as one to our questions for this long: servers that look for conflicts first take seconds.
const LATE: Duration = Duration::from_secs(10);

/// Whether DHCP is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Nobody is served yet: the questions are out.
    Checking,
    /// Clients are served.
    Serving,
    /// Nobody is served: somebody else answers on this LAN.
    Off,
}

/// Somebody else who answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Other {
    /// A DHCP server, by its identifier.
    DhcpServer(Ipv4Addr),
    /// A router that advertises itself, by its link-local address.
    Router(Ipv6Addr),
    /// A host that uses our own address.
    AddressInUse(Mac),
}

/// What was seen on the wire.
pub type Sighting = Other;

/// What to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Instruction {
    /// ARP probe for our own address.
    ProbeOwnAddress,
    /// DISCOVER, with our MAC.
    Discover,
    /// INFORM, with our address.
    Inform,
    /// Router solicitation.
    SolicitRouters,
}

/// The state machine. The driver sends what [`Guard::tick`] says, sleeps until [`Guard::deadline`], and reports what
/// it sees.
#[derive(Clone, Debug)]
pub struct Guard {
    authoritative: bool,
    recheck: Duration,
    state: State,
    /// Start of the current or last round, and how many of its questions were asked.
    round: Instant,
    asked: usize,
    heard_in_round: bool,
    others: BTreeSet<Other>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Checking,
    Serving,
    Off { recheck_at: Instant },
    Rechecking,
}

impl Guard {
    /// Begins to check. With others around it asks again every `recheck`.
    pub const fn new(authoritative: bool, recheck: Duration, now: Instant) -> Self {
        Self {
            authoritative,
            recheck,
            state: State::Checking,
            round: now,
            asked: 0,
            heard_in_round: false,
            others: BTreeSet::new(),
        }
    }

    /// Whether DHCP is to be served.
    pub const fn verdict(&self) -> Verdict {
        match self.state {
            _ if self.authoritative => Verdict::Serving,
            State::Checking => Verdict::Checking,
            State::Serving => Verdict::Serving,
            State::Off { .. } | State::Rechecking => Verdict::Off,
        }
    }

    /// Whether a finished round found nobody: then no other server can know a client that we do not know.
    pub fn is_alone(&self) -> bool {
        self.state == State::Serving && self.others.is_empty()
    }

    /// Everybody who answered, in order.
    pub const fn others(&self) -> &BTreeSet<Other> {
        &self.others
    }

    /// Overrules the check, or ends that.
    pub const fn set_authoritative(&mut self, authoritative: bool) {
        self.authoritative = authoritative;
    }

    /// When [`Guard::tick`] is due; never while all is well.
    pub fn deadline(&self) -> Option<Instant> {
        match self.state {
            State::Checking | State::Rechecking => Some(
                QUESTIONS
                    .get(self.asked)
                    .map_or(self.round + ROUND, |after| self.round + *after),
            ),
            State::Off { recheck_at } => Some(recheck_at),
            State::Serving => None,
        }
    }

    /// Goes on where it is due.
    pub fn tick(&mut self, now: Instant) -> Vec<Instruction> {
        if self.deadline().is_none_or(|deadline| now < deadline) {
            return Vec::new();
        }
        match self.state {
            State::Serving => Vec::new(),
            State::Off { .. } => {
                self.state = State::Rechecking;
                self.round = now;
                self.asked = 0;
                self.heard_in_round = false;
                self.ask()
            }
            State::Checking | State::Rechecking if self.asked < QUESTIONS.len() => self.ask(),
            State::Checking | State::Rechecking => {
                self.end_round(now);
                Vec::new()
            }
        }
    }

    /// Notes that somebody else answered or spoke up.
    pub fn saw(&mut self, other: Sighting, now: Instant) {
        if self.state == State::Rechecking && !self.heard_in_round {
            // Those who were there before and are silent now are gone.
            self.others.clear();
        }
        self.others.insert(other);
        self.heard_in_round = true;
        match self.state {
            State::Checking => self.state = self.off(now),
            State::Serving if now.duration_since(self.round) <= LATE => self.state = self.off(now),
            // Whoever came later is reported; clients that we serve already are not left alone for it.
            State::Serving | State::Off { .. } | State::Rechecking => {}
        }
    }

    fn ask(&mut self) -> Vec<Instruction> {
        self.asked += 1;
        vec![
            Instruction::ProbeOwnAddress,
            Instruction::Inform,
            Instruction::Discover,
            Instruction::SolicitRouters,
        ]
    }

    fn end_round(&mut self, now: Instant) {
        self.state = if self.heard_in_round {
            self.off(now)
        } else {
            self.others.clear();
            State::Serving
        };
    }

    fn off(&self, now: Instant) -> State {
        State::Off {
            recheck_at: now + self.recheck,
        }
    }
}

impl fmt::Display for Other {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DhcpServer(address) => write!(f, "DHCP server {address}"),
            Self::Router(address) => write!(f, "router {address}"),
            Self::AddressInUse(mac) => write!(f, "host {mac} with this router's own address"),
        }
    }
}
