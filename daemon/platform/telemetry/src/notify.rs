//! What a daemon tells the one that started it: systemd, or the appliance's first process.
//!
//! The protocol is sd_notify(3): datagrams of `NAME=value` lines to the socket that `NOTIFY_SOCKET` names. Without that
//! variable nothing is told and nothing costs. [`Listener`] is the other end, for the appliance.

use std::{
    env, io,
    os::{
        linux::net::SocketAddrExt,
        unix::net::{SocketAddr, UnixDatagram},
    },
    time::Duration,
};

mod listener;
#[cfg(test)]
mod tests;

pub use listener::{Listener, Notice};

/// The daemon's end.
#[derive(Debug, Default)]
pub struct Notifier {
    socket: Option<UnixDatagram>,
    watchdog: Option<Duration>,
}

impl Notifier {
    /// As the environment says: `NOTIFY_SOCKET`, `WATCHDOG_USEC`, `WATCHDOG_PID`.
    pub fn from_env() -> Self {
        let address = env::var("NOTIFY_SOCKET").unwrap_or_default();
        if address.is_empty() {
            return Self::default();
        }
        let socket = match connect(&address) {
            Ok(socket) => Some(socket),
            Err(error) => {
                tracing::warn!(address, %error, "NOTIFY_SOCKET does not answer; readiness and watchdog are told to nobody");
                None
            }
        };
        let meant = env::var("WATCHDOG_PID")
            .ok()
            .is_none_or(|pid| pid == std::process::id().to_string());
        let timeout = env::var("WATCHDOG_USEC")
            .ok()
            .and_then(|text| text.parse().ok())
            .filter(|microseconds| *microseconds > 0 && meant);
        Self {
            watchdog: timeout
                .filter(|_| socket.is_some())
                .map(|microseconds| Duration::from_micros(microseconds) / 2),
            socket,
        }
    }

    /// How often [`Notifier::alive`] is to be called; none: nobody listens for it.
    pub fn watchdog_interval(&self) -> Option<Duration> {
        self.watchdog
    }

    /// The start is over: everything listens.
    pub fn ready(&self) {
        self.tell("READY=1");
    }

    /// The main loop still turns.
    pub fn alive(&self) {
        self.tell("WATCHDOG=1");
    }

    /// The stop has begun.
    pub fn stopping(&self) {
        self.tell("STOPPING=1");
    }

    /// One line for people, and whether the daemon does all that it is there for.
    pub fn status(&self, is_whole: bool, text: &str) {
        let line: String = text
            .chars()
            .map(|c| if c.is_control() { ' ' } else { c })
            .collect();
        self.tell(&format!(
            "STATUS={line}\nX_LANLORD_WHOLE={}",
            u8::from(is_whole)
        ));
    }

    /// A listener that is gone or busy must not disturb a daemon that works.
    fn tell(&self, message: &str) {
        let Some(socket) = &self.socket else {
            return;
        };
        if let Err(error) = socket.send(message.as_bytes()) {
            tracing::debug!(%error, message, "nobody takes what NOTIFY_SOCKET is told");
        }
    }
}

/// A path, or `@name` in the abstract name space.
fn connect(address: &str) -> io::Result<UnixDatagram> {
    let socket = UnixDatagram::unbound()?;
    socket.set_nonblocking(true)?;
    socket.connect_addr(&parse(address)?)?;
    Ok(socket)
}

fn parse(address: &str) -> io::Result<SocketAddr> {
    match address.strip_prefix('@') {
        Some(name) => SocketAddr::from_abstract_name(name),
        None => SocketAddr::from_pathname(address),
    }
}
