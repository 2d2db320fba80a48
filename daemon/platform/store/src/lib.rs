//! What survives a power loss: an append-only [`Journal`] with group commit, and files that are replaced whole.
//!
//! A record counts once [`Journal::commit`] has returned, and not before; whoever answers for it answers after that.
//! Nothing here knows what is stored. All calls block: from async code use a blocking task.

mod atomic;
mod journal;

pub use atomic::{WriteError, atomic_write, atomic_write_private};
pub use journal::{Journal, JournalError, Opened};
