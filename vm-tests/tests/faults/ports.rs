use std::time::Duration;

use vm_tests::{
    lab::{probe, www},
    wait,
};

use crate::small_lab::{small_lab, write_router_config};

const PART: &str = "router-lanlord";

#[test]
fn a_dns_port_that_is_taken_is_one_line_that_names_port_and_holder() {
    let mut lab = small_lab("port-53", &["router", "laptop"]);
    write_router_config(&lab, "router", "eth1", "192.168.1.200", "");
    let stand_in = lab
        .start_stand_in(
            "router",
            "dns",
            &[
                "dns",
                "--listen",
                "0.0.0.0:53",
                "--record",
                "a.test=192.0.2.1",
            ],
        )
        .unwrap();
    lab.eventually(
        Duration::from_secs(5),
        "the stand-in to answer",
        &stand_in,
        || probe::resolve(lab.machine("router").unwrap(), "127.0.0.1", "a.test"),
    )
    .unwrap();

    www::start_router(&mut lab).unwrap();

    let line = wait::until(Duration::from_secs(15), || {
        let log = lab.part(PART).unwrap().tail(100);
        log.lines()
            .find(|line| line.contains("53") && line.contains("lab"))
            .map(str::to_owned)
    });
    let log = lab.part(PART).unwrap().tail(20);
    assert!(
        line.is_some(),
        "no line with port 53 and its holder `lab`:\n{log}"
    );
}

#[test]
fn a_missing_capability_is_one_line_that_names_it() {
    let lab = small_lab("capability", &["talos-2"]);
    let state = lab.machine("talos-2").unwrap().directory().join("state");
    let manifests = lab.manifests.directory().to_string_lossy().into_owned();
    let program = lab.lanlord.to_string_lossy().into_owned();

    let output = lab
        .machine("talos-2")
        .unwrap()
        .run(
            "setpriv",
            &[
                "--bounding-set",
                "-net_raw",
                "--inh-caps",
                "-net_raw",
                "--",
                &program,
                "node",
                "--manifests",
                &manifests,
                "--node-name",
                "talos-2",
                "--state",
                &state.to_string_lossy(),
            ],
        )
        .unwrap();

    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("CAP_NET_RAW"), "{said}");
}
