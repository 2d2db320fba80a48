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

#[test]
fn what_is_permitted_is_put_into_effect_and_nothing_else() {
    // Capabilities belong to threads: this one's end with it.
    let raised = std::thread::spawn(|| {
        let before = sys::capability::read().unwrap();
        let permitted = before.permitted & (1 << Capability::NetRaw.bit() | 1 << 1);
        let bare = sys::capability::Sets {
            effective: 0,
            permitted,
            inheritable: 0,
        };
        sys::capability::write(bare).unwrap();
        assert!(require(&[Capability::NetRaw]).is_err());

        raise().unwrap();

        (permitted, sys::capability::read().unwrap().effective)
    });

    let (permitted, effective) = raised.join().unwrap();
    // As root of a namespace all is permitted; as an ordinary user nothing is, and nothing is gained.
    assert_eq!(effective, permitted & 1 << Capability::NetRaw.bit());
}
