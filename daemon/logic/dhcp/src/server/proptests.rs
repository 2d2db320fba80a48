//! Random clients against a model that keeps the rules in the simplest form.

use std::{collections::BTreeMap, time::Duration};

use proptest::prelude::*;

use super::{
    tests::fixture::{Lan, Packet, client, lan_address, mac, packet, scope},
    *,
};
use crate::code;

/// What one of a few clients does.
#[derive(Clone, Debug)]
enum Step {
    Send {
        client: u8,
        kind: u8,
        last: u8,
        id: Option<u8>,
        shape: u8,
    },
    Probe {
        taken: bool,
    },
    Wait(u32),
    Restart,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let send = (
        0..6_u8,
        1..=8_u8,
        19..27_u8,
        any::<Option<bool>>(),
        0..16_u8,
    )
        .prop_map(|(client, kind, last, id, shape)| Step::Send {
            client,
            kind,
            last,
            id: id.map(u8::from),
            shape,
        });
    let step = prop_oneof![
        12 => send,
        4 => any::<bool>().prop_map(|taken| Step::Probe { taken }),
        2 => (0..20_000_u32).prop_map(Step::Wait),
        1 => Just(Step::Restart),
    ];
    proptest::collection::vec(step, 1..80)
}

/// A small range with one reservation inside it and one outside, kept for clients 0 and 1.
fn small_scope() -> Scope {
    let mut scope = scope();
    scope.range = Some("192.168.1.20-192.168.1.23".parse().unwrap());
    scope.reservations = [(0, 22), (1, 26)]
        .map(|(number, last)| {
            let address = lan_address(last);
            (
                mac(number),
                crate::Reservation {
                    address,
                    name: None,
                },
            )
        })
        .into();
    scope
}

fn build(client_number: u8, kind: u8, last: u8, id: Option<u8>, shape: u8) -> Packet {
    let address = lan_address(last);
    let mut built = match kind {
        1 => client(client_number).discover(),
        3 if shape & 1 == 0 => client(client_number).select(address),
        3 if shape & 2 == 0 => client(client_number).init_reboot(address),
        3 if shape & 4 == 0 => client(client_number).rebind(address),
        3 => client(client_number).renew(address),
        4 => client(client_number).decline(address),
        7 => client(client_number).release(address),
        _ => packet(mac(client_number), MessageType::from_octet(kind).unwrap()),
    };
    if let Some(id) = id {
        built
            .message
            .options
            .set(code::CLIENT_ID, [0xff, client_number, id]);
    }
    if shape & 8 != 0 {
        built.message.set_broadcast();
    }
    built
}

/// Leases as the clients believe them: address to identity and end.
type Believed = BTreeMap<Ipv4Addr, (ClientId, Mac, SystemTime)>;

fn check_reply(believed: &mut Believed, asked: &Packet, reply: &Reply, now: SystemTime) {
    check_destination(asked, reply);
    let message = Message::parse(&reply.payload).unwrap();
    assert_eq!(message.xid, asked.message.xid);
    assert_eq!(
        message.options.address(code::SERVER_ID),
        Some(lan_address(200))
    );
    let scope = small_scope();
    if reply.address.is_unspecified() {
        return;
    }
    if let Some(owner) = scope.reserved_for(reply.address) {
        assert_eq!(owner, reply.mac, "a reserved address was lent");
    } else {
        assert!(scope.is_dynamic(reply.address));
    }
    let client = ClientId::of(&asked.message);
    if let Some((holder, holder_mac, until)) = believed.get(&reply.address)
        && now < *until
        && scope.reserved_for(reply.address) != Some(*holder_mac)
    {
        assert_eq!(holder, &client, "{} went to two clients", reply.address);
    }
    if reply.kind == MessageType::Ack {
        let secs = message.options.number(code::LEASE_TIME).unwrap();
        let until = now + Duration::from_secs(secs.into());
        // A client that was acknowledged elsewhere has left its old address.
        believed.retain(|_, (holder, _, _)| *holder != client);
        believed.insert(reply.address, (client, reply.mac, until));
    }
}

