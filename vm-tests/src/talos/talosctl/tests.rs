use super::*;

#[test]
fn a_service_is_read_as_talosctl_prints_it() {
    let printed = "\
NODE     192.168.1.202
ID       ext-lanlord
STATE    Running
HEALTH   ?
EVENTS   [Running]: Started task ext-lanlord (PID 198) for container ext-lanlord (39s ago)
         [Waiting]: Waiting for service \"kubelet\" to be \"up\" (41s ago)
         [Starting]: Starting service (1h2m3s ago)";

    let service = understand(printed);

    assert_eq!(service.state, "Running");
    assert_eq!(service.health, "?");
    assert_eq!(
        service.events,
        [
            "[Running]: Started task ext-lanlord (PID 198) for container ext-lanlord",
            "[Waiting]: Waiting for service \"kubelet\" to be \"up\"",
            "[Starting]: Starting service",
        ]
    );
}
