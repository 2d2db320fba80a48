//! One UDP socket.

use std::{convert::Infallible, sync::Arc, time::Duration};

use dns::Transport;
use futures::{StreamExt, stream::FuturesUnordered};
use kernel::socket::{Datagram, UdpEndpoint};
use tracing::debug;

use crate::responder::{Handling, Responder};

/// Longer requests are cut and then refused as malformed: updates of that size come by TCP.
const MAX_REQUEST_OCTETS: usize = 4096;
/// Questions of one socket that wait for upstream. Each holds a few kilobytes for up to four seconds.
const MAX_PENDING: usize = 512;
/// Pause after a failed receive, such as on an interface that went down.
const ERROR_PAUSE: Duration = Duration::from_millis(20);

/// Answers datagrams until dropped. Our own names are answered in place; what waits for upstream or for the disk is
/// polled beside the socket.
pub async fn serve_udp(endpoint: UdpEndpoint, responder: Arc<Responder>) -> Infallible {
    let mut buffer = vec![0; MAX_REQUEST_OCTETS];
    let mut pending = FuturesUnordered::new();
    loop {
        tokio::select! {
            received = endpoint.recv(&mut buffer) => match received {
                Ok(datagram) => {
                    let message = &buffer[..datagram.length.min(MAX_REQUEST_OCTETS)];
                    match responder.handle(message, datagram.peer, Transport::Udp) {
                        Handling::Send(messages) => {
                            reply(&endpoint, &datagram, &messages).await;
                        }
                        Handling::Wait(_) if pending.len() >= MAX_PENDING => {
                            responder.counters().overloaded();
                        }
                        Handling::Wait(future) => {
                            pending.push(async move { (future.await, datagram) });
                        }
                        Handling::Silence => {}
                    }
                }
                Err(error) => {
                    debug!(%error, "receive DNS datagram");
                    tokio::time::sleep(ERROR_PAUSE).await;
                }
            },
            Some((messages, datagram)) = pending.next(), if !pending.is_empty() => {
                reply(&endpoint, &datagram, &messages).await;
            }
        }
    }
}

/// Sends from the address that was asked.
async fn reply(endpoint: &UdpEndpoint, asked: &Datagram, messages: &[Vec<u8>]) {
    for message in messages {
        if let Err(error) = endpoint.send(message, asked.peer, Some(asked.local)).await {
            debug!(peer = %asked.peer, %error, "send DNS datagram");
        }
    }
}
