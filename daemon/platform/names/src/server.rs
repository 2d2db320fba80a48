//! Listening sockets. Each is one future, which the caller runs as a task and stops by dropping it; what was asked and
//! not yet answered is then lost, and clients ask again.

mod tcp;
mod udp;

pub use tcp::serve_tcp;
pub use udp::serve_udp;
