use clap::CommandFactory;

use super::Arguments;

#[test]
fn no_flag_or_command_contradicts_another() {
    Arguments::command().debug_assert();
}

#[test]
fn an_upgrade_needs_a_file_or_the_way_back_and_not_both() {
    let parse = |line: &[&str]| Arguments::command().try_get_matches_from(line).is_ok();

    assert!(parse(&["lanlord", "upgrade", "/tmp/lanlord"]));
    assert!(parse(&["lanlord", "upgrade", "--back"]));
    assert!(!parse(&["lanlord", "upgrade"]));
    assert!(!parse(&["lanlord", "upgrade", "--back", "/tmp/lanlord"]));
}
