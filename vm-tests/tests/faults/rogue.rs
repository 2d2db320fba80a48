use std::time::Duration;

use admin::types::Status;
use vm_tests::lab::{Lab, probe, www};

use crate::small_lab::{small_lab, write_router_config};

const PART: &str = "router-lanlord";
const SOON: Duration = Duration::from_secs(15);

fn await_state(lab: &Lab, what: &str, wanted: impl Fn(&str) -> bool) -> String {
    lab.eventually(SOON, what, PART, || {
        let status = www::router_status(lab).map_err(|failure| failure.seen)?;
        let state = status
            .dhcp
            .first()
            .map(|dhcp| dhcp.state.clone())
            .unwrap_or_default();
        if wanted(&state) {
            Ok(state)
        } else {
            Err(state)
        }
    })
    .unwrap()
}

#[test]
fn promise_9_a_router_on_a_lan_with_another_dhcp_server_stays_off_until_it_is_told_to_serve() {
    let mut lab = small_lab("rogue", &["router", "talos-client", "laptop"]);
    write_router_config(
        &lab,
        "talos-client",
        "eth0",
        "192.168.1.1",
        "authoritative = true",
    );
    write_router_config(
        &lab,
        "router",
        "eth1",
        "192.168.1.200",
        "authoritative = false",
    );
    let other = start(&mut lab, "talos-client");
    lab.eventually(
        SOON,
        "the other server to serve",
        &other,
        || match probe::status(lab.machine("talos-client").unwrap())? {
            Status::Router(status) if status.dhcp.iter().any(|dhcp| dhcp.state == "serving") => {
                Ok(())
            }
            Status::Router(status) => Err(format!("{:?}", status.dhcp)),
            Status::Node(_) => Err("the status of a node".to_owned()),
        },
    )
    .unwrap();

    www::start_router(&mut lab).unwrap();
    let off = await_state(&lab, "DHCP to stay off", |state| state.starts_with("off"));
    let problems = www::router_status(&lab).unwrap().problems;
    write_router_config(
        &lab,
        "router",
        "eth1",
        "192.168.1.200",
        "authoritative = true",
    );
    let on = await_state(&lab, "DHCP to serve when told to", |state| {
        state == "serving"
    });

    assert!(off.contains("192.168.1.1"), "{off}");
    assert!(
        problems
            .iter()
            .any(|problem| problem.contains("192.168.1.1")),
        "{problems:?}"
    );
    assert_eq!(on, "serving");
}

/// A second router; the scenario has only one, so its part is started here.
fn start(lab: &mut Lab, machine: &str) -> String {
    let directory = lab.machine(machine).unwrap().directory();
    let config = directory.join("router.toml").to_string_lossy().into_owned();
    let state = directory.join("state").to_string_lossy().into_owned();
    let program = lab.lanlord.to_string_lossy().into_owned();
    let args = [
        "router",
        "--config",
        &config,
        "--state",
        &state,
        "--socket",
        vm_tests::lab::SOCKET,
    ];
    lab.start(machine, "lanlord", &program, &args).unwrap()
}
