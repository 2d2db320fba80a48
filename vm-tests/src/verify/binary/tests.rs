use super::{check, interpreter};

#[test]
fn a_file_that_is_no_elf_is_refused() {
    assert_eq!(interpreter(b"#!/bin/sh\n"), None);
}

#[test]
fn a_program_of_the_distribution_needs_a_dynamic_loader() {
    let refused = check(std::path::Path::new("/bin/cat")).unwrap_err();

    assert!(refused.to_string().contains("dynamic loader"), "{refused}");
}

#[test]
fn a_program_built_by_this_workspace_is_static() {
    let own = std::fs::read(std::env::current_exe().unwrap()).unwrap();

    assert_eq!(interpreter(&own), Some(false));
}
