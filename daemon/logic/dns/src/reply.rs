//! Writing replies: header, EDNS (RFC 6891), truncation (RFC 2181, 9) and signature.

use std::borrow::Cow;

use hickory_proto::{
    ProtoError,
    op::{Edns, Header, HeaderCounts, Message, Metadata, Query, ResponseCode},
    rr::{Name, Record, rdata::tsig::TsigError},
    serialize::binary::{BinEncodable, BinEncoder},
};

use crate::tsig::{self, Key};

/// Largest UDP reply: fits into any IPv6 path without fragments (DNS flag day 2020).
pub(crate) const MAX_UDP_OCTETS: u16 = 1232;
/// Largest UDP reply to a client without EDNS (RFC 1035, 2.3.4).
const PLAIN_UDP_OCTETS: u16 = 512;
/// An OPT record without options.
const OPT_OCTETS: usize = 11;

/// How a request came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// One datagram; the reply must fit the client's buffer.
    Udp,
    /// A stream; replies have up to 65535 octets.
    Tcp,
}

/// A message to send, and what it says, for the counters.
#[derive(Debug)]
pub struct Reply {
    /// The message.
    pub wire: Vec<u8>,
    /// What it says.
    pub kind: ReplyKind,
}

/// What a reply says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ReplyKind {
    /// Records of ours.
    Answered,
    /// The name has no such type here.
    NoData,
    /// The name does not exist here.
    NoName,
    /// The message could not be read.
    Malformed,
    /// The host may not ask.
    Stranger,
    /// The question is not one that we answer.
    Unsupported,
    /// The signature does not hold.
    BadSignature,
    /// The key may not do this.
    Forbidden,
}

/// What a reply takes over from its request.
#[derive(Clone, Debug)]
pub(crate) struct Context {
    metadata: Metadata,
    queries: Vec<Query>,
    edns: Option<Edns>,
    limit: u16,
    signing: Signing,
}

/// How the reply is signed.
#[derive(Clone, Debug)]
enum Signing {
    No,
    With { key: Key, request_mac: Vec<u8> },
    BadTime { key: Key, request_mac: Vec<u8> },
    Unsigned { key: Name, error: TsigError },
}

/// The sections of a reply.
#[derive(Debug, Default)]
pub(crate) struct Body<'a> {
    /// Whether the answer is ours to give.
    pub(crate) authoritative: bool,
    pub(crate) answers: Vec<Cow<'a, Record>>,
    pub(crate) authorities: Vec<Cow<'a, Record>>,
    pub(crate) additionals: Vec<Cow<'a, Record>>,
}

impl Reply {
    /// A reply without records.
    pub(crate) fn empty(context: &Context, code: ResponseCode, kind: ReplyKind, now: u64) -> Self {
        Self {
            wire: context.empty(code, now),
            kind,
        }
    }
}

impl Context {
    /// The context of a request that could be read.
    pub(crate) fn new(request: &Message, transport: Transport) -> Self {
        let mut metadata = Metadata::response_from_request(&request.metadata);
        metadata.recursion_available = true;
        let limit = match (transport, &request.edns) {
            (Transport::Tcp, _) => u16::MAX,
            (Transport::Udp, Some(edns)) => {
                edns.max_payload().clamp(PLAIN_UDP_OCTETS, MAX_UDP_OCTETS)
            }
            (Transport::Udp, None) => PLAIN_UDP_OCTETS,
        };
        let edns = request.edns.as_ref().map(|asked| {
            let mut ours = Edns::new();
            ours.set_max_payload(MAX_UDP_OCTETS)
                .set_dnssec_ok(asked.flags().dnssec_ok);
            ours
        });
        Self {
            metadata,
            queries: request.queries.clone(),
            edns,
            limit,
            signing: Signing::No,
        }
    }

    /// Signs the reply with the key that signed the request.
    pub(crate) fn sign_with(&mut self, key: Key, request_mac: Vec<u8>) {
        self.signing = Signing::With { key, request_mac };
    }

    /// Signs a reply that says by how much the clocks differ.
    pub(crate) fn bad_time(&mut self, key: Key, request_mac: Vec<u8>) {
        self.signing = Signing::BadTime { key, request_mac };
    }

    /// Names the TSIG error in a record without MAC.
    pub(crate) fn bad_signature(&mut self, key: Name, error: TsigError) {
        self.signing = Signing::Unsigned { key, error };
    }

    /// The key that signed the request, with the request's MAC.
    pub(crate) const fn signer(&self) -> Option<(&Key, &Vec<u8>)> {
        match &self.signing {
            Signing::With { key, request_mac } => Some((key, request_mac)),
            Signing::No | Signing::BadTime { .. } | Signing::Unsigned { .. } => None,
        }
    }

    /// Id of the request.
    pub(crate) const fn id(&self) -> u16 {
        self.metadata.id
    }

