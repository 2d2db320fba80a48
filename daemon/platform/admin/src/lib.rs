//! The admin socket: HTTP and JSON over a Unix socket, for `lanlord status` and its siblings.
//!
//! A daemon serves an axum router on it ([`Listener`]); a command asks it with [`get`]. [`types`] are the answers.

mod client;
mod server;
pub mod types;

pub use client::{AskError, get};
pub use server::{Listener, ServeError};
