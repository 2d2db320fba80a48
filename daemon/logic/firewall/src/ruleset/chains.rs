//! Chains and their rules. Each rule has a comment that says what it is for; `nft list table inet lanlord` reads so.

use std::net::Ipv4Addr;

use nftables::{
    schema::{Chain, NfListObject, Rule},
    stmt::Statement,
    types::{NfChainPolicy, NfChainType, NfFamily, NfHook},
};

use super::{
    Object, TABLE,
    sets::{
        FORWARDS, ForwardMaps, LAN_ADDRESSES, LAN_SUBNETS, LANS, POOLS, SERVICES, TRUSTED,
        UPLINK_ADDRESSES,
    },
};
use crate::{Network, Uplink, expression::*};

const RAW: &str = "raw_prerouting";
const MANGLE: &str = "mangle_forward";
const INPUT: &str = "input";
const FROM_UPLINK: &str = "input_from_uplink";
const FORWARD: &str = "forward";
const DSTNAT: &str = "dstnat";
const SRCNAT: &str = "srcnat";

/// All chains, then all rules.
pub(super) fn of(network: &Network) -> Vec<Object> {
    let mut objects = vec![
        base(RAW, NfChainType::Filter, NfHook::Prerouting, -300),
        base(MANGLE, NfChainType::Filter, NfHook::Forward, -150),
        plain(FROM_UPLINK),
        base(INPUT, NfChainType::Filter, NfHook::Input, 0),
        base(FORWARD, NfChainType::Filter, NfHook::Forward, 0),
        base(DSTNAT, NfChainType::NAT, NfHook::Prerouting, -100),
        base(SRCNAT, NfChainType::NAT, NfHook::Postrouting, 100),
    ];
    let uplink = network.uplink.as_ref();
    objects.extend(raw(network));
    if let Some(uplink) = uplink {
        objects.extend(mangle(uplink));
        objects.extend(input(uplink));
    }
    objects.extend(forward(uplink));
    if let Some(uplink) = uplink {
        objects.extend(nat(uplink));
    }
    objects
}

/// A chain without a hook.
pub(super) fn plain(name: &str) -> Object {
    NfListObject::Chain(Chain {
        family: NfFamily::INet,
        table: TABLE.into(),
        name: name.to_string().into(),
        ..Chain::default()
    })
}

/// A base chain. Its policy accepts, because it sees the traffic of interfaces that are not ours too; what is dropped is
/// dropped by a rule that names the interface.
fn base(name: &'static str, kind: NfChainType, hook: NfHook, priority: i32) -> Object {
    NfListObject::Chain(Chain {
        family: NfFamily::INet,
        table: TABLE.into(),
        name: name.into(),
        _type: Some(kind),
        hook: Some(hook),
        prio: Some(priority),
        policy: Some(NfChainPolicy::Accept),
        ..Chain::default()
    })
}

fn rule(chain: &'static str, comment: &'static str, statements: Vec<Statement<'static>>) -> Object {
    NfListObject::Rule(Rule {
        family: NfFamily::INet,
        table: TABLE.into(),
        chain: chain.into(),
        expr: statements.into(),
        handle: None,
        index: None,
        comment: Some(comment.into()),
    })
}

/// Before connection tracking: forged sources go, and what hairpins between LAN and pools is not tracked, because its
/// replies take the short way past the router and half a connection would be judged invalid.
fn raw(network: &Network) -> Vec<Object> {
    let mut rules = Vec::new();
    for lan in &network.lans {
        rules.push(rule(
            RAW,
            "forged source on a LAN",
            vec![
                iifname(&lan.interface),
                saddr_not(lan.address.trunc()),
                saddr_not_in(POOLS),
                // A DHCP client without an address.
                saddr_is_not(Ipv4Addr::UNSPECIFIED),
                counter(),
                drop(),
            ],
        ));
    }
    if let Some(uplink) = &network.uplink {
        for (set, comment) in [
            (LAN_SUBNETS, "forged LAN source on the uplink"),
            (POOLS, "forged VIP source on the uplink"),
        ] {
            let statements = vec![iifname(&uplink.interface), saddr_in(set), counter(), drop()];
            rules.push(rule(RAW, comment, statements));
        }
    }
    rules.push(rule(
        RAW,
        "LAN to VIP: untracked",
        vec![
            iifname_in(LANS),
            saddr_in(LAN_SUBNETS),
            daddr_in(POOLS),
            notrack(),
        ],
    ));
    rules.push(rule(
        RAW,
        // Replies to the router itself are tracked: they belong to its own requests and to hairpinned port forwards.
        "VIP to LAN: untracked",
        vec![
            iifname_in(LANS),
            saddr_in(POOLS),
            daddr_in(LAN_SUBNETS),
            daddr_not_in(LAN_ADDRESSES),
            notrack(),
        ],
    ));
    rules
}