    /// A reply without records.
    pub(crate) fn empty(&self, code: ResponseCode, now: u64) -> Vec<u8> {
        self.write(code, &Body::default(), now)
    }

    /// The reply on the wire. What does not fit is left out: the answers with the TC bit, the rest silently.
    pub(crate) fn write(&self, code: ResponseCode, body: &Body<'_>, now: u64) -> Vec<u8> {
        let mut wire = self
            .encode(code, body, false)
            .or_else(|_| self.encode(code, &Body::default(), true))
            .unwrap_or_default();
        if wire.is_empty() {
            return wire;
        }
        let id = self.metadata.id;
        match &self.signing {
            Signing::No => {}
            Signing::With { key, request_mac } => {
                key.sign_reply(&mut wire, id, now, request_mac, None);
            }
            Signing::BadTime { key, request_mac } => {
                key.sign_reply(&mut wire, id, now, request_mac, Some(TsigError::BadTime));
            }
            Signing::Unsigned { key, error } => {
                tsig::attach_error(&mut wire, key, id, now, *error);
            }
        }
        wire
    }

    /// One message of a stream, unsigned and without question after the first (RFC 5936, 2.2.1).
    pub(crate) fn stream_message(&self, records: &[&Record], first: bool) -> Vec<u8> {
        let mut part = self.clone();
        if !first {
            part.queries.clear();
            part.edns = None;
        }
        let body = Body {
            authoritative: true,
            answers: records.iter().copied().map(Cow::Borrowed).collect(),
            ..Body::default()
        };
        part.encode(ResponseCode::NoError, &body, false)
            .unwrap_or_default()
    }

    /// Fails when the answers do not fit.
    fn encode(
        &self,
        code: ResponseCode,
        body: &Body<'_>,
        truncated: bool,
    ) -> Result<Vec<u8>, ProtoError> {
        let mut wire = Vec::with_capacity(512);
        let mut encoder = BinEncoder::new(&mut wire);
        let edns_octets = if self.edns.is_some() { OPT_OCTETS } else { 0 };
        let reserved = edns_octets + self.signature_octets();
        let for_records = usize::from(self.limit).saturating_sub(reserved);
        encoder.set_max_size(u16::try_from(for_records).unwrap_or(u16::MAX));
        let place = encoder.place::<Header>()?;
        let queries = encoder.emit_all(self.queries.iter())?;
        let answers = encoder.emit_all(body.answers.iter().map(|record| &**record))?;
        let authorities = as_far_as_it_fits(&mut encoder, &body.authorities)?;
        let mut additionals = as_far_as_it_fits(&mut encoder, &body.additionals)?;
        encoder.set_max_size(u16::MAX);
        if let Some(edns) = &self.edns {
            let mut edns = edns.clone();
            edns.set_rcode_high(code.high());
            Record::from(&edns).emit(&mut encoder)?;
            additionals += 1;
        }
        let mut metadata = self.metadata;
        metadata.response_code = code;
        metadata.authoritative = body.authoritative;
        metadata.truncation = truncated;
        let counts = HeaderCounts {
            queries: count(queries)?,
            answers: count(answers)?,
            authorities: count(authorities)?,
            additionals: count(additionals)?,
        };
        place.replace(&mut encoder, Header { metadata, counts })?;
        Ok(wire)
    }

    fn signature_octets(&self) -> usize {
        match &self.signing {
            Signing::No => 0,
            Signing::With { key, .. } | Signing::BadTime { key, .. } => key.signature_len(),
            Signing::Unsigned { key, .. } => key.len() + 64,
        }
    }
}

fn as_far_as_it_fits(
    encoder: &mut BinEncoder<'_>,
    records: &[Cow<'_, Record>],
) -> Result<usize, ProtoError> {
    match encoder.emit_all(records.iter().map(|record| &**record)) {
        Err(ProtoError::NotAllRecordsWritten { count, .. }) => Ok(count),
        other => other,
    }
}

fn count(records: usize) -> Result<u16, ProtoError> {
    u16::try_from(records).map_err(|_| ProtoError::Message("too many records for one message"))
}

/// The reply to a message whose header could be read but whose rest could not; none if not even that, or if the message
/// is itself a reply: answering those lets two servers play ping-pong.
pub(crate) fn format_error(wire: &[u8]) -> Option<Vec<u8>> {
    let header: &[u8; 12] = wire.get(..12)?.try_into().ok()?;
    let (query_bit, format_error) = (0x80, 1);
    if header[2] & query_bit != 0 {
        return None;
    }
    let mut reply = vec![0; 12];
    reply[..2].copy_from_slice(&header[..2]);
    // Opcode and RD of the request, QR set.
    reply[2] = query_bit | (header[2] & 0x79);
    reply[3] = format_error;
    Some(reply)
}
