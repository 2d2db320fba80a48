//! A question that upstream must answer, and the reply that comes of it.

use std::borrow::Cow;

use hickory_proto::{
    op::{Query, ResponseCode},
    rr::Record,
};

use crate::reply::{Body, Context};

/// A question for upstream, with all that its reply needs.
#[derive(Debug)]
pub struct Forward {
    context: Context,
    query: Query,
    /// CNAMEs of ours that lead to the name asked upstream.
    chain: Vec<Record>,
    exists: Option<Record>,
}

/// What came of asking upstream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resolution {
    /// Records: CNAMEs, then what was asked for.
    Records(Vec<Record>),
    /// The name exists without this type, or only as an alias to such a name.
    NoData {
        /// CNAMEs that lead there.
        chain: Vec<Record>,
        /// Of the zone that says so; its TTL is how long the answer may be remembered (RFC 2308, 5).
        soa: Option<Record>,
    },
    /// The name does not exist.
    NoName {
        /// CNAMEs that lead there.
        chain: Vec<Record>,
        /// As above.
        soa: Option<Record>,
    },
    /// No resolver gave an answer that can be used.
    Failed,
}

impl Forward {
    pub(crate) const fn new(
        context: Context,
        query: Query,
        chain: Vec<Record>,
        exists: Option<Record>,
    ) -> Self {
        Self {
            context,
            query,
            chain,
            exists,
        }
    }

    /// Name and type to ask for.
    pub const fn query(&self) -> &Query {
        &self.query
    }

    /// The reply. `now` is in seconds since 1970.
    pub fn finish(&self, resolution: &Resolution, now: u64) -> Vec<u8> {
        let (code, records, soa) = match resolution {
            Resolution::Records(records) => (ResponseCode::NoError, records.as_slice(), None),
            Resolution::NoData { chain, soa } => {
                (ResponseCode::NoError, chain.as_slice(), soa.as_ref())
            }
            // The name is there because names below it are ours: NXDOMAIN would deny those too (RFC 8020).
            Resolution::NoName { chain, .. } if self.exists.is_some() => (
                ResponseCode::NoError,
                chain.as_slice(),
                self.exists.as_ref(),
            ),
            Resolution::NoName { chain, soa } => {
                (ResponseCode::NXDomain, chain.as_slice(), soa.as_ref())
            }
            Resolution::Failed => (ResponseCode::ServFail, [].as_slice(), None),
        };
        let body = Body {
            authoritative: false,
            answers: self
                .chain
                .iter()
                .chain(records)
                .map(Cow::Borrowed)
                .collect(),
            authorities: soa.into_iter().map(Cow::Borrowed).collect(),
            additionals: Vec::new(),
        };
        self.context.write(code, &body, now)
    }
}