/// TCP through the uplink must fit its path, whatever the LAN's MTU is.
fn mangle(uplink: &Uplink) -> Vec<Object> {
    [oifname(&uplink.interface), iifname(&uplink.interface)]
        .into_iter()
        .map(|interface| {
            rule(
                MANGLE,
                "MSS fits the path",
                vec![interface, opens_tcp(), clamp_mss()],
            )
        })
        .collect()
}

/// Only the uplink is filtered: the LAN side is trusted, and a host that runs more than lanlord must not lock its owner
/// out.
fn input(uplink: &Uplink) -> Vec<Object> {
    vec![
        rule(
            INPUT,
            "uplink: judged apart",
            vec![iifname(&uplink.interface), jump(FROM_UPLINK)],
        ),
        rule(
            FROM_UPLINK,
            "replies",
            vec![state(&["established", "related"]), accept()],
        ),
        rule(
            FROM_UPLINK,
            "invalid",
            vec![state(&["invalid"]), counter(), drop()],
        ),
        rule(
            FROM_UPLINK,
            "trusted to the router's services",
            vec![saddr_in(TRUSTED), destination_port_in(SERVICES), accept()],
        ),
        rule(
            FROM_UPLINK,
            "trusted may ping",
            vec![saddr_in(TRUSTED), echo_request(), accept()],
        ),
        rule(
            FROM_UPLINK,
            "the rest of the uplink, IPv6 too",
            vec![counter(), drop()],
        ),
    ]
}

fn forward(uplink: Option<&Uplink>) -> Vec<Object> {
    let mut rules = vec![
        // Untracked packets have no state that a rule could ask for: these two come before any that does.
        rule(
            FORWARD,
            "LAN to VIP",
            vec![
                iifname_in(LANS),
                saddr_in(LAN_SUBNETS),
                daddr_in(POOLS),
                accept(),
            ],
        ),
        rule(
            FORWARD,
            "VIP to LAN",
            vec![
                iifname_in(LANS),
                saddr_in(POOLS),
                daddr_in(LAN_SUBNETS),
                accept(),
            ],
        ),
    ];
    rules.extend(uplink.into_iter().flat_map(forward_uplink));
    rules
}

fn forward_uplink(uplink: &Uplink) -> Vec<Object> {
    vec![
        rule(
            FORWARD,
            "replies",
            vec![state(&["established", "related"]), accept()],
        ),
        rule(
            FORWARD,
            "trusted to VIP",
            vec![
                iifname(&uplink.interface),
                saddr_in(TRUSTED),
                daddr_in(POOLS),
                accept(),
            ],
        ),
        rule(
            FORWARD,
            "VIP to trusted",
            vec![
                iifname_in(LANS),
                saddr_in(POOLS),
                daddr_in(TRUSTED),
                accept(),
            ],
        ),
        rule(
            FORWARD,
            "invalid from the uplink",
            vec![
                iifname(&uplink.interface),
                state(&["invalid"]),
                counter(),
                drop(),
            ],
        ),
        // Out of its window or after its end: masquerading does not apply, and the LAN's addresses must not get out.
        rule(
            FORWARD,
            "invalid to the uplink",
            vec![
                oifname(&uplink.interface),
                state(&["invalid"]),
                counter(),
                drop(),
            ],
        ),
        rule(
            FORWARD,
            "port forwards",
            vec![iifname(&uplink.interface), status_dnat(), accept()],
        ),
        rule(
            FORWARD,
            "the rest of the uplink, IPv6 too",
            vec![iifname(&uplink.interface), counter(), drop()],
        ),
    ]
}

fn nat(uplink: &Uplink) -> Vec<Object> {
    let forwards = |maps: ForwardMaps| {
        let dnat = dnat_by_port(maps.transport, maps.addresses, maps.ports);
        rule(
            DSTNAT,
            "port forwards",
            vec![daddr_in(UPLINK_ADDRESSES), dnat],
        )
    };
    let out = |comment, set| {
        rule(
            SRCNAT,
            comment,
            vec![oifname(&uplink.interface), saddr_in(set), masquerade()],
        )
    };
    let mut rules: Vec<Object> = FORWARDS.into_iter().map(forwards).collect();
    rules.extend([
        rule(
            SRCNAT,
            "trusted see VIPs as they are",
            vec![
                oifname(&uplink.interface),
                saddr_in(POOLS),
                daddr_in(TRUSTED),
                accept(),
            ],
        ),
        out("LAN hides behind the uplink address", LAN_SUBNETS),
        out("VIPs hide behind the uplink address", POOLS),
        rule(
            SRCNAT,
            // Else the target would answer the client past the router, from an address that it never asked.
            "port forwards used from the LAN",
            vec![
                oifname_in(LANS),
                saddr_in(LAN_SUBNETS),
                status_dnat(),
                masquerade(),
            ],
        ),
    ]);
    rules
}
