use super::*;

const VIP: &str = "10.10.10.10";

fn interface(index: u32, name: &str, addresses: &[&str]) -> Interface {
    Interface {
        index,
        name: name.to_string(),
        mac: Some(Mac::new([2, 0, 0, 0, 0, 1])),
        operational: true,
        asks_by_arp: true,
        master: None,
        addresses: addresses.iter().map(|text| text.parse().unwrap()).collect(),
    }
}

fn node(all: Vec<Interface>, default_route: u32) -> Interfaces {
    Interfaces {
        all,
        default_route: Some(default_route),
        allowed: Vec::new(),
    }
}

fn address(text: &str) -> Vip {
    Vip::new(text.parse().unwrap())
}

fn chosen(vip: &str, named: &[&str], interfaces: &Interfaces) -> Result<Vec<u32>, Silence> {
    let named = named.iter().map(ToString::to_string).collect();
    choose(address(vip), &named, interfaces).map(|set| set.into_iter().collect())
}

#[test]
fn a_vip_on_a_subnet_of_the_node_is_announced_there() {
    let node = node(
        vec![
            interface(2, "eth0", &["192.0.2.1/24"]),
            interface(3, "eth1", &["10.10.10.1/24"]),
        ],
        2,
    );

    assert_eq!(chosen(VIP, &[], &node), Ok(vec![3]));
}

#[test]
fn a_vip_outside_every_subnet_is_announced_where_the_default_route_leads() {
    let node = node(
        vec![
            interface(2, "eth0", &["198.51.100.1/24"]),
            interface(3, "eth1", &["192.0.2.1/24"]),
        ],
        3,
    );

    assert_eq!(chosen(VIP, &[], &node), Ok(vec![3]));
}

#[test]
fn of_two_interfaces_on_the_subnet_the_longer_prefix_wins_then_the_lower_index() {
    let alike = node(
        vec![
            interface(3, "eth1", &["10.10.10.2/24"]),
            interface(2, "eth0", &["10.10.10.1/24"]),
        ],
        2,
    );
    let longer = node(
        vec![
            interface(2, "eth0", &["10.0.0.1/8"]),
            interface(3, "eth1", &["10.10.10.1/24"]),
        ],
        2,
    );

    assert_eq!(chosen(VIP, &[], &alike), Ok(vec![2]));
    assert_eq!(chosen(VIP, &[], &longer), Ok(vec![3]));
}

#[test]
fn interfaces_named_by_the_advertisement_are_taken_at_their_word() {
    let node = node(
        vec![
            interface(2, "eth0", &["10.10.10.1/24"]),
            interface(3, "dummy0", &[]),
        ],
        2,
    );

    assert_eq!(chosen(VIP, &["dummy0", "eth7"], &node), Ok(vec![3]));
}

#[test]
fn a_named_bridge_port_stands_for_its_bridge() {
    let mut port = interface(2, "eth0", &[]);
    port.master = Some(3);
    let node = node(vec![port, interface(3, "br0", &["192.0.2.1/24"])], 3);

    assert_eq!(chosen(VIP, &["eth0"], &node), Ok(vec![3]));
}

#[test]
fn a_bridge_port_is_never_chosen_by_itself() {
    let mut port = interface(2, "eth0", &["10.10.10.1/24"]);
    port.master = Some(3);
    let node = node(vec![port, interface(3, "br0", &["192.0.2.1/24"])], 3);

    assert_eq!(chosen(VIP, &[], &node), Ok(vec![3]));
}

#[test]
fn interfaces_of_container_networks_are_passed_over() {
    for name in [
        "cni0",
        "docker0",
        "veth12ab",
        "cali1234",
        "kube-ipvs0",
        "flannel.1",
        "lxcbr0",
        "nodelocaldns",
    ] {
        let node = node(vec![interface(2, name, &["10.10.10.1/24"])], 2);

        assert_eq!(
            chosen(VIP, &[], &node),
            Err(Silence::NowhereToAnnounce),
            "{name}"
        );
    }
}

#[test]
fn an_allow_list_replaces_the_exclusion_list() {
    let mut node = node(
        vec![
            interface(2, "eth0", &["192.0.2.1/24"]),
            interface(3, "veth-lan", &["10.10.10.1/24"]),
        ],
        2,
    );

    node.allowed = vec!["veth-lan".to_string()];
    assert_eq!(chosen(VIP, &[], &node), Ok(vec![3]));

    node.allowed = vec!["eth0".to_string()];
    assert_eq!(chosen(VIP, &[], &node), Ok(vec![2]));
}

#[test]
fn an_interface_that_is_down_or_does_not_ask_is_not_usable() {
    let down = Interface {
        operational: false,
        ..interface(2, "eth0", &["10.10.10.1/24"])
    };
    let tunnel = Interface {
        asks_by_arp: false,
        mac: None,
        ..interface(2, "wg0", &["10.10.10.1/24"])
    };

    for unusable in [down, tunnel] {
        let name = unusable.name.clone();
        let node = node(vec![unusable], 2);

        assert_eq!(chosen(VIP, &[], &node), Err(Silence::NowhereToAnnounce));
        assert!(matches!(
            chosen(VIP, &[&name], &node),
            Err(Silence::NamedUnusable { .. })
        ));
    }
}

#[test]
fn ipv6_says_that_it_is_not_announced() {
    let node = node(vec![interface(2, "eth0", &["2001:db8::1/64"])], 2);

    let silence = chosen("2001:db8::10", &[], &node).unwrap_err();

    assert_eq!(silence.to_string(), "IPv6 is not announced by this version");
}
