//! TSIG (RFC 8945): who signed a message, and signing what we send.
//!
//! The MAC itself is hickory's. Time comes in as seconds since 1970, because that is what a signature carries.

use std::fmt;

use hickory_proto::{
    op::{Header, Message, MessageType},
    rr::{
        DNSClass, Name, Record, TSigner,
        rdata::tsig::{TSIG, TsigAlgorithm, TsigError, make_tsig_record},
    },
    serialize::binary::{BinDecodable, BinDecoder, BinEncodable, BinEncoder},
};
use hkdf::Hkdf;
use sha2::Sha256;
use thiserror::Error;

/// How far the two clocks may be apart (RFC 8945, 10 recommends 300).
const FUDGE_SECS: u16 = 300;
/// What a signature of ours takes at most beside the key's name: fixed fields, algorithm name and a SHA-512 MAC.
const SIGNATURE_OCTETS: usize = 110;
/// Unsigned messages that a stream may have between two signed ones (RFC 8945, 5.3.1).
const MAX_UNSIGNED: usize = 99;

/// A shared key under its name.
#[derive(Clone)]
pub struct Key {
    signer: TSigner,
}

/// A key that cannot be used.
#[derive(Debug, Error)]
pub enum KeyError {
    /// The name does not fit on the wire.
    #[error("`{0}` is no name for a key")]
    Name(String),
    /// hmac-sha256, hmac-sha384 and hmac-sha512 are supported.
    #[error("algorithm `{0}` is not one of hmac-sha256, hmac-sha384, hmac-sha512")]
    Algorithm(String),
}

/// A message whose signature does not hold.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum SignatureError {
    /// There is none.
    #[error("message is not signed")]
    Missing,
    /// Signed with a key, or an algorithm, that we do not have.
    #[error("signed with an unknown key")]
    UnknownKey,
    /// The MAC is wrong.
    #[error("signature does not match")]
    BadSignature,
    /// Signed too long ago, or in the future.
    #[error("signature is outside the {FUDGE_SECS} s that clocks may differ")]
    BadTime,
    /// The other side refused ours; the number is the TSIG error.
    #[error("signature was refused with TSIG error {0}")]
    Refused(u16),
}

impl Key {
    /// The key of a cluster, from the key that cluster and router share: HKDF-SHA256 with empty salt.
    pub fn derive(shared: &[u8; 32], cluster: &str) -> Result<Self, KeyError> {
        Self::new(cluster, "hmac-sha256", cluster_secret(shared).to_vec())
    }

    /// A key as other DNS servers write it: `name`, `algorithm` such as `hmac-sha256`, and the secret's octets.
    pub fn new(name: &str, algorithm: &str, secret: Vec<u8>) -> Result<Self, KeyError> {
        let mut key_name = Name::from_ascii(name).map_err(|_| KeyError::Name(name.to_string()))?;
        key_name.set_fqdn(true);
        let unsupported = || KeyError::Algorithm(algorithm.to_string());
        let algorithm = match algorithm
            .trim_end_matches('.')
            .to_ascii_lowercase()
            .as_str()
        {
            "hmac-sha256" => TsigAlgorithm::HmacSha256,
            "hmac-sha384" => TsigAlgorithm::HmacSha384,
            "hmac-sha512" => TsigAlgorithm::HmacSha512,
            _ => return Err(unsupported()),
        };
        let signer = TSigner::new(secret, algorithm, key_name.to_lowercase(), FUDGE_SECS)
            .map_err(|_| unsupported())?;
        Ok(Self { signer })
    }

    /// Name of the key, in lower case.
    pub fn name(&self) -> &Name {
        self.signer.signer_name()
    }

    /// Octets that a signature by this key adds to a message.
    pub(crate) fn signature_len(&self) -> usize {
        self.name().len() + SIGNATURE_OCTETS
    }

    /// Verifies a request; the MAC goes into the signature of the reply.
    pub(crate) fn verify_request(
        &self,
        wire: &[u8],
        message: &Message,
        now: u64,
    ) -> Result<Vec<u8>, SignatureError> {
        let tsig = message.signature().ok_or(SignatureError::Missing)?;
        if tsig.data.algorithm != *self.signer.algorithm() {
            return Err(SignatureError::UnknownKey);
        }
        // Neither is covered by the MAC as sent, only as it must be (RFC 8945, 4.2).
        if tsig.dns_class != DNSClass::ANY || tsig.ttl != 0 {
            return Err(SignatureError::BadSignature);
        }
        // hickory subtracts the fudge from the time without looking, and no honest clock stands in 1970.
        if tsig.data.time < u64::from(tsig.data.fudge) {
            return Err(SignatureError::BadSignature);
        }
        let (mac, signed_at, _) = self
            .signer
            .verify_message_byte(wire, None, true)
            .map_err(|_| SignatureError::BadSignature)?;
        // Our own bound, not the sender's fudge, which he may set to 65535 (RFC 8945, 5.2.3 lets the server decide).
        let allowed = u64::from(tsig.data.fudge.min(FUDGE_SECS));
        if signed_at.abs_diff(now) > allowed {
            return Err(SignatureError::BadTime);
        }
        Ok(mac)
    }

