//! The Internet's DNS, as far as the lab needs it: A records from the command line.

use std::{
    io::{Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket},
    str::FromStr,
    thread,
    time::Duration,
};

use anyhow::{Context, Result};
use hickory_proto::{
    op::{Message, MessageType, OpCode, ResponseCode},
    rr::{Name, RData, Record as Resource, RecordType, rdata::A},
};

/// One A record.
#[derive(Clone, Debug)]
pub struct Record {
    name: Name,
    address: Ipv4Addr,
}

/// Reads `name=address`.
pub(super) fn record(text: &str) -> Result<Record> {
    let (name, address) = text.split_once('=').context("name=address")?;
    let mut name = Name::from_str(name).with_context(|| format!("read the name {name}"))?;
    name.set_fqdn(true);
    let address = address
        .parse()
        .with_context(|| format!("read the address {address}"))?;
    Ok(Record { name, address })
}

/// Serves UDP and TCP until it is killed.
pub(super) fn serve(listen: SocketAddr, records: &[Record]) -> Result<()> {
    let udp = UdpSocket::bind(listen).with_context(|| format!("bind UDP {listen}"))?;
    let tcp = TcpListener::bind(listen).with_context(|| format!("listen on TCP {listen}"))?;
    let for_tcp = records.to_vec();
    thread::spawn(move || {
        for stream in tcp.incoming().flatten() {
            // A client that goes away concerns nobody else.
            let _ = answer_stream(stream, &for_tcp);
        }
    });
    let mut buffer = [0; 4096];
    loop {
        let (length, client) = udp.recv_from(&mut buffer).context("receive")?;
        if let Some(reply) = answer(&buffer[..length], records) {
            let _ = udp.send_to(&reply, client);
        }
    }
}

fn answer_stream(mut stream: TcpStream, records: &[Record]) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    let mut length = [0; 2];
    stream.read_exact(&mut length)?;
    let mut query = vec![0; usize::from(u16::from_be_bytes(length))];
    stream.read_exact(&mut query)?;
    let Some(reply) = answer(&query, records) else {
        return Ok(());
    };
    let length = u16::try_from(reply.len()).map_err(std::io::Error::other)?;
    stream.write_all(&length.to_be_bytes())?;
    stream.write_all(&reply)
}

fn answer(query: &[u8], records: &[Record]) -> Option<Vec<u8>> {
    let query = Message::from_vec(query).ok()?;
    let question = query.queries.first()?;
    let mut reply = Message::new(query.metadata.id, MessageType::Response, OpCode::Query);
    reply.metadata.recursion_desired = query.metadata.recursion_desired;
    reply.metadata.recursion_available = true;
    reply.add_query(question.clone());
    let mut known = false;
    for record in records {
        if record.name == *question.name() {
            known = true;
            if question.query_type() == RecordType::A {
                let data = RData::A(A(record.address));
                reply.add_answer(Resource::from_rdata(record.name.clone(), 60, data));
            }
        }
    }
    if !known {
        reply.metadata.response_code = ResponseCode::NXDomain;
    }
    reply.to_vec().ok()
}
