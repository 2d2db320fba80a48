use proptest::prelude::*;

use super::parse;

/// Lines that a careless hand could write: real keys with values that may be anything.
fn careless_line() -> impl Strategy<Value = String> {
    let header = prop::sample::select(vec![
        "[[lan]]",
        "[lan.dhcp]",
        "[[lan.reservation]]",
        "[uplink]",
        "[dns]",
        "[[dns.zone]]",
        "[[dns.record]]",
        "[[cluster]]",
        "[[forward]]",
    ]);
    let key = prop::sample::select(vec![
        "hostname",
        "domain",
        "interface",
        "address",
        "range",
        "lease_time",
        "name",
        "mac",
        "gateway",
        "trusted",
        "upstream",
        "type",
        "value",
        "nodes",
        "pools",
        "zones",
        "port",
        "to",
    ]);
    let value = prop_oneof![
        "\"[ -~]{0,24}\"",
        "\"[0-9./:-]{0,24}\"",
        "\\[\"[0-9./:-]{0,18}\"\\]",
        "[0-9]{1,6}",
        Just("[{ name = \"example.com\", names = [\"*\"] }]".to_string()),
        Just("\"0.0.0.0/8\"".to_string()),
        Just("\"255.255.255.254/30\"".to_string()),
        Just("\"255.255.255.250-255.255.255.254\"".to_string()),
    ];
    prop_oneof![
        header.prop_map(ToString::to_string),
        (key, value).prop_map(|(key, value)| format!("{key} = {value}")),
    ]
}

proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(text in any::<String>()) {
        let _ = parse(&text, "router.toml");
    }

    #[test]
    fn no_careless_file_makes_the_reader_panic(lines in prop::collection::vec(careless_line(), 0..24)) {
        let text = lines.join("\n");
        if let Err(error) = parse(&text, "router.toml") {
            for fault in error.faults() {
                prop_assert!(fault.line <= text.lines().count().max(1) + 1, "{fault} of\n{text}");
                prop_assert!(!fault.message.is_empty());
            }
        }
    }

    #[test]
    fn what_a_host_address_allows_resolves_to_a_range_without_the_router(octets in any::<[u8; 4]>(), length in 8_u8..=30) {
        let text = format!("[[lan]]\naddress = \"{}/{length}\"\n", std::net::Ipv4Addr::from(octets));
        if let Ok(config) = parse(&text, "router.toml") {
            let lan = &config.lans[0];
            prop_assert!(!lan.dhcp.range.contains(lan.address.addr().into()));
            let first = lan.dhcp.range.first();
            let inside = ipnet::IpNet::V4(lan.address).contains(&first);
            prop_assert!(inside, "{first} outside {}", lan.address);
        }
    }
}
