//! What the documents show works: commands exist with these flags, configuration parses, links lead somewhere.

#![expect(
    clippy::unwrap_used,
    reason = "a document that cannot be read fails the test where it stands"
)]

mod commands;
mod configuration;
mod document;
mod links;
