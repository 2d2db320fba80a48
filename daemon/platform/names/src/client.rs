//! The client that keeps names in step on a DNS server: the router, or BIND, Knot, PowerDNS and others.
//!
//! A name that we put there is marked by a TXT record at `_lanlord-owner.<name>`, which says which cluster owns it. The
//! mark stands below the name, where it stays out of the way of a CNAME or wildcard at the name itself. The zone is read
//! by AXFR; names with our mark follow what is wanted, and no other name is ever touched: prerequisites make the server
//! refuse where our picture is out of date.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    net::{IpAddr, SocketAddr},
};

use dns::{Key, ROUTER_LABEL, SignatureError};
use hickory_proto::{
    op::ResponseCode,
    rr::{Name, RData, RecordType},
};
use model::Reason;
use thiserror::Error;

mod change;
mod contents;
mod exchange;
mod push;

use exchange::Exchange;

/// Pushes names to one server with one key.
#[derive(Debug)]
pub struct Client {
    server: SocketAddr,
    key: Key,
    /// Zones that held names of ours: the last name of a zone must go, too.
    zones: BTreeSet<Name>,
}

/// What the router says about itself (design 5): what a cluster must never give out, and what it may name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// `address=`: its LAN addresses.
    pub addresses: Vec<String>,
    /// `dhcp=`: its DHCP ranges.
    pub dhcp: Vec<String>,
    /// `pool=`: VIP pools of this cluster.
    pub pools: Vec<String>,
    /// `zone=`: zones that this cluster may put names into.
    pub zones: Vec<String>,
}

/// What a push did; names in lower case without a final dot.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Synced {
    /// Names that are new on the server.
    pub added: Vec<String>,
    /// Names whose addresses or TTL changed.
    pub changed: Vec<String>,
    /// Names that are gone.
    pub removed: Vec<String>,
    /// Names that were right already.
    pub kept: usize,
    /// Names that could not be put there or taken away. The others went on.
    pub refused: BTreeMap<String, NameRefusal>,
}

/// Why a server does not have a name as it should be.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum NameRefusal {
    /// Not a name that fits into DNS.
    NotAName,
    /// The server holds no zone that the name falls into.
    NoZone,
    /// The server does not let our key read the zone, without which nothing is compared.
    TransferRefused(String),
    /// The server's policy does not let our key change the name.
    Policy,
    /// Somebody else has put the name there.
    HeldByAnother,
    /// Any other code.
    Code(String),
}

impl Reason for NameRefusal {
    fn code(&self) -> &'static str {
        match self {
            Self::NotAName => "NotADnsName",
            Self::NoZone => "NoSuchZone",
            Self::TransferRefused(_) => "TransferRefused",
            Self::Policy => "RefusedByPolicy",
            Self::HeldByAnother => "NameHeldByAnother",
            Self::Code(_) => "UpdateFailed",
        }
    }

    fn text(&self) -> String {
        match self {
            Self::NotAName => "is no name that fits into DNS".to_string(),
            Self::NoZone => {
                "the DNS server holds no zone for it; add one to `zones` of the [[cluster]]"
                    .to_string()
            }
            Self::TransferRefused(zone) => {
                format!("the DNS server does not let our key transfer zone {zone}")
            }
            Self::Policy => {
                "the DNS server's policy refuses the name; see `zones` of the [[cluster]]"
                    .to_string()
            }
            Self::HeldByAnother => {
                "the DNS server has the name from somebody else, and it is left as it is"
                    .to_string()
            }
            Self::Code(code) => format!("the DNS server answered {code}"),
        }
    }
}

/// Why nothing could be pushed.
#[derive(Debug, Error)]
pub enum ClientError {
    /// No connection.
    #[error("connect to DNS server {server}")]
    Connect {
        /// The server.
        server: SocketAddr,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The connection broke, or no answer came in time.
    #[error("exchange messages with DNS server {server}")]
    Exchange {
        /// The server.
        server: SocketAddr,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The answer cannot be read.
    #[error("understand DNS server {server}")]
    Malformed {
        /// The server.
        server: SocketAddr,
        /// Why.
        #[source]
        source: hickory_proto::ProtoError,
    },
    /// The answer is not the server's, or it does not know our key.
    #[error("verify the answer of DNS server {server}")]
    Signature {
        /// The server.
        server: SocketAddr,
        /// Why.
        #[source]
        source: SignatureError,
    },
    /// Our own message cannot be written.
    #[error("encode a message to DNS server {server}")]
    Encode {
        /// The server.
        server: SocketAddr,
        /// Why.
        #[source]
        source: hickory_proto::ProtoError,
    },
}

impl Client {
    /// A client for one server. The key's name tells whose names they are.
    pub const fn new(server: SocketAddr, key: Key) -> Self {
        Self {
            server,
            key,
            zones: BTreeSet::new(),
        }
    }

    /// The server.
    pub const fn server(&self) -> SocketAddr {
        self.server
    }

    /// Makes the server hold exactly these names of ours, each with addresses and TTL in seconds. What the server refuses
    /// does not stop the rest. Names count in lower case, with or without a final dot.
    pub async fn sync(
        &mut self,
        desired: &BTreeMap<String, (BTreeSet<IpAddr>, u32)>,
    ) -> Result<Synced, ClientError> {
        let mut exchange = Exchange::connect(self.server, &self.key).await?;
        // A router tells its zones, so that the last name of one goes even after our own restart.
        if let Some(facts) = read_facts(&mut exchange).await? {
            let zones = facts.zones.iter().filter_map(|zone| absolute(zone));
            self.zones.extend(zones);
        }
        let owner = self.key.name().to_ascii();
        let owner = owner.trim_end_matches('.');
        push::push(&mut exchange, owner, desired, &mut self.zones).await
    }

    /// What the router says about itself; none: the server is no lanlord router.
    pub async fn facts(&self) -> Result<Option<Facts>, ClientError> {
        let mut exchange = Exchange::connect(self.server, &self.key).await?;
        read_facts(&mut exchange).await
    }
}

async fn read_facts(exchange: &mut Exchange<'_>) -> Result<Option<Facts>, ClientError> {
    let Ok(asked) = exchange.key_name().prepend_label(ROUTER_LABEL) else {
        return Ok(None);
    };
    let reply = exchange.query(&asked, RecordType::TXT).await?;
    if reply.metadata.response_code != ResponseCode::NoError || !reply.metadata.authoritative {
        return Ok(None);
    }
    let texts = reply
        .answers
        .iter()
        .filter_map(|record| match &record.data {
            RData::TXT(texts) if record.name == asked => Some(texts.txt_data.iter()),
            _ => None,
        })
        .flatten();
    let mut facts = Facts::default();
    let mut found = false;
    for text in texts {
        let text = String::from_utf8_lossy(text);
        let Some((fact, value)) = text.split_once('=') else {
            continue;
        };
        let values = match fact {
            "address" => &mut facts.addresses,
            "dhcp" => &mut facts.dhcp,
            "pool" => &mut facts.pools,
            "zone" => &mut facts.zones,
            _ => continue,
        };
        values.push(value.to_string());
        found = true;
    }
    Ok(found.then_some(facts))
}

/// A name from outside, made absolute.
fn absolute(text: &str) -> Option<Name> {
    let mut name = Name::from_ascii(text).ok()?.to_lowercase();
    name.set_fqdn(true);
    (!name.is_root()).then_some(name)
}

/// A name as it is shown: lower case, no final dot.
fn shown(name: &Name) -> String {
    let text = name.to_lowercase().to_ascii();
    text.trim_end_matches('.').to_string()
}