    /// Signs a request and returns what verifies the replies to it.
    pub fn sign_request(&self, wire: &mut Vec<u8>, id: u16, now: u64) -> ReplyVerifier {
        let mac = self.append(wire, id, now, None, &[]);
        ReplyVerifier {
            key: self.clone(),
            previous: mac,
            first: true,
            unsigned: Vec::new(),
            unsigned_count: 0,
        }
    }

    /// Signs a whole reply (RFC 8945, 5.3); `error` is BADTIME or none.
    pub(crate) fn sign_reply(
        &self,
        wire: &mut Vec<u8>,
        id: u16,
        now: u64,
        request_mac: &[u8],
        error: Option<TsigError>,
    ) -> Vec<u8> {
        self.append(wire, id, now, error, request_mac)
    }

    /// Signs a later message of a stream: the previous MAC, the message and the timers only (RFC 8945, 5.3.1).
    pub(crate) fn sign_next(
        &self,
        wire: &mut Vec<u8>,
        id: u16,
        now: u64,
        previous: &[u8],
    ) -> Vec<u8> {
        let mut signed = with_length(previous);
        signed.extend_from_slice(wire);
        signed.extend_from_slice(&timers(now, FUDGE_SECS));
        let mac = self.mac(&signed);
        attach(
            wire,
            self.name(),
            self.unsigned_tsig(id, now, None).set_mac(mac.clone()),
        );
        mac
    }

    fn append(
        &self,
        wire: &mut Vec<u8>,
        id: u16,
        now: u64,
        error: Option<TsigError>,
        request_mac: &[u8],
    ) -> Vec<u8> {
        let tsig = self.unsigned_tsig(id, now, error);
        let mut signed = match request_mac {
            [] => Vec::new(),
            mac => with_length(mac),
        };
        signed.extend_from_slice(wire);
        let mut variables = Vec::new();
        tsig.emit_tsig_for_mac(&mut BinEncoder::new(&mut variables), self.name())
            .expect("a key's name and a fixed set of numbers fit into a buffer without limit");
        signed.extend_from_slice(&variables);
        let mac = self.mac(&signed);
        attach(wire, self.name(), tsig.set_mac(mac.clone()));
        mac
    }

    fn unsigned_tsig(&self, id: u16, now: u64, error: Option<TsigError>) -> TSIG {
        let other = match error {
            // The server's own clock, so that the client can say how far it is off (RFC 8945, 5.2.3).
            Some(TsigError::BadTime) => now.to_be_bytes()[2..].to_vec(),
            _ => Vec::new(),
        };
        let algorithm = self.signer.algorithm().clone();
        TSIG::new(algorithm, now, FUDGE_SECS, Vec::new(), id, error, other)
    }

    fn mac(&self, data: &[u8]) -> Vec<u8> {
        self.signer
            .sign(data)
            .expect("the algorithm was checked when the key was made")
    }
}

fn cluster_secret(shared: &[u8; 32]) -> [u8; 32] {
    let mut secret = [0; 32];
    Hkdf::<Sha256>::new(None, shared)
        .expand(b"lanlord/v1/tsig", &mut secret)
        .expect("32 octets are less than HKDF-SHA256 can give");
    secret
}

impl fmt::Debug for Key {
    /// The name, never the secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key")
            .field("name", self.name())
            .finish_non_exhaustive()
    }
}

/// Puts an unsigned TSIG on an error reply: BADKEY and BADSIG carry no MAC (RFC 8945, 5.2.1 and 5.2.2).
pub(crate) fn attach_error(
    wire: &mut Vec<u8>,
    key_name: &Name,
    id: u16,
    now: u64,
    error: TsigError,
) {
    let algorithm = TsigAlgorithm::HmacSha256;
    let tsig = TSIG::new(
        algorithm,
        now,
        FUDGE_SECS,
        Vec::new(),
        id,
        Some(error),
        Vec::new(),
    );
    attach(wire, key_name, tsig);
}

/// Verifies the reply, or the stream of replies, to a request that we signed.
pub struct ReplyVerifier {
    key: Key,
    previous: Vec<u8>,
    first: bool,
    /// Messages since the last signed one, as received.
    unsigned: Vec<u8>,
    unsigned_count: usize,
}

