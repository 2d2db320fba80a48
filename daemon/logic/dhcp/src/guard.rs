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
//! Others that are seen while serving are reported until a later round finds them gone. `authoritative` overrules: DHCP
//! is served at once, and the questions are asked for the report only.

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
/// Others that are told apart. A LAN has a few; whoever invents more must not fill memory and log with them.
const OTHERS: usize = 16;

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
    round: Progress,
    others: BTreeSet<Other>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Checking,
    /// Until this time an answer still counts as one to the questions.
    Serving {
        late_until: Instant,
    },
    Off,
}

/// How far the questions are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    Asking {
        since: Instant,
        asked: usize,
        heard: bool,
    },
    /// Nothing to ask until then; never while nobody else was seen.
    Waiting(Option<Instant>),
}

impl Guard {
    /// Begins to check. With others around it asks again every `recheck`.
    pub const fn new(authoritative: bool, recheck: Duration, now: Instant) -> Self {
        Self {
            authoritative,
            recheck,
            state: State::Checking,
            round: Progress::Asking {
                since: now,
                asked: 0,
                heard: false,
            },
            others: BTreeSet::new(),
        }
    }

    /// Whether DHCP is to be served.
    pub const fn verdict(&self) -> Verdict {
        match self.state {
            _ if self.authoritative => Verdict::Serving,
            State::Checking => Verdict::Checking,
            State::Serving { .. } => Verdict::Serving,
            State::Off => Verdict::Off,
        }
    }

    /// Whether a finished round found nobody: then no other server can know a client that we do not know.
    pub fn is_alone(&self) -> bool {
        matches!(self.state, State::Serving { .. }) && self.others.is_empty()
    }

    /// Everybody who answered, in order; of a crowd the first ones.
    pub const fn others(&self) -> &BTreeSet<Other> {
        &self.others
    }

    /// Overrules the check, or ends that.
    pub const fn set_authoritative(&mut self, authoritative: bool) {
        self.authoritative = authoritative;
    }

    /// When [`Guard::tick`] is due; never while all is well.
    pub fn deadline(&self) -> Option<Instant> {
        match self.round {
            Progress::Asking { since, asked, .. } => {
                Some(since + QUESTIONS.get(asked).copied().unwrap_or(ROUND))
            }
            Progress::Waiting(next) => next,
        }
    }

    /// Goes on where it is due.
    pub fn tick(&mut self, now: Instant) -> Vec<Instruction> {
        if self.deadline().is_none_or(|deadline| now < deadline) {
            return Vec::new();
        }
        match self.round {
            Progress::Asking {
                since,
                asked,
                heard,
            } if asked >= QUESTIONS.len() => {
                self.end_round(since, heard, now);
                Vec::new()
            }
            Progress::Asking {
                since,
                asked,
                heard,
            } => self.ask(since, asked, heard),
            Progress::Waiting(_) => self.ask(now, 0, false),
        }
    }

    /// Notes that somebody else answered or spoke up.
    pub fn saw(&mut self, other: Sighting, now: Instant) {
        let again = self.state != State::Checking;
        if let Progress::Asking { heard, .. } = &mut self.round {
            if again && !*heard {
                // Those who were there before and are silent now are gone.
                self.others.clear();
            }
            *heard = true;
        }
        if self.others.len() < OTHERS {
            self.others.insert(other);
        }
        match self.state {
            State::Checking => self.turn_off(now),
            State::Serving { late_until } if now <= late_until => self.turn_off(now),
            // Whoever came later is reported; clients that we serve already are not left alone for it.
            State::Serving { .. } | State::Off => {
                if self.round == Progress::Waiting(None) {
                    self.round = Progress::Waiting(Some(now + self.recheck));
                }
            }
        }
    }

    fn ask(&mut self, since: Instant, asked: usize, heard: bool) -> Vec<Instruction> {
        self.round = Progress::Asking {
            since,
            asked: asked + 1,
            heard,
        };
        vec![
            Instruction::ProbeOwnAddress,
            Instruction::Inform,
            Instruction::Discover,
            Instruction::SolicitRouters,
        ]
    }

    fn end_round(&mut self, since: Instant, heard: bool, now: Instant) {
        if heard {
            self.round = Progress::Waiting(Some(now + self.recheck));
            return;
        }
        self.round = Progress::Waiting(None);
        self.others.clear();
        match self.state {
            State::Checking | State::Off => {
                let late_until = since + LATE;
                self.state = State::Serving { late_until };
            }
            State::Serving { .. } => {}
        }
    }

    fn turn_off(&mut self, now: Instant) {
        self.state = State::Off;
        self.round = Progress::Waiting(Some(now + self.recheck));
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
