//! The end of the one that started the daemon.

use std::{
    fs::File,
    io::{self, Read},
    os::{
        fd::{AsFd, BorrowedFd},
        unix::net::UnixDatagram,
    },
};

/// What a daemon told. Fields that a datagram does not name are false or none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Notice {
    /// The start is over.
    pub ready: bool,
    /// The main loop turns.
    pub alive: bool,
    /// The stop has begun.
    pub stopping: bool,
    /// Whether it does all that it is there for.
    pub whole: Option<bool>,
    /// One line for people.
    pub status: Option<String>,
}

/// A socket under a name that only the daemon is told. It needs no file system.
#[derive(Debug)]
pub struct Listener {
    socket: UnixDatagram,
    address: String,
}

impl Listener {
    /// Takes a name that cannot be guessed.
    pub fn open() -> io::Result<Self> {
        let mut octets = [0; 8];
        File::open("/dev/urandom")?.read_exact(&mut octets)?;
        let address = format!("@lanlord-notify-{:016x}", u64::from_ne_bytes(octets));
        let socket = UnixDatagram::bind_addr(&super::parse(&address)?)?;
        socket.set_nonblocking(true)?;
        Ok(Self { socket, address })
    }

    /// The value of `NOTIFY_SOCKET`.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The next one; none when no more has come.
    pub fn next(&self) -> Option<Notice> {
        let mut buffer = [0; 2048];
        let length = self.socket.recv(&mut buffer).ok()?;
        Some(Notice::read(&String::from_utf8_lossy(&buffer[..length])))
    }
}

impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl Notice {
    fn read(datagram: &str) -> Self {
        let mut notice = Self::default();
        for line in datagram.lines() {
            match line.split_once('=') {
                Some(("READY", "1")) => notice.ready = true,
                Some(("WATCHDOG", "1")) => notice.alive = true,
                Some(("STOPPING", "1")) => notice.stopping = true,
                Some(("X_LANLORD_WHOLE", value)) => notice.whole = Some(value == "1"),
                Some(("STATUS", text)) => notice.status = Some(text.to_string()),
                // sd_notify(3): what is not known is passed over.
                Some(_) | None => {}
            }
        }
        notice
    }
}
