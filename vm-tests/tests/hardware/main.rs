//! The scripts for real hardware, against programs that play recorded answers and accept no other call.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot arrange its stage fails where it stands"
)]

mod dry_run;
mod failures;
mod play;
mod proxmox;
mod shell;
mod stage;
mod talos;
