use super::*;

#[test]
fn names_what_is_missing_and_what_it_is_for() {
    let status = "Name:\tlanlord\nCapEff:\t0000000000001000\n";

    let missing = missing(&[Capability::NetAdmin, Capability::NetRaw], status);

    let text = CapabilityError::Missing(missing).to_string();
    assert!(
        text.starts_with("missing CAP_NET_RAW (ARP and DHCP sockets); grant it"),
        "{text}"
    );
}

#[test]
fn root_lacks_nothing() {
    let all = [
        Capability::NetAdmin,
        Capability::NetRaw,
        Capability::NetBindService,
    ];

    assert!(missing(&all, "CapEff:\t000001ffffffffff\n").is_empty());
}
