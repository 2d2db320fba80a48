use std::time::Duration;

use vm_tests::lab::{Lab, SOCKET, probe, www};

use crate::small_lab::{small_lab, write_router_config};

/// What `lanlord doctor router` prints on the router, and its exit code. It runs behind `prefix`.
fn doctor(lab: &Lab, prefix: &str) -> (Option<i32>, String) {
    let machine = lab.machine("router").unwrap();
    let state = machine.directory().join("state");
    std::fs::create_dir_all(&state).unwrap();
    let line = format!(
        "exec {prefix}{} doctor router --state {} --socket {SOCKET}",
        lab.lanlord.display(),
        state.display()
    );
    let output = machine.run("sh", &["-c", &line]).unwrap();
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    (output.status.code(), printed)
}

#[test]
fn the_doctor_names_the_holder_of_a_port_and_ends_with_1() {
    let mut lab = small_lab("doctor-port", &["router", "laptop"]);
    let listen = [
        "dns",
        "--listen",
        "0.0.0.0:53",
        "--record",
        "a.test=192.0.2.1",
    ];
    let stand_in = lab.start_stand_in("router", "dns", &listen).unwrap();
    lab.eventually(
        Duration::from_secs(5),
        "the stand-in to answer",
        &stand_in,
        || probe::resolve(lab.machine("router").unwrap(), "127.0.0.1", "a.test"),
    )
    .unwrap();

    let (code, printed) = doctor(&lab, "");

    assert_eq!(code, Some(1), "{printed}");
    assert!(
        printed.contains("PROBLEM  port 53/udp on 0.0.0.0 is taken by"),
        "{printed}"
    );
}

#[test]
fn the_doctor_says_that_nft_is_missing_and_that_the_state_folder_cannot_be_written() {
    let lab = small_lab("doctor-state", &["router", "laptop"]);
    let state = lab.machine("router").unwrap().directory().join("state");
    let state = state.display();
    let hide = format!(
        "for nft in /usr/sbin/nft /sbin/nft /usr/bin/nft; do [ ! -f $nft ] || mount --bind /dev/null $nft; done; \
         mount --bind {state} {state} && mount -o remount,ro,bind {state} &&"
    );

    // The mounts are of a namespace that ends with the doctor.
    let (code, printed) = doctor(
        &lab,
        &format!("unshare --mount sh -c '{hide} true && exec \"$@\"' sh "),
    );

    assert_eq!(code, Some(1), "{printed}");
    for what in [
        "the program nft is not here",
        "cannot be written: Read-only file system",
    ] {
        assert!(printed.contains(what), "{what} in {printed}");
    }
}

#[test]
fn the_doctor_of_a_router_that_works_finds_no_problem() {
    let mut lab = small_lab("doctor-well", &["router", "laptop"]);
    write_router_config(&lab, "router", "eth1", www::ROUTER, "");
    let part = www::start_router(&mut lab).unwrap();
    www::await_serving(&lab, &part).unwrap();

    let (code, printed) = doctor(&lab, "");

    assert_eq!(code, Some(0), "{printed}");
    assert!(
        printed.contains("the daemon runs and complains of nothing"),
        "{printed}"
    );
}
