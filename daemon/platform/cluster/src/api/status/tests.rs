use k8s_openapi::api::core::v1::PortStatus;

use super::*;

fn vip(text: &str) -> Vip {
    Vip::new(text.parse().unwrap())
}

fn address(text: &str) -> LoadBalancerIngress {
    LoadBalancerIngress {
        ip: Some(text.to_string()),
        ..LoadBalancerIngress::default()
    }
}

fn hostname(text: &str) -> LoadBalancerIngress {
    LoadBalancerIngress {
        hostname: Some(text.to_string()),
        ..LoadBalancerIngress::default()
    }
}

#[test]
fn an_address_that_stays_keeps_what_others_wrote_to_it() {
    let read = LoadBalancerIngress {
        hostname: Some("www.example.com".to_string()),
        ip_mode: Some("Proxy".to_string()),
        ports: Some(vec![PortStatus {
            port: 80,
            protocol: "TCP".to_string(),
            error: None,
        }]),
        ..address("192.0.2.10")
    };

    assert_eq!(
        merge(std::slice::from_ref(&read), &[vip("192.0.2.10")]),
        [read]
    );
}

#[test]
fn an_address_that_goes_leaves_its_host_name_and_the_host_names_of_others() {
    let read = [
        LoadBalancerIngress {
            hostname: Some("www.example.com".to_string()),
            ip_mode: Some("VIP".to_string()),
            ..address("192.0.2.10")
        },
        address("192.0.2.11"),
        hostname("other.example.com"),
    ];

    assert_eq!(
        merge(&read, &[]),
        [hostname("www.example.com"), hostname("other.example.com")]
    );
}

#[test]
fn a_new_pair_is_written_ipv4_first_and_before_host_names() {
    let both = [vip("192.0.2.10"), vip("2001:db8::10")];

    assert_eq!(
        merge(&[hostname("www.example.com")], &both),
        [
            address("192.0.2.10"),
            address("2001:db8::10"),
            hostname("www.example.com")
        ]
    );
    assert_eq!(
        merge(&[address("2001:db8::10")], &both),
        [address("192.0.2.10"), address("2001:db8::10")]
    );
    assert_eq!(
        merge(&[address("192.0.2.10")], &both),
        [address("192.0.2.10"), address("2001:db8::10")]
    );
}

#[test]
fn a_pair_that_another_wrote_the_other_way_round_is_left_so() {
    let read = [address("2001:db8::10"), address("192.0.2.10")];

    assert_eq!(
        merge(&read, &[vip("192.0.2.10"), vip("2001:db8::10")]),
        read
    );
}
