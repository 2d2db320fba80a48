//! From a message on the wire to what is to be done about it.

use std::{borrow::Cow, net::IpAddr};

use hickory_proto::{
    op::{Message, MessageType, OpCode, Query, ResponseCode},
    rr::{
        DNSClass, RData, Record, RecordType,
        rdata::{TXT, tsig::TsigError},
    },
};

use crate::{
    authority::Authority,
    forward::Forward,
    reply::{self, Body, Context, Reply, ReplyKind, Transport},
    transfer,
    tsig::SignatureError,
    update::Update,
    zone::NEGATIVE_TTL_SECS,
    zones::{End, Scope},
};

/// What is to be done about a message.
#[derive(Debug)]
pub enum Answer {
    /// Send this.
    Reply(Reply),
    /// Ask upstream, then send what [`Forward::finish`] makes of it.
    Forward(Box<Forward>),
    /// Apply it with [`Authority::update`], one after the other.
    Update(Box<Update>),
    /// Send these, over the stream that the question came on.
    Transfer(Vec<Vec<u8>>),
    /// Send nothing.
    Silence,
}

impl Authority {
    /// Decides about one message. `now` is in seconds since 1970.
    pub fn answer(&self, wire: &[u8], client: IpAddr, transport: Transport, now: u64) -> Answer {
        let Ok(request) = Message::from_vec(wire) else {
            return match reply::format_error(wire) {
                Some(wire) => Answer::Reply(Reply {
                    wire,
                    kind: ReplyKind::Malformed,
                }),
                None => Answer::Silence,
            };
        };
        if request.metadata.message_type == MessageType::Response {
            return Answer::Silence;
        }
        let context = Context::new(&request, transport);
        let refuse = |code, kind| empty(&context, code, kind, now);
        if !self.serves(client) {
            return refuse(ResponseCode::Refused, ReplyKind::Stranger);
        }
        if request
            .edns
            .as_ref()
            .is_some_and(|edns| edns.version() != 0)
        {
            return refuse(ResponseCode::BADVERS, ReplyKind::Unsupported);
        }
        match request.metadata.op_code {
            OpCode::Query => self.answer_query(wire, request, context, transport, now),
            OpCode::Update => self.accept_update(wire, request, context, now),
            OpCode::Status | OpCode::Notify | OpCode::Unknown(_) => {
                refuse(ResponseCode::NotImp, ReplyKind::Unsupported)
            }
        }
    }

    fn answer_query(
        &self,
        wire: &[u8],
        request: Message,
        context: Context,
        transport: Transport,
        now: u64,
    ) -> Answer {
        let [query] = request.queries.as_slice() else {
            return empty(&context, ResponseCode::FormErr, ReplyKind::Malformed, now);
        };
        let query = query.clone();
        if query.query_class() != DNSClass::IN {
            return empty(&context, ResponseCode::Refused, ReplyKind::Unsupported, now);
        }
        if request.signature().is_none() {
            return self.answer_unsigned(query, &request, context, now);
        }
        match self.authenticate(wire, &request, context, now) {
            Ok(context) => self.answer_signed(&query, context, transport, now),
            Err(refusal) => Answer::Reply(refusal),
        }
    }

    fn answer_unsigned(
        &self,
        query: Query,
        request: &Message,
        context: Context,
        now: u64,
    ) -> Answer {
        let kind = query.query_type();
        let is_about_router = self
            .grants
            .keys()
            .any(|key| self.is_router_facts(query.name(), key));
        if is_meta(kind) || is_about_router {
            return empty(&context, ResponseCode::Refused, ReplyKind::Unsupported, now);
        }
        let verdict = self.zones.resolve(query.name(), kind, Scope::Everything);
        let (code, said) = match verdict.end {
            End::Answered => (ResponseCode::NoError, ReplyKind::Answered),
            End::NoData(_) => (ResponseCode::NoError, ReplyKind::NoData),
            End::NoName(_) => (ResponseCode::NXDomain, ReplyKind::NoName),
            End::Elsewhere { name, exists } => {
                if !request.metadata.recursion_desired && verdict.answers.is_empty() {
                    return empty(&context, ResponseCode::Refused, ReplyKind::Unsupported, now);
                }
                let chain = verdict.answers.into_iter().map(Cow::into_owned).collect();
                let forward = Forward::new(context, Query::query(name, kind), chain, exists);
                return Answer::Forward(Box::new(forward));
            }
        };
        let body = body(verdict.answers, verdict.additionals, verdict.end);
        Answer::Reply(Reply {
            wire: context.write(code, &body, now),
            kind: said,
        })
    }

