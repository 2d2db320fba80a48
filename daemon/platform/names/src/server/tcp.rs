//! One TCP listener and its connections (RFC 7766).

use std::{
    collections::BTreeMap,
    convert::Infallible,
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use dns::Transport;
use futures::{StreamExt, stream::FuturesUnordered};
use tokio::{
    net::{TcpListener, TcpStream},
    time::{Instant, timeout, timeout_at},
};
use tracing::debug;

use crate::{
    frames::{self, Frames},
    responder::{Handling, Responder},
};

/// Connections of one listener: a home network's hosts, each with a few.
const MAX_CONNECTIONS: usize = 256;
/// Connections of one host: it must not take the others' places.
const MAX_PER_HOST: usize = 16;
/// Questions of one connection that wait for upstream; more are read when one is answered.
const MAX_PENDING: usize = 32;
/// Time from one whole question to the next (RFC 7766, 6.2.3 wants seconds).
const IDLE: Duration = Duration::from_secs(10);
/// Time for one reply to be taken: who reads slower holds a place for nothing.
const WRITE: Duration = Duration::from_secs(5);
/// Pause after a failed accept, as when descriptors run out.
const ERROR_PAUSE: Duration = Duration::from_millis(100);

/// Accepts and answers until dropped.
pub async fn serve_tcp(listener: TcpListener, responder: Arc<Responder>) -> Infallible {
    let mut connections = FuturesUnordered::new();
    let mut per_host: BTreeMap<IpAddr, usize> = BTreeMap::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => {
                    let places = per_host.entry(peer.ip()).or_default();
                    if connections.len() >= MAX_CONNECTIONS || *places >= MAX_PER_HOST {
                        responder.counters().connection_refused();
                        continue;
                    }
                    *places += 1;
                    let responder = Arc::clone(&responder);
                    connections.push(async move {
                        if let Err(error) = converse(stream, peer, &responder).await {
                            debug!(%peer, %error, "DNS connection ended");
                        }
                        peer.ip()
                    });
                }
                Err(error) => {
                    debug!(%error, "accept DNS connection");
                    tokio::time::sleep(ERROR_PAUSE).await;
                }
            },
            Some(host) = connections.next(), if !connections.is_empty() => {
                if let Some(places) = per_host.get_mut(&host) {
                    *places -= 1;
                    if *places == 0 {
                        per_host.remove(&host);
                    }
                }
            }
        }
    }
}

/// One connection: replies leave as they are ready, in any order (RFC 7766, 6.2.1.1).
async fn converse(stream: TcpStream, peer: SocketAddr, responder: &Responder) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let (reader, mut writer) = stream.into_split();
    let mut frames = Frames::new(reader);
    let mut pending = FuturesUnordered::new();
    let mut deadline = Instant::now() + IDLE;
    let mut open = true;
    while open || !pending.is_empty() {
        tokio::select! {
            frame = timeout_at(deadline, frames.next()), if open && pending.len() < MAX_PENDING => {
                let Ok(frame) = frame else { return Ok(()) };
                let Some(message) = frame? else {
                    open = false;
                    continue;
                };
                match responder.handle(&message, peer, Transport::Tcp) {
                    Handling::Send(messages) => write(&mut writer, &messages).await?,
                    Handling::Wait(future) => pending.push(future),
                    Handling::Silence => return Ok(()),
                }
                deadline = Instant::now() + IDLE;
            }
            Some(messages) = pending.next(), if !pending.is_empty() => {
                write(&mut writer, &messages).await?;
                deadline = Instant::now() + IDLE;
            }
        }
    }
    Ok(())
}

async fn write(
    writer: &mut tokio::net::tcp::OwnedWriteHalf,
    messages: &[Vec<u8>],
) -> io::Result<()> {
    for message in messages {
        timeout(WRITE, frames::write(writer, message)).await??;
    }
    Ok(())
}
