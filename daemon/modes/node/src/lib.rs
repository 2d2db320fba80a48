//! `lanlord node`: announces VIPs from this node; the lease holder also allocates addresses and pushes names.
//!
//! ```text
//!  identity --access--> objects, writer, holder: who we are to the API
//!
//!  objects --views--> planner --orders--> wire thread (segment)
//!                        |
//!                        +--planned--> guard   (kernel: VIPs must not loop)
//!                        +--planned--> push    (names to the router, holder only)
//!                        +--planned--> writer  (addresses to the API, holder only)
//!                        +--planned--> status, metrics
//! ```
//!
//! Every arrow is a `watch` channel: a slow reader skips what passed in between. Each part is kept by `part::keep`: a
//! panic or an error restarts that part and nothing else. Only the end of the wire thread ends the process.

#![forbid(unsafe_code)]

mod access;
mod guard;
mod holder;
mod identity;
mod installed;
mod metrics;
mod objects;
mod options;
mod part;
mod planner;
mod push;
mod saved;
mod settings;
mod status;
mod wiring;
mod writer;

pub use options::{Login, Options, Origin};
pub use wiring::run;
