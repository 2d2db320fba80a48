//! `router.toml` and `node.toml`: text in, typed configuration out, every fault with its line and column.
//!
//! Reading has two steps. Raw structs take what TOML can say and refuse unknown keys and wrong types; resolving turns
//! them into types that can only hold what makes sense, and fills in the defaults. All faults of a file are collected,
//! so that one run shows them all.

#![forbid(unsafe_code)]

mod error;
mod faults;
pub mod node;
pub mod router;
mod syntax;

pub use error::{ConfigError, Fault};
