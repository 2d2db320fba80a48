//! Zone transfer (RFC 5936): all names of a zone, in as many messages as it takes, to the holder of a key for it.

use hickory_proto::{
    op::{Query, ResponseCode},
    rr::{Record, RecordType},
};

use crate::{
    authority::Authority,
    grant::Grant,
    reply::{Context, Reply, ReplyKind, Transport},
    zone::Zone,
};

/// Records per message: 100 with the longest possible name and a TXT of 255 octets stay below 65535 octets.
const RECORDS_PER_MESSAGE: usize = 100;

/// The messages of a transfer, or its refusal. An incremental one (RFC 1995) is answered in full, which its section 4
/// allows.
pub(crate) fn messages(
    authority: &Authority,
    grant: Option<&Grant>,
    query: &Query,
    context: &Context,
    transport: Transport,
    now: u64,
) -> Result<Vec<Vec<u8>>, Reply> {
    let refuse = |code, kind| Err(Reply::empty(context, code, kind, now));
    let Some(zone) = authority.zones.at(query.name()) else {
        return refuse(ResponseCode::NotAuth, ReplyKind::Unsupported);
    };
    let allowed = grant.is_some_and(|grant| grant.for_zone(zone.apex()).is_some());
    if !allowed {
        return refuse(ResponseCode::Refused, ReplyKind::Forbidden);
    }
    match (transport, query.query_type()) {
        (Transport::Tcp, _) => Ok(whole(zone, context, now)),
        // Only the SOA: the client learns the serial, and that it must come by TCP (RFC 1995, 2).
        (Transport::Udp, RecordType::IXFR) => Ok(vec![sign(context, &[zone.soa()], None, now).0]),
        (Transport::Udp, _) => refuse(ResponseCode::FormErr, ReplyKind::Unsupported),
    }
}

fn whole(zone: &Zone, context: &Context, now: u64) -> Vec<Vec<u8>> {
    let names = zone.nodes().flat_map(|node| node.records());
    let records: Vec<&Record> = [zone.soa(), zone.ns()]
        .into_iter()
        .chain(names)
        .chain([zone.soa()])
        .collect();
    let mut previous = None;
    records
        .chunks(RECORDS_PER_MESSAGE)
        .map(|records| {
            let (wire, mac) = sign(context, records, previous.as_deref(), now);
            previous = Some(mac);
            wire
        })
        .collect()
}

/// The message and its MAC. The first is signed whole with the request's MAC, later ones with the one before.
fn sign(
    context: &Context,
    records: &[&Record],
    previous: Option<&[u8]>,
    now: u64,
) -> (Vec<u8>, Vec<u8>) {
    let mut wire = context.stream_message(records, previous.is_none());
    let mac = match (context.signer(), previous) {
        (Some((key, request_mac)), None) => {
            key.sign_reply(&mut wire, context.id(), now, request_mac, None)
        }
        (Some((key, _)), Some(previous)) => key.sign_next(&mut wire, context.id(), now, previous),
        (None, _) => Vec::new(),
    };
    (wire, mac)
}
