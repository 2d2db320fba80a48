use std::collections::BTreeSet;

use super::*;

/// The file of the design and the README.
const FULL: &str = include_str!("../../../../../lxc-router/router.toml");

fn first_fault(text: &str) -> String {
    let error = parse(text, "router.toml").expect_err("the file has a fault");
    error.faults()[0].to_string()
}

fn names(list: &[&str]) -> BTreeSet<String> {
    list.iter().map(ToString::to_string).collect()
}

#[test]
fn a_router_without_a_file_fits_the_network_of_the_readme() {
    let config = RouterConfig::default();

    let lan = &config.lans[0];
    assert_eq!(lan.address.to_string(), "192.168.1.200/24");
    assert_eq!(lan.dhcp.range.to_string(), "192.168.1.20-192.168.1.99");
    assert_eq!(lan.dhcp.lease_time, Duration::from_secs(43_200));
    assert!(!lan.dhcp.authoritative);
    assert_eq!(config.uplink.unwrap().address, UplinkAddress::Dhcp);
    assert_eq!(config.clusters[0].pools[0].to_string(), "10.10.10.0/24");
    assert_eq!(config.dns.zones[0].name, "home.arpa");
    assert!(!config.dns.zones[0].fallthrough);
    assert_eq!(config.dns.zones[1].name, "example.com");
    assert!(config.dns.zones[1].fallthrough);
}

#[test]
fn the_example_file_says_what_it_shows() {
    let config = parse(FULL, "router.toml").unwrap();

    assert_eq!(config.lans[0].interface.as_deref(), Some("eth1"));
    assert_eq!(
        config.lans[0].reservations[0].name.as_deref(),
        Some("talos-1")
    );
    assert_eq!(
        config.dns.upstream[0],
        Upstream::Tls {
            address: "9.9.9.9:853".parse().unwrap(),
            name: "dns.quad9.net".to_string()
        }
    );
    assert_eq!(
        config.dns.upstream[1],
        Upstream::Plain("1.1.1.1:53".parse().unwrap())
    );
    assert_eq!(config.clusters[0].zones[0].names, ["*"]);
    assert_eq!(config.forwards[0].to, "10.10.10.10:443".parse().unwrap());
}

#[test]
fn the_commented_values_of_the_example_are_the_defaults() {
    let file = parse(FULL, "router.toml").unwrap();
    let default = RouterConfig::default();

    assert_eq!(file.hostname, default.hostname);
    assert_eq!(file.domain, default.domain);
    assert_eq!(file.lans[0].address, default.lans[0].address);
    assert_eq!(file.lans[0].dhcp, default.lans[0].dhcp);
    assert_eq!(file.dns.upstream, default.dns.upstream);
    assert_eq!(file.dns.zones, default.dns.zones);
    assert_eq!(file.clusters, default.clusters);
}

#[test]
fn a_range_outside_its_subnet_is_refused_with_its_place_and_a_range_that_fits() {
    let text = "[[lan]]\naddress = \"192.168.1.200/24\"\n[lan.dhcp]\nrange = \"192.168.2.20-192.168.2.99\"\n";

    assert_eq!(
        first_fault(text),
        "router.toml:4:9: lan.dhcp.range: 192.168.2.20 lies outside 192.168.1.0/24; \
         write a range within it, such as 192.168.1.20-192.168.1.99"
    );
}

#[test]
fn an_unknown_key_is_refused_with_the_keys_there_are() {
    let fault = first_fault("[[lan]]\ninterfaces = \"eth1\"\n");

    assert!(
        fault.starts_with("router.toml:2:1: unknown field `interfaces`"),
        "{fault}"
    );
    assert!(fault.contains("`interface`"), "{fault}");
}

#[test]
fn a_wrong_type_is_refused_with_the_type_wanted() {
    let fault = first_fault("hostname = 5\n");

    assert_eq!(
        fault,
        "router.toml:1:12: invalid type: integer `5`, expected a string"
    );
}

