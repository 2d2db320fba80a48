//! Signed messages over one TCP connection, one at a time.

use std::{
    io,
    net::SocketAddr,
    time::{Duration, SystemTime},
};

use dns::{Key, ReplyVerifier, SignatureError};
use hickory_proto::{
    op::{Message, MessageType, OpCode, Query, ResponseCode},
    rr::{Name, Record, RecordType},
};
use tokio::{
    net::{
        TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    time::timeout,
};

use super::ClientError;
use crate::{
    frames::{self, Frames},
    responder::unix_seconds,
};

/// Time for the connection, and for each message of an answer. A router on the LAN takes milliseconds.
const PATIENCE: Duration = Duration::from_secs(5);
/// Records of one transfer: far more than a cluster names, and a bound for what a server can make us keep.
const MAX_TRANSFER_RECORDS: usize = 1_000_000;

/// A connection to the server.
pub(super) struct Exchange<'a> {
    server: SocketAddr,
    key: &'a Key,
    reader: Frames<OwnedReadHalf>,
    writer: OwnedWriteHalf,
    next_id: u16,
}

impl<'a> Exchange<'a> {
    pub(super) async fn connect(server: SocketAddr, key: &'a Key) -> Result<Self, ClientError> {
        let failed = |source| ClientError::Connect { server, source };
        let stream = timeout(PATIENCE, TcpStream::connect(server))
            .await
            .map_err(|late| failed(late.into()))?
            .map_err(failed)?;
        stream.set_nodelay(true).map_err(failed)?;
        let (reader, writer) = stream.into_split();
        Ok(Self {
            server,
            key,
            reader: Frames::new(reader),
            writer,
            next_id: first_id(),
        })
    }

    /// Name of the key.
    pub(super) fn key_name(&self) -> &'a Name {
        self.key.name()
    }

    /// Asks without recursion: only what the server itself holds counts.
    pub(super) async fn query(
        &mut self,
        name: &Name,
        kind: RecordType,
    ) -> Result<Message, ClientError> {
        let mut message = Message::new(0, MessageType::Query, OpCode::Query);
        message.add_query(Query::query(name.clone(), kind));
        self.ask(message).await
    }

    /// Sends an UPDATE or query and reads its one reply.
    pub(super) async fn ask(&mut self, message: Message) -> Result<Message, ClientError> {
        let (id, mut verifier) = self.send(message).await?;
        let (wire, reply) = self.receive(id).await?;
        match verifier.verify(&wire, &reply, unix_seconds()) {
            Ok(()) => Ok(reply),
            // A server that does not sign what it refuses says nothing that could do harm.
            Err(SignatureError::Missing)
                if reply.metadata.response_code != ResponseCode::NoError =>
            {
                Ok(reply)
            }
            Err(source) => Err(self.unverified(source)),
        }
    }

    /// Transfers a zone: all its records, or the code with which the server refuses.
    pub(super) async fn transfer(
        &mut self,
        zone: &Name,
    ) -> Result<Result<Vec<Record>, ResponseCode>, ClientError> {
        let mut message = Message::new(0, MessageType::Query, OpCode::Query);
        message.add_query(Query::query(zone.clone(), RecordType::AXFR));
        let (id, mut verifier) = self.send(message).await?;
        let mut records: Vec<Record> = Vec::new();
        loop {
            let (wire, reply) = self.receive(id).await?;
            let code = reply.metadata.response_code;
            if let Err(source) = verifier.verify(&wire, &reply, unix_seconds()) {
                if source == SignatureError::Missing && code != ResponseCode::NoError {
                    return Ok(Err(code));
                }
                return Err(self.unverified(source));
            }
            if code != ResponseCode::NoError {
                return Ok(Err(code));
            }
            records.extend(reply.answers);
            match shape(&records) {
                Shape::Whole if verifier.is_settled() => return Ok(Ok(records)),
                Shape::Whole => return Err(self.unverified(SignatureError::Missing)),
                Shape::Wrong => {
                    let source = hickory_proto::ProtoError::Message(
                        "a zone transfer must begin with the SOA and stay within bounds",
                    );
                    return Err(ClientError::Malformed {
                        server: self.server,
                        source,
                    });
                }
                Shape::Partial => {}
            }
        }
    }

    async fn send(&mut self, mut message: Message) -> Result<(u16, ReplyVerifier), ClientError> {
        let server = self.server;
        let id = self.next_id;
        self.next_id = self.next_id.wrapping_add(1);
        message.metadata.id = id;
        let mut wire = message
            .to_vec()
            .map_err(|source| ClientError::Encode { server, source })?;
        let verifier = self.key.sign_request(&mut wire, id, unix_seconds());
        timeout(PATIENCE, frames::write(&mut self.writer, &wire))
            .await
            .map_err(|late| self.broken(late.into()))?
            .map_err(|error| self.broken(error))?;
        Ok((id, verifier))
    }

    async fn receive(&mut self, id: u16) -> Result<(Vec<u8>, Message), ClientError> {
        let server = self.server;
        let frame = timeout(PATIENCE, self.reader.next())
            .await
            .map_err(|late| ClientError::Exchange {
                server,
                source: late.into(),
            })?
            .map_err(|source| ClientError::Exchange { server, source })?;
        let Some(wire) = frame else {
            return Err(self.broken(io::ErrorKind::UnexpectedEof.into()));
        };
        let message = Message::from_vec(&wire).map_err(|error| ClientError::Malformed {
            server,
            source: error.into(),
        })?;
        if message.metadata.id != id || message.metadata.message_type != MessageType::Response {
            return Err(ClientError::Malformed {
                server,
                source: hickory_proto::ProtoError::Message("the answer is to another question"),
            });
        }
        Ok((wire, message))
    }

    const fn broken(&self, source: io::Error) -> ClientError {
        ClientError::Exchange {
            server: self.server,
            source,
        }
    }

    const fn unverified(&self, source: SignatureError) -> ClientError {
        ClientError::Signature {
            server: self.server,
            source,
        }
    }
}

enum Shape {
    Partial,
    Whole,
    Wrong,
}

/// A transfer begins and ends with the SOA (RFC 5936, 2.2).
fn shape(records: &[Record]) -> Shape {
    let is_soa = |record: Option<&Record>| {
        record.is_some_and(|record| record.record_type() == RecordType::SOA)
    };
    if !is_soa(records.first()) || records.len() > MAX_TRANSFER_RECORDS {
        return Shape::Wrong;
    }
    match records.len() > 1 && is_soa(records.last()) {
        true => Shape::Whole,
        false => Shape::Partial,
    }
}

/// Signatures protect the exchange; the id only tells answers apart.
fn first_id() -> u16 {
    SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .map_or(1, |since| (since.subsec_nanos() & 0xffff) as u16)
}
