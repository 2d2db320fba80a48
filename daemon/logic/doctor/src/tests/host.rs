use std::time::Duration;

use super::fixture::*;
use crate::*;

#[test]
fn a_host_that_lacks_nothing_hears_nothing_but_ok() {
    for role in [Role::Node, Role::Router, Role::Either] {
        for finding in judge(role, host()) {
            assert_eq!(finding.severity, Severity::Ok, "{finding:?}");
        }
    }
}

#[test]
fn a_module_that_an_unprivileged_container_lacks_is_loaded_on_the_proxmox_host() {
    let mut host = container();
    host.nf_tables.insert("masquerade", Probe::Missing);

    let finding = only(&judge(Role::Router, host), "nfTables");

    assert_eq!(finding.severity, Severity::Problem);
    assert_eq!(finding.what, "nf_tables lacks masquerade");
    assert_eq!(
        finding.cure,
        [
            "on the Proxmox host: printf 'nft_masq\\n' >> /etc/modules-load.d/lanlord.conf && modprobe -a nft_masq"
        ]
    );
}

#[test]
fn without_nf_tables_its_parts_are_not_told_one_by_one() {
    let mut host = host();
    for probe in host.nf_tables.values_mut() {
        *probe = Probe::Missing;
    }

    let finding = only(&judge(Role::Router, host), "nfTables");

    assert_eq!(finding.what, "this kernel has no nf_tables");
    assert!(finding.why.contains("DHCP and DNS serve"), "{finding:?}");
}

#[test]
fn nothing_of_the_firewall_concerns_a_node() {
    let mut host = host();
    host.nft = None;
    host.nf_tables.insert("tables", Probe::Missing);
    host.conntrack = Some(Conntrack { most: 1, count: 1 });

    assert!(
        judge(Role::Node, host)
            .iter()
            .all(|finding| finding.severity == Severity::Ok)
    );
}

#[test]
fn a_missing_capability_is_a_problem_for_root_and_a_hint_for_a_person_without_it() {
    let without_raw = !(1 << 13);
    let mut container = container();
    container.capabilities.effective = without_raw;
    container.capabilities.bounding = without_raw;
    let mut person = host();
    person.capabilities.effective = without_raw;
    person.environment.root = false;

    let dropped = only(&judge(Role::Router, container), "capability");
    let unprivileged = only(&judge(Role::Router, person), "capability");

    assert_eq!(dropped.severity, Severity::Problem);
    assert!(
        dropped.cure.concat().contains("lxc.cap.drop: net_raw"),
        "{dropped:?}"
    );
    assert_eq!(unprivileged.severity, Severity::Hint);
}

fn taken(transport: Transport, at: &str, program: &str) -> Port {
    Port {
        transport,
        address: at.parse().unwrap(),
        holders: vec![Holder {
            pid: 812,
            program: program.to_string(),
            own: program == "lanlord",
        }],
    }
}

#[test]
fn a_port_in_other_hands_is_told_with_its_holder_and_how_to_stop_it() {
    let mut host = host();
    host.ports = vec![
        taken(Transport::Udp, "0.0.0.0:53", "dnsmasq"),
        taken(Transport::Udp, "127.0.0.53:53", "systemd-resolve"),
        taken(Transport::Tcp, "192.0.2.1:53", "lanlord"),
    ];

    let finding = only(&judge(Role::Router, host), "port");

    assert_eq!(
        finding.what,
        "port 53/udp on 0.0.0.0 is taken by dnsmasq (pid 812)"
    );
    assert_eq!(finding.cure, ["systemctl disable --now dnsmasq"]);
}

#[test]
fn ports_of_the_other_role_do_not_concern_a_host() {
    let mut host = host();
    host.ports = vec![taken(Transport::Tcp, "0.0.0.0:7472", "speaker")];

    let as_router = judge(Role::Router, host.clone());

    assert!(
        as_router
            .iter()
            .all(|finding| finding.severity == Severity::Ok)
    );
    assert_eq!(
        only(&judge(Role::Node, host), "port").severity,
        Severity::Problem
    );
}

#[test]
fn a_setting_that_cannot_be_made_from_a_container_is_made_outside() {
    let mut host = container();
    host.sysctls_writable = false;
    let key = "net/ipv4/conf/all/send_redirects";
    host.sysctls.insert(key.to_string(), "1".to_string());

    let finding = only(&judge(Role::Router, host), "sysctl");

    assert!(
        finding.cure[0].starts_with("on the Proxmox host: echo net.ipv4.conf.all.send_redirects=0"),
        "{finding:?}"
    );
}

#[test]
fn ipvs_without_strict_arp_is_seen_on_the_node_itself() {
    let mut host = host();
    host.interfaces.push(interface("kube-ipvs0"));
    assert_eq!(
        only(&judge(Role::Node, host.clone()), "strictArp").severity,
        Severity::Problem
    );
    let key = "net/ipv4/conf/all/arp_ignore".to_string();
    host.sysctls.insert(key, "1".to_string());

    assert!(
        !judge(Role::Node, host)
            .iter()
            .any(|finding| finding.check == "strictArp")
    );
}

#[test]
fn a_full_or_read_only_state_folder_is_a_problem_that_says_what_still_works() {
    let mut read_only = host();
    read_only.state.writable = Some(Err("Read-only file system".to_string()));
    let mut full = host();
    full.state.free = Some(4096);

    let finding = only(&judge(Role::Router, read_only), "state");
    assert!(
        finding.what.contains("Read-only file system"),
        "{finding:?}"
    );
    assert!(finding.why.contains("DHCP and DNS serve"), "{finding:?}");
    assert!(
        only(&judge(Role::Router, full), "state")
            .what
            .contains("4 KiB left")
    );
}

#[test]
fn a_clock_that_was_set_back_is_seen_by_the_files_it_left_in_the_future() {
    let mut host = host();
    host.newest_state = Some(now() + Duration::from_secs(3600));

    let finding = only(&judge(Role::Router, host), "clock");

    assert!(finding.what.contains("3600 s in the future"), "{finding:?}");
}

#[test]
fn a_nic_is_judged_by_what_it_is() {
    let mut host = container();
    let veth = Some("veth".to_string());
    host.interfaces[0].kind = veth;
    host.interfaces[1].wireless = true;
    host.interfaces[1].mtu = 1400;
    host.interfaces[1].master = Some(("bridge".to_string(), "br0".to_string()));

    let findings = judge(Role::Router, host);

    for check in ["proxmoxFirewall", "wireless", "mtu", "enslaved"] {
        assert_eq!(only(&findings, check).severity, Severity::Hint);
    }
}

#[test]
fn what_a_daemon_complains_of_comes_before_what_is_fine() {
    let findings = examine(&Facts {
        role: Role::Router,
        host: Some(host()),
        daemon: Daemon::Running {
            problems: vec!["no key for cluster lab".to_string()],
        },
        cluster: None,
    });

    assert_eq!(findings[0].what, "the daemon says: no key for cluster lab");
    assert!(findings.is_sorted_by_key(|finding| finding.severity));
}
