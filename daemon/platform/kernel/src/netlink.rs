//! The connection to the kernel's routing netlink, and what can go wrong on it.

use std::{fmt, io, sync::Arc, time::Duration};

use futures::{Stream, StreamExt};
use ipnet::IpNet;
use nix::errno::Errno;
use rtnetlink::{Handle, packet_core::NetlinkMessage, packet_route::RouteNetlinkMessage};
use thiserror::Error;
use tokio::{sync::Mutex, task::JoinHandle};

/// A request to the kernel that failed.
#[derive(Debug, Error)]
pub enum NetlinkError {
    /// No netlink socket, so nothing at all can be asked.
    #[error("open a netlink socket")]
    Open(#[source] io::Error),
    /// The kernel refused; the source carries its errno.
    #[error("{action}")]
    Refused {
        /// What was attempted, with its object.
        action: String,
        /// The kernel's answer.
        #[source]
        source: io::Error,
    },
    /// The interface is not there.
    #[error("{action}: there is no interface `{interface}`")]
    NoSuchLink {
        /// What was attempted.
        action: String,
        /// The name looked for.
        interface: String,
    },
    /// A route of another program has the same destination, table and metric and leads elsewhere.
    #[error(
        "add route to {prefix}: another program (protocol {protocol}) has a different route there; \
         see: ip route show {prefix}"
    )]
    RouteTaken {
        /// Destination of both routes.
        prefix: IpNet,
        /// Routing protocol number of the one that is there.
        protocol: u8,
    },
}

/// A routing netlink connection of the namespace that the calling thread is in.
///
/// Clones share the connection. The task that drives it is owned here and ends with the last clone.
#[derive(Clone)]
pub struct Netlink {
    handle: Handle,
    connection: Arc<Connection>,
}

/// How often a dump is asked for while an abandoned one, whose caller was cancelled, is still on its way.
const ATTEMPTS: u32 = 50;
/// Between two attempts; what is left of an abandoned dump is read at once, unless the machine is very slow.
const PAUSE: Duration = Duration::from_millis(10);

struct Connection {
    task: JoinHandle<()>,
    /// The kernel runs one dump per socket and answers a second one with EBUSY.
    dump: Mutex<()>,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl fmt::Debug for Netlink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Netlink").finish_non_exhaustive()
    }
}

impl Netlink {
    /// Opens a connection; must be called within a tokio runtime.
    pub fn connect() -> Result<Self, NetlinkError> {
        // Without the strict check the kernel ignores the filters of our dumps and sends every route there is.
        let (connection, handle, _unsolicited) =
            rtnetlink::new_connection_with_strict_check().map_err(NetlinkError::Open)?;
        Ok(Self {
            handle,
            connection: Arc::new(Connection {
                task: tokio::spawn(connection),
                dump: Mutex::new(()),
            }),
        })
    }

    pub(crate) fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Collects a dump; one at a time, see [`Connection::dump`]. A request is on its way as soon as it is made, so
    /// `request` is asked for it when it is its turn.
    pub(crate) async fn dump<T, S>(
        &self,
        action: &str,
        request: impl Fn() -> S,
    ) -> Result<Vec<T>, NetlinkError>
    where
        S: Stream<Item = Result<T, rtnetlink::Error>>,
    {
        let _one_at_a_time = self.connection.dump.lock().await;
        let mut attempts = 0;
        loop {
            attempts += 1;
            match collect(request()).await {
                Ok(found) => return Ok(found),
                Err(error) if attempts < ATTEMPTS && is_busy(&error) => {
                    tokio::time::sleep(PAUSE).await;
                }
                Err(error) => return Err(refused(action, error)),
            }
        }
    }

    /// Sends one request and waits until the kernel has acknowledged it.
    pub(crate) async fn acknowledge(
        &self,
        action: &str,
        message: NetlinkMessage<RouteNetlinkMessage>,
    ) -> Result<(), NetlinkError> {
        use rtnetlink::packet_core::NetlinkPayload;

        let mut answers = self
            .handle
            .clone()
            .request(message)
            .map_err(|error| refused(action, error))?;
        while let Some(answer) = answers.next().await {
            if let NetlinkPayload::Error(error) = answer.payload
                && error.code.is_some()
            {
                return Err(refused(action, rtnetlink::Error::NetlinkError(error)));
            }
        }
        Ok(())
    }
}

async fn collect<T>(
    answers: impl Stream<Item = Result<T, rtnetlink::Error>>,
) -> Result<Vec<T>, rtnetlink::Error> {
    let mut answers = std::pin::pin!(answers);
    let mut found = Vec::new();
    while let Some(answer) = answers.next().await {
        found.push(answer?);
    }
    Ok(found)
}

fn is_busy(error: &rtnetlink::Error) -> bool {
    matches!(error, rtnetlink::Error::NetlinkError(message)
        if -message.raw_code() == Errno::EBUSY as i32)
}

/// Turns rtnetlink's error into ours: the errno as source, what was tried as text.
pub(crate) fn refused(action: impl fmt::Display, error: rtnetlink::Error) -> NetlinkError {
    let source = if let rtnetlink::Error::NetlinkError(message) = &error {
        io::Error::from_raw_os_error(-message.raw_code())
    } else {
        io::Error::other(error)
    };
    NetlinkError::Refused {
        action: action.to_string(),
        source,
    }
}

/// Takes the given errnos as done: the thing to delete is gone, the thing to add is there.
pub(crate) fn unless(done: &[Errno], result: Result<(), NetlinkError>) -> Result<(), NetlinkError> {
    match result {
        Err(NetlinkError::Refused { source, .. })
            if source
                .raw_os_error()
                .is_some_and(|code| done.iter().any(|errno| *errno as i32 == code)) =>
        {
            Ok(())
        }
        other => other,
    }
}
