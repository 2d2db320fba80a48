//! Guests: machines of the lab that have a kernel of their own, under QEMU's software emulation, started from our images.
//!
//! ```text
//!   machine proxmox (namespaces)                        inside a guest
//!   vmbr0, vmbr1 ── tap ── qemu-system-x86_64 ──────── eth0, eth1
//!                          │ serial port ───────────── console: logs/proxmox-<guest>.log
//!                          │ virtio port, a socket ─── agent: runs what the lab asks, as `pct exec` does
//!                          └ monitor, a socket         quit is a power cut
//! ```
//!
//! A [`Guest`] is only paths: QEMU is a part of the lab, `proxmox-<guest>`, and ends with it. The kernel is Debian's, in
//! an initramfs whose init is the lab binary; see `inside` for what happens there.

mod agent;
mod capture;
mod cpio;
mod debian;
mod disk;
mod image;
mod initramfs;
pub mod inside;
mod modules;
mod monitor;
mod qemu;
mod steps;

pub use image::{Prepared, prepare};
pub use qemu::Guest;
pub use steps::steps;
