//! Whatever others wrote: our addresses are there, theirs is kept, and once is enough.

use proptest::{collection::vec, option, prelude::*};

use super::*;

fn any_entry() -> impl Strategy<Value = LoadBalancerIngress> {
    let ip = option::of(prop_oneof![
        (1_u8..6).prop_map(|last| format!("192.0.2.{last}")),
        (1_u8..4).prop_map(|last| format!("2001:db8::{last}")),
        Just("2001:DB8:0::1".to_string()),
        Just("nonsense".to_string()),
        Just(String::new()),
    ]);
    let hostname = option::of(prop_oneof![Just(String::new()), "[a-c]\\.example\\.com"]);
    let mode = option::of(prop_oneof![
        Just("VIP".to_string()),
        Just("Proxy".to_string())
    ]);
    (ip, hostname, mode).prop_map(|(ip, hostname, ip_mode)| LoadBalancerIngress {
        ip,
        hostname,
        ip_mode,
        ports: None,
    })
}

fn any_vips() -> impl Strategy<Value = Vec<Vip>> {
    (option::of(1_u8..6), option::of(1_u8..4)).prop_map(|(v4, v6)| {
        let v4 = v4.map(|last| format!("192.0.2.{last}"));
        let v6 = v6.map(|last| format!("2001:db8::{last}"));
        v4.into_iter()
            .chain(v6)
            .map(|text| Vip::new(text.parse().unwrap()))
            .collect()
    })
}

fn named(list: &[LoadBalancerIngress]) -> Vec<&str> {
    list.iter()
        .filter_map(|entry| entry.hostname.as_deref())
        .filter(|name| !name.is_empty())
        .collect()
}

proptest! {
    #[test]
    fn the_list_shows_exactly_our_addresses_each_once(read in vec(any_entry(), 0..6), vips in any_vips()) {
        let merged = merge(&read, &vips);

        let mut shown: Vec<IpAddr> = merged.iter().filter_map(ingress_ip).collect();
        shown.sort();
        let mut wanted: Vec<IpAddr> = vips.iter().map(|vip| vip.address()).collect();
        wanted.sort();
        prop_assert_eq!(shown, wanted);
    }

    #[test]
    fn no_host_name_of_others_is_lost_and_their_order_stays(read in vec(any_entry(), 0..6), vips in any_vips()) {
        let merged = merge(&read, &vips);

        prop_assert_eq!(named(&merged), named(&read));
    }

    #[test]
    fn merging_twice_changes_nothing(read in vec(any_entry(), 0..6), vips in any_vips()) {
        let once = merge(&read, &vips);

        prop_assert_eq!(merge(&once, &vips), once);
    }

    #[test]
    fn what_is_as_planned_already_is_not_touched(hostnames in vec("[a-c]\\.example\\.com", 0..3), vips in any_vips()) {
        let read = merge(&hostnames.into_iter().map(|name| LoadBalancerIngress {
            hostname: Some(name),
            ..LoadBalancerIngress::default()
        }).collect::<Vec<_>>(), &vips);

        prop_assert_eq!(merge(&read, &vips), read);
    }

    #[test]
    fn a_mode_never_stands_without_an_address(read in vec(any_entry(), 0..6), vips in any_vips()) {
        let with_mode = |entry: &LoadBalancerIngress| entry.ip_mode.is_some() && entry.ip.as_deref().is_none_or(str::is_empty);
        prop_assume!(!read.iter().any(with_mode));

        prop_assert!(!merge(&read, &vips).iter().any(with_mode));
    }
}
