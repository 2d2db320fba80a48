use std::{process::Command, time::Duration};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use vm_tests::{machine::MARK, wait};

use crate::small_lab::{lab_binary, small_lab};

/// Processes that carry a lab's mark.
fn marked(directory: &std::path::Path) -> Vec<String> {
    let mark = format!("{MARK}={}", directory.display());
    std::fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| entry.unwrap().file_name().into_string().ok())
        .filter(|pid| {
            let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
            environment
                .split(|octet| *octet == 0)
                .any(|entry| entry == mark.as_bytes())
        })
        .collect()
}

#[test]
fn a_lab_that_is_taken_down_leaves_no_process_and_no_file() {
    let mut lab = small_lab("traces", &["router", "laptop"]);
    lab.start("laptop", "sleep", "sleep", &["1000"]).unwrap();
    // One that left its parent, as daemons do.
    lab.machine("laptop")
        .unwrap()
        .succeed("sh", &["-c", "sleep 1000 >/dev/null 2>&1 &"])
        .unwrap();
    let directory = lab.site.directory.clone();
    assert!(!marked(&directory).is_empty());

    lab.down().unwrap();

    assert_eq!(marked(&directory), Vec::<String>::new());
    assert!(!directory.exists());
}

#[test]
fn what_a_crashed_lab_left_is_removed_at_the_next_start() {
    let programs = tempfile::tempdir().unwrap();
    let lanlord = programs.path().join("lanlord");
    std::fs::copy("/bin/false", &lanlord).unwrap();
    let mut crashing = Command::new(lab_binary())
        .args(["--name", "crashing", "--keep", "--binary"])
        .arg(&lanlord)
        .spawn()
        .unwrap();
    let directory = small_lab("next-to-it", &[])
        .site
        .directory
        .with_file_name("crashing");
    wait::until(Duration::from_secs(10), || {
        (marked(&directory).len() > 5).then_some(())
    })
    .expect("machines of the lab");
    kill(Pid::from_raw(crashing.id().cast_signed()), Signal::SIGKILL).unwrap();
    crashing.wait().unwrap();

    small_lab("after-it", &[]).down().unwrap();

    assert_eq!(marked(&directory), Vec::<String>::new());
    assert!(!directory.exists());
}
