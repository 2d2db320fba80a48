//! Bad input and faults that need a smaller lab than the scenario's, driven through the release binary.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot arrange its lab fails where it stands"
)]

mod configuration;
mod dhcp_clients;
mod doctor;
mod ports;
mod rogue;
mod small_lab;
mod traces;