#[test]
fn each_bad_value_is_refused_at_its_own_place() {
    let reservation = |mac: &str, address: &str| {
        format!("[[lan.reservation]]\nname = \"a\"\nmac = \"{mac}\"\naddress = \"{address}\"\n")
    };
    let two = |first: String, second: String| format!("[[lan]]\n{first}{second}");
    let one = "bc:24:11:00:00:01";
    let cases = [
        ("[[lan]]\naddress = \"192.168.1.0/24\"\n".to_string(), 2, "lan.address", "network or broadcast"),
        ("[[lan]]\naddress = \"192.168.1.1\"\n".to_string(), 2, "lan.address", "prefix length"),
        ("[[lan]]\n[lan.dhcp]\nrange = \"192.168.1.20-192.168.1.210\"\n".to_string(), 3, "lan.dhcp.range", "own address"),
        ("[[lan]]\n[lan.dhcp]\nrange = \"192.168.1.99-192.168.1.20\"\n".to_string(), 3, "lan.dhcp.range", "ends before"),
        ("[[lan]]\n[lan.dhcp]\nlease_time = \"12\"\n".to_string(), 3, "lan.dhcp.lease_time", "12h"),
        ("[[lan]]\n[lan.dhcp]\nlease_time = \"3s\"\n".to_string(), 3, "lan.dhcp.lease_time", "out of bounds"),
        (two(reservation(one, "192.168.2.5"), String::new()), 5, "lan.reservation.address", "outside 192.168.1.0/24"),
        (two(reservation("bc:24", "192.168.1.5"), String::new()), 4, "lan.reservation.mac", "no MAC address"),
        (two(reservation(one, "192.168.1.5"), reservation(one, "192.168.1.6")), 8, "lan.reservation.mac", "already"),
        (
            two(reservation(one, "192.168.1.5"), reservation("bc:24:11:00:00:02", "192.168.1.5")),
            7,
            "lan.reservation.name",
            "already",
        ),
        ("[uplink]\naddress = \"203.0.113.2/24\"\ngateway = \"203.0.114.1\"\n".to_string(), 3, "uplink.gateway", "outside 203.0.113.0/24"),
        ("[uplink]\ngateway = \"203.0.113.1\"\n".to_string(), 2, "uplink.gateway", "needs an address"),
        ("[uplink]\naddress = \"192.168.1.2/24\"\n".to_string(), 2, "uplink.address", "overlaps the LAN"),
        ("[uplink]\ntrusted = [\n  \"203.0.113.70/26\",\n]\n".to_string(), 3, "uplink.trusted", "write 203.0.113.64/26"),
        ("[dns]\nupstream = [\"dns.example\"]\n".to_string(), 2, "dns.upstream", "tls://"),
        ("[[dns.zone]]\nname = \"exa mple\"\n".to_string(), 2, "dns.zone.name", "no domain name"),
        ("[[dns.record]]\nname = \"a.example.org\"\ntype = \"A\"\nvalue = \"192.0.2.1\"\n".to_string(), 2, "dns.record.name", "example.org"),
        ("[[dns.record]]\nname = \"a.home.arpa\"\ntype = \"A\"\nvalue = \"nas\"\n".to_string(), 4, "dns.record.value", "IPv4"),
        ("[[dns.record]]\nname = \"a.home.arpa\"\ntype = \"LOC\"\nvalue = \"x\"\n".to_string(), 3, "dns.record.type", "CNAME"),
        ("[[cluster]]\nname = \"../x\"\n".to_string(), 2, "cluster.name", "no host name"),
        ("[[cluster]]\nname = \"a\"\npools = [\"192.168.1.64/26\"]\n".to_string(), 3, "cluster.pools", "DHCP range"),
        ("[[cluster]]\nname = \"a\"\npools = [\"10.0.0.0/24\", \"10.0.0.128/25\"]\n".to_string(), 3, "cluster.pools", "overlaps 10.0.0.0/24"),
        ("[[cluster]]\nname = \"a\"\nnodes = [\"192.168.7.1\"]\n".to_string(), 3, "cluster.nodes", "outside 192.168.1.0/24"),
        ("[[cluster]]\nname = \"a\"\nnodes = [\"192.168.1.101\"]\npools = [\"192.168.1.100/30\"]\n".to_string(), 4, "cluster.pools", "overlaps the nodes"),
        ("[[forward]]\nport = 0\nto = \"10.10.10.10:443\"\n".to_string(), 2, "forward.port", "1 to 65535"),
        ("[[forward]]\nport = 443\nto = \"192.0.2.1:443\"\n".to_string(), 3, "forward.to", "neither on a LAN"),
        ("[[forward]]\nport = 443\nto = \"192.168.1.200:80\"\n".to_string(), 3, "forward.to", "router itself"),
    ];
    for (text, line, key, says) in cases {
        let shown = parse(&text, "router.toml").unwrap_err().to_string();
        let told = shown.lines().any(|fault| {
            fault.starts_with(&format!("router.toml:{line}:"))
                && fault.contains(&format!(": {key}: "))
                && fault.contains(says)
        });
        assert!(told, "{text}\n{shown}");
    }
}

