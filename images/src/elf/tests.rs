use super::*;

#[test]
fn this_program_is_static_and_for_this_processor() {
    let own = std::fs::read(std::env::current_exe().unwrap()).unwrap();

    let elf = Elf::read(&own).unwrap();

    let expected = if cfg!(target_arch = "aarch64") {
        Architecture::Arm64
    } else {
        Architecture::Amd64
    };
    assert_eq!(elf.architecture, Some(expected));
    assert_eq!(elf.interpreter, None);
    assert!(elf.needed.is_empty());
    assert!(elf.has_symbols, "tests are built with symbols");
}

#[test]
fn a_program_that_needs_a_loader_tells_which_and_what_it_links() {
    // The shell is dynamic wherever our tests run.
    let shell = std::fs::read("/bin/sh").unwrap();

    let elf = Elf::read(&shell).unwrap();

    assert!(elf.interpreter.unwrap().contains("ld-linux"));
    assert!(elf.needed.iter().any(|name| name == "libc.so.6"));
}

#[test]
fn what_is_no_program_is_an_error() {
    for octets in [&b""[..], b"#!/bin/sh\n", b"\x7fELF\x02\x01\x01"] {
        let error = Elf::read(octets).unwrap_err();

        assert_eq!(error.to_string(), "read as ELF");
    }
}