impl ReplyVerifier {
    /// Takes one message. A later message of a stream may be unsigned, up to 99 in a row: it counts only once
    /// [`Self::is_settled`] holds after a signed one.
    pub fn verify(
        &mut self,
        wire: &[u8],
        message: &Message,
        now: u64,
    ) -> Result<(), SignatureError> {
        let Some(record) = message.signature() else {
            return self.take_unsigned(wire, message);
        };
        let tsig = &record.data;
        if let Some(error @ (TsigError::BadKey | TsigError::BadSig)) = tsig.error {
            return Err(SignatureError::Refused(error.into()));
        }
        if record.name != *self.key.name() || tsig.algorithm != *self.key.signer.algorithm() {
            return Err(SignatureError::UnknownKey);
        }
        let mut signed = with_length(&self.previous);
        signed.append(&mut self.unsigned);
        signed.extend_from_slice(&detach(wire, record).ok_or(SignatureError::BadSignature)?);
        if self.first {
            let mut variables = Vec::new();
            tsig.emit_tsig_for_mac(&mut BinEncoder::new(&mut variables), &record.name)
                .map_err(|_| SignatureError::BadSignature)?;
            signed.extend_from_slice(&variables);
        } else {
            signed.extend_from_slice(&timers(tsig.time, tsig.fudge));
        }
        self.key
            .signer
            .verify(&signed, &tsig.mac)
            .map_err(|_| SignatureError::BadSignature)?;
        if let Some(error) = tsig.error {
            return Err(SignatureError::Refused(error.into()));
        }
        if tsig.time.abs_diff(now) > u64::from(FUDGE_SECS) {
            return Err(SignatureError::BadTime);
        }
        self.previous.clone_from(&tsig.mac);
        self.first = false;
        self.unsigned_count = 0;
        Ok(())
    }

    /// Whether everything taken so far is covered by a signature.
    pub const fn is_settled(&self) -> bool {
        !self.first && self.unsigned_count == 0
    }

    fn take_unsigned(&mut self, wire: &[u8], message: &Message) -> Result<(), SignatureError> {
        let continues = message.metadata.message_type == MessageType::Response && !self.first;
        if !continues || self.unsigned_count == MAX_UNSIGNED {
            return Err(SignatureError::Missing);
        }
        self.unsigned.extend_from_slice(wire);
        self.unsigned_count += 1;
        Ok(())
    }
}

fn with_length(mac: &[u8]) -> Vec<u8> {
    let length = u16::try_from(mac.len()).unwrap_or(u16::MAX);
    let mut out = length.to_be_bytes().to_vec();
    out.extend_from_slice(mac);
    out
}

fn timers(time: u64, fudge: u16) -> [u8; 8] {
    let mut out = [0; 8];
    out[..6].copy_from_slice(&time.to_be_bytes()[2..]);
    out[6..].copy_from_slice(&fudge.to_be_bytes());
    out
}

/// Appends the record and counts it in the header.
fn attach(wire: &mut Vec<u8>, key_name: &Name, tsig: TSIG) {
    let mut record = Vec::new();
    let encoded = make_tsig_record(key_name.clone(), tsig)
        .into_record_of_rdata()
        .emit(&mut BinEncoder::new(&mut record));
    debug_assert!(
        encoded.is_ok(),
        "a TSIG record has no part that could fail to encode"
    );
    wire.extend_from_slice(&record);
    let count = additionals(wire).wrapping_add(1);
    wire[10..12].copy_from_slice(&count.to_be_bytes());
}

/// The message as it was before the signature was appended: without the record, with the original id.
fn detach(wire: &[u8], record: &Record<TSIG>) -> Option<Vec<u8>> {
    let mut unsigned = wire.get(..last_record(wire)?)?.to_vec();
    let count = additionals(&unsigned).checked_sub(1)?;
    unsigned[10..12].copy_from_slice(&count.to_be_bytes());
    unsigned[..2].copy_from_slice(&record.data.oid.to_be_bytes());
    Some(unsigned)
}

/// Where the last record of a message begins.
fn last_record(wire: &[u8]) -> Option<usize> {
    let mut decoder = BinDecoder::new(wire);
    let header = Header::read(&mut decoder).ok()?;
    Message::read_queries(&mut decoder, header.counts.queries.into()).ok()?;
    let counts = [
        header.counts.answers,
        header.counts.authorities,
        header.counts.additionals,
    ];
    let before_last = counts
        .into_iter()
        .map(usize::from)
        .sum::<usize>()
        .checked_sub(1)?;
    Message::read_records(&mut decoder, before_last, true, header.metadata.op_code).ok()?;
    Some(decoder.index())
}

fn additionals(wire: &[u8]) -> u16 {
    u16::from_be_bytes([wire[10], wire[11]])
}

#[cfg(test)]
mod tests;