fn check_destination(asked: &Packet, reply: &Reply) {
    let broadcast = (Mac::BROADCAST, Ipv4Addr::BROADCAST);
    let expected = if reply.kind == MessageType::Nak {
        broadcast
    } else if !asked.message.ciaddr.is_unspecified() {
        (asked.arrival.source_mac, asked.message.ciaddr)
    } else if asked.message.wants_broadcast() {
        broadcast
    } else {
        (asked.message.mac, reply.address)
    };
    assert_eq!((reply.to.mac, reply.to.address), expected);
    assert_eq!(reply.to.port, 68);
}

/// Applies outputs: the disk learns first, then replies leave. Returns the addresses to probe.
fn follow(
    outputs: Vec<Output>,
    disk: &mut BTreeMap<Ipv4Addr, Binding>,
    believed: &mut Believed,
    asked: &Packet,
    now: SystemTime,
) -> Vec<Ipv4Addr> {
    let mut probes = Vec::new();
    for output in outputs {
        match output {
            Output::Store(binding) => {
                disk.insert(binding.address, binding);
            }
            Output::Send(reply) => {
                check_reply(believed, asked, &reply, now);
                if reply.kind == MessageType::Ack && !reply.address.is_unspecified() {
                    assert!(
                        disk[&reply.address].is_leased(now),
                        "the ACK came before the record"
                    );
                }
            }
            Output::Probe(address) => probes.push(address),
            Output::Refused(_) => {}
        }
    }
    probes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn no_address_is_leased_twice_and_no_reservation_is_lent(steps in steps()) {
        let mut lan = Lan::new();
        lan.server = Server::new(small_scope(), []);
        let mut disk = BTreeMap::new();
        let mut believed = Believed::new();
        let mut probing: Vec<(Ipv4Addr, Packet)> = Vec::new();
        for step in steps {
            match step {
                Step::Send { client, kind, last, id, shape } => {
                    let asked = build(client, kind, last, id, shape);
                    let leaves = matches!(kind, 4 | 7);
                    let outputs = lan.hear(&asked);
                    if leaves && outputs.iter().any(|output| matches!(output, Output::Store(_))) {
                        believed.remove(&lan_address(last));
                    }
                    let more = follow(outputs, &mut disk, &mut believed, &asked, lan.now);
                    probing.extend(more.into_iter().map(|address| (address, asked.clone())));
                }
                Step::Probe { taken } => {
                    if let Some((address, asked)) = probing.pop() {
                        let found = if taken { Probed::Taken(mac(99)) } else { Probed::Free };
                        let outputs = lan.server.probed(address, found, lan.now);
                        // The offer goes to whoever waits for the address now, which may be another message.
                        let outputs = outputs
                            .into_iter()
                            .filter(|output| !matches!(output, Output::Send(_)))
                            .collect();
                        let more = follow(outputs, &mut disk, &mut believed, &asked, lan.now);
                        probing.extend(more.into_iter().map(|address| (address, asked.clone())));
                    }
                }
                Step::Wait(secs) => lan.advance(Duration::from_secs(secs.into())),
                Step::Restart => {
                    let kept: Vec<Binding> = disk.values().cloned().collect();
                    lan.server = Server::new(small_scope(), kept);
                    probing.clear();
                }
            }
            let known: Vec<&Binding> = lan.server.bindings().collect();
            prop_assert_eq!(known, disk.values().collect::<Vec<_>>(), "disk and memory differ");
        }
    }

    #[test]
    fn no_octets_panic_the_server(
        octets in proptest::collection::vec(any::<u8>(), 240..400),
        kind in 0..10_u8,
    ) {
        let mut octets = octets;
        octets[..3].copy_from_slice(&[1, 1, 6]);
        octets[236..240].copy_from_slice(&[99, 130, 83, 99]);
        octets.splice(240..240, [53, 1, kind]);
        let mut lan = Lan::new();
        let arrival = client(1).discover().arrival;
        for output in lan.server.handle(&octets, arrival, lan.now) {
            if let Output::Probe(address) = output {
                lan.server.probed(address, Probed::Free, lan.now);
            }
        }
    }
}
