use super::{Family, Kind, Registry};

#[test]
fn counters_get_their_suffix_and_gauges_keep_their_name() {
    let mut registry = Registry::default();
    registry.register(|| {
        vec![
            Family::counter("lanlord_things", "Things seen", 3),
            Family::by_label(
                "metallb_layer2_requests_received",
                "ARP requests",
                Kind::Gauge,
                "ip",
                [("192.0.2.1".to_string(), 7)],
            ),
        ]
    });

    let text = registry.encode().unwrap();

    assert!(text.contains("lanlord_things_total 3\n"), "{text}");
    assert!(
        text.contains("metallb_layer2_requests_received{ip=\"192.0.2.1\"} 7\n"),
        "{text}"
    );
}
