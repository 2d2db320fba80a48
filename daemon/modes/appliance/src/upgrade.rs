//! A new version, in place, with a way back.
//!
//! ```text
//!   lanlord upgrade FILE                                     supervisor (process 1)
//!     FILE -> /sbin/init.new, checked
//!     marker: pending            <state>/upgrade
//!     /sbin/init -> .previous    (a second name)
//!     .new -> /sbin/init         (rename)
//!     SIGHUP ------------------------------------------------> the router starts again from the new file
//!                                                              ready, answers, steady: marker confirmed
//!     waits for the marker <---------------------------------  else .previous -> /sbin/init, marker taken-back
//! ```
//!
//! Every step leaves a file under `/sbin/init` that works, and the marker says what the next start has to do: a command,
//! a router or a container may be killed at any moment. Whether the file in place is the one on trial is told by its
//! digest, not by a memory of having put it there.

mod candidate;
mod command;
mod install;
mod marker;
mod seat;
mod trial;

pub use command::{back, upgrade};

pub(crate) use install::{Places, digest};
pub(crate) use marker::{Marker, Phase};
pub(crate) use seat::Seat;
pub(crate) use trial::{Sign, Trial, Verdict};