#[test]
fn two_lans_with_one_subnet_or_one_interface_are_refused() {
    let text = "[[lan]]\ninterface = \"eth1\"\n[[lan]]\ninterface = \"eth1\"\naddress = \"192.168.1.100/25\"\n";

    let error = parse(text, "router.toml").unwrap_err();
    let keys: Vec<_> = error
        .faults()
        .iter()
        .map(|fault| fault.key.as_str())
        .collect();

    assert_eq!(keys, ["lan.interface", "lan.address"]);
}

#[test]
fn all_faults_of_a_file_are_told_at_once_in_its_order() {
    let text = "hostname = \"-\"\ndomain = \"..\"\n[uplink]\naddress = \"x\"\n";

    let shown = parse(text, "router.toml").unwrap_err().to_string();

    assert_eq!(shown.lines().count(), 3, "{shown}");
    assert!(shown.starts_with("router.toml:1:12: hostname: "), "{shown}");
}

#[test]
fn the_default_range_fits_small_subnets_and_leaves_the_router_out() {
    for (address, range) in [
        ("192.168.7.50/24", "192.168.7.51-192.168.7.99"),
        ("192.168.7.90/24", "192.168.7.20-192.168.7.89"),
        ("192.168.7.1/29", "192.168.7.2-192.168.7.6"),
        ("192.168.7.2/30", "192.168.7.1-192.168.7.1"),
    ] {
        let config = parse(&format!("[[lan]]\naddress = \"{address}\"\n"), "f").unwrap();
        let given = config.lans[0].dhcp.range;
        assert_eq!(
            format!("{}-{}", given.first(), given.last()),
            range,
            "{address}"
        );
    }
}

#[test]
fn a_router_on_another_subnet_has_no_cluster_unless_one_is_written() {
    let config = parse("[[lan]]\naddress = \"192.168.7.1/24\"\n", "f").unwrap();

    assert!(config.clusters.is_empty());
}

#[test]
fn the_lan_is_eth1_if_there_is_one_else_eth0() {
    let config = RouterConfig::default();

    let two = config.interfaces(&names(&["lo", "eth0", "eth1"])).unwrap();
    let one = config.interfaces(&names(&["lo", "eth0"])).unwrap();

    assert_eq!(
        (two.lans[0].as_str(), two.uplink.as_deref()),
        ("eth1", Some("eth0"))
    );
    assert_eq!(
        (one.lans[0].as_str(), one.uplink.as_deref()),
        ("eth0", None)
    );
}

#[test]
fn an_interface_that_is_not_there_is_named_with_those_that_are() {
    let config = parse("[[lan]]\ninterface = \"lan0\"\n", "f").unwrap();

    let error = config.interfaces(&names(&["lo", "eth0"])).unwrap_err();

    assert_eq!(
        error.to_string(),
        "lan.interface: no interface lan0 here; write one of: eth0"
    );
}

#[test]
fn a_file_that_does_not_exist_counts_as_empty() {
    let config = load(Path::new("/nonexistent/router.toml")).unwrap();

    assert_eq!(config, RouterConfig::default());
}

#[test]
fn an_upstream_is_shown_as_it_is_written() {
    for text in [
        "1.1.1.1",
        "1.1.1.1:5353",
        "tls://9.9.9.9#dns.quad9.net",
        "tls://1.1.1.1",
        "[2001:db8::1]:54",
    ] {
        let config = parse(&format!("[dns]\nupstream = [\"{text}\"]\n"), "f").unwrap();
        assert_eq!(config.dns.upstream[0].to_string(), text);
    }
}
