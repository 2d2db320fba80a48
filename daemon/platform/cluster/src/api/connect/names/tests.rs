use std::{net::Ipv4Addr, str::FromStr};

use super::*;

#[test]
fn servers_search_list_and_ndots_count() {
    let conf = ResolvConf::parse(
        "# written by Talos
nameserver 192.0.2.53
nameserver 2001:db8::53
nameserver fe80::1%eth0
nameserver
search home.arpa example.com
options edns0 ndots:5 trust-ad
",
    );

    let expected = ResolvConf {
        servers: vec![
            "192.0.2.53".parse().unwrap(),
            "2001:db8::53".parse().unwrap(),
        ],
        search: ["home.arpa", "example.com"]
            .map(|name| DnsName::from_str(name).unwrap())
            .to_vec(),
        ndots: 5,
    };
    assert_eq!(conf, expected);
}

#[test]
fn text_that_is_no_resolv_conf_says_nothing() {
    let conf = ResolvConf::parse("{\"servers\": []}\n\u{0}\noptions ndots:many ndots:-1");

    assert!(conf.servers.is_empty());
    assert_eq!(conf.ndots, 1);
}

/// Without any server, as on a node whose network is not up yet.
#[tokio::test]
async fn localhost_needs_no_server() {
    let addresses = resolve("localhost", &ResolvConf::parse("")).await.unwrap();

    assert!(
        addresses.contains(&Ipv4Addr::LOCALHOST.into()),
        "{addresses:?}"
    );
}

#[tokio::test]
async fn a_name_that_nobody_knows_is_named_in_the_error() {
    let error = resolve("api.example.com", &ResolvConf::parse(""))
        .await
        .unwrap_err();

    assert!(error.to_string().contains("api.example.com"), "{error}");
}
