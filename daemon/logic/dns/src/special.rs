//! Names that never leave the network: special-use names (RFC 6761, 6762, 7686, 8375, 9476) and the reverse zones of
//! private and documentation addresses (RFC 6303, 7793).

use std::{
    net::{Ipv4Addr, Ipv6Addr},
    str::FromStr,
};

use hickory_proto::rr::{
    Name, RData, Record,
    rdata::{A, AAAA},
};

/// Special-use top names, and the home network's own.
const FORWARD: [&str; 9] = [
    "localhost.",
    "home.arpa.",
    "local.",
    "internal.",
    "test.",
    "invalid.",
    "onion.",
    "alt.",
    "resolver.arpa.",
];

/// Reverse zones that RFC 6303 wants served locally, but those of 172.16/12 and 100.64/10, which are counted out below.
const REVERSE: [&str; 17] = [
    "10.in-addr.arpa.",
    "168.192.in-addr.arpa.",
    "0.in-addr.arpa.",
    "127.in-addr.arpa.",
    "254.169.in-addr.arpa.",
    "2.0.192.in-addr.arpa.",
    "100.51.198.in-addr.arpa.",
    "113.0.203.in-addr.arpa.",
    "255.255.255.255.in-addr.arpa.",
    "0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.ip6.arpa.",
    "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.ip6.arpa.",
    "d.f.ip6.arpa.",
    "8.e.f.ip6.arpa.",
    "9.e.f.ip6.arpa.",
    "a.e.f.ip6.arpa.",
    "b.e.f.ip6.arpa.",
    "8.b.d.0.1.0.0.2.ip6.arpa.",
];

/// All zones that are served here even if nobody configured them.
pub(crate) fn zones() -> impl Iterator<Item = Name> {
    let private_172 = (16..=31).map(|second| format!("{second}.172.in-addr.arpa."));
    let shared_100 = (64..=127).map(|second| format!("{second}.100.in-addr.arpa."));
    FORWARD
        .into_iter()
        .chain(REVERSE)
        .map(ToString::to_string)
        .chain(private_172)
        .chain(shared_100)
        .filter_map(|name| Name::from_str(&name).ok())
}

/// `localhost` and every name below it are this host (RFC 6761, 6.3).
pub(crate) fn localhost() -> impl Iterator<Item = Record> {
    ["localhost.", "*.localhost."]
        .into_iter()
        .filter_map(|name| Name::from_str(name).ok())
        .flat_map(|name| {
            [
                RData::A(A(Ipv4Addr::LOCALHOST)),
                RData::AAAA(AAAA(Ipv6Addr::LOCALHOST)),
            ]
            .map(|data| Record::from_rdata(name.clone(), 3600, data))
        })
}
