//! Linker flags of the binary that ships.

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let is_release = env::var("PROFILE").is_ok_and(|profile| profile == "release");
    let is_x86_64 = env::var("TARGET").is_ok_and(|target| target == "x86_64-unknown-linux-gnu");
    // Rust links this target with its own lld, which knows both; the linkers of other targets are not known here.
    if is_release && is_x86_64 {
        // Functions with the same code are kept once.
        println!("cargo::rustc-link-arg-bins=-Wl,--icf=all");
        // A static-pie relocates itself; packed, the table takes a hundredth of the room.
        println!("cargo::rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
}