    /// Whoever signs is told what our zones hold, and nothing from elsewhere: so the zone of a name can be found by SOA
    /// queries, also below a zone that falls through.
    fn answer_signed(
        &self,
        query: &Query,
        context: Context,
        transport: Transport,
        now: u64,
    ) -> Answer {
        let kind = query.query_type();
        let key = context.signer().map(|(key, _)| key.name().clone());
        let grant = key.and_then(|key| self.grants.get(&key));
        if matches!(kind, RecordType::AXFR | RecordType::IXFR) {
            return match transfer::messages(self, grant, query, &context, transport, now) {
                Ok(messages) => Answer::Transfer(messages),
                Err(refusal) => Answer::Reply(refusal),
            };
        }
        if is_meta(kind) {
            return empty(&context, ResponseCode::NotImp, ReplyKind::Unsupported, now);
        }
        if let Some(grant) = grant
            && self.is_router_facts(query.name(), grant.key.name())
        {
            let texts = TXT::new(grant.facts.clone());
            let facts = Record::from_rdata(query.name().clone(), 0, RData::TXT(texts));
            let body = Body {
                authoritative: true,
                answers: vec![Cow::Owned(facts)],
                ..Body::default()
            };
            return Answer::Reply(Reply {
                wire: context.write(ResponseCode::NoError, &body, now),
                kind: ReplyKind::Answered,
            });
        }
        let verdict = self.zones.resolve(query.name(), kind, Scope::OwnZones);
        let (code, said) = match &verdict.end {
            End::Answered => (ResponseCode::NoError, ReplyKind::Answered),
            End::NoData(_) => (ResponseCode::NoError, ReplyKind::NoData),
            End::NoName(_) => (ResponseCode::NXDomain, ReplyKind::NoName),
            End::Elsewhere { .. } if verdict.answers.is_empty() => {
                return empty(&context, ResponseCode::Refused, ReplyKind::Unsupported, now);
            }
            End::Elsewhere { .. } => (ResponseCode::NoError, ReplyKind::Answered),
        };
        let body = body(verdict.answers, verdict.additionals, verdict.end);
        Answer::Reply(Reply {
            wire: context.write(code, &body, now),
            kind: said,
        })
    }

    fn accept_update(&self, wire: &[u8], request: Message, context: Context, now: u64) -> Answer {
        if request.signature().is_none() {
            return empty(
                &context,
                ResponseCode::Refused,
                ReplyKind::BadSignature,
                now,
            );
        }
        match self.authenticate(wire, &request, context, now) {
            Ok(context) => Answer::Update(Box::new(Update::new(context, request))),
            Err(refusal) => Answer::Reply(refusal),
        }
    }

    /// The context that signs the reply, or the reply that says what is wrong with the signature (RFC 8945, 5.2).
    fn authenticate(
        &self,
        wire: &[u8],
        request: &Message,
        mut context: Context,
        now: u64,
    ) -> Result<Context, Reply> {
        let key_name = match request.signature() {
            Some(signature) => signature.name.to_lowercase(),
            None => hickory_proto::rr::Name::root(),
        };
        let grant = self.grants.get(&key_name);
        let verified = grant.ok_or(SignatureError::UnknownKey).and_then(|grant| {
            grant
                .key
                .verify_request(wire, request, now)
                .map(|mac| (grant, mac))
        });
        let error = match verified {
            Ok((grant, mac)) => {
                context.sign_with(grant.key.clone(), mac);
                return Ok(context);
            }
            Err(error) => error,
        };
        match (error, grant, request.signature()) {
            (SignatureError::BadTime, Some(grant), Some(signature)) => {
                context.bad_time(grant.key.clone(), signature.data.mac.clone());
            }
            (SignatureError::UnknownKey, ..) => context.bad_signature(key_name, TsigError::BadKey),
            _ => context.bad_signature(key_name, TsigError::BadSig),
        }
        Err(Reply::empty(
            &context,
            ResponseCode::NotAuth,
            ReplyKind::BadSignature,
            now,
        ))
    }
}

/// Types that ask for something else than records of a name (RFC 6895, 3.1), but for ANY.
fn is_meta(kind: RecordType) -> bool {
    let code = u16::from(kind);
    kind == RecordType::OPT || (128..=254).contains(&code) || code == 0
}

fn body<'a>(
    answers: Vec<Cow<'a, Record>>,
    additionals: Vec<Cow<'a, Record>>,
    end: End,
) -> Body<'a> {
    let soa = match end {
        End::NoData(soa) => soa,
        End::NoName(soa) => Some(soa),
        End::Answered | End::Elsewhere { .. } => None,
    };
    debug_assert!(soa.as_ref().is_none_or(|soa| soa.ttl == NEGATIVE_TTL_SECS));
    Body {
        authoritative: true,
        answers,
        authorities: soa.into_iter().map(Cow::Owned).collect(),
        additionals,
    }
}

fn empty(context: &Context, code: ResponseCode, kind: ReplyKind, now: u64) -> Answer {
    Answer::Reply(Reply::empty(context, code, kind, now))
}

#[cfg(test)]
mod tests;
