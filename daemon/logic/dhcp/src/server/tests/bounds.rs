//! What one client, or many, may cost.

use std::time::Duration;

use super::fixture::*;
use crate::code;
use crate::server::*;

#[test]
fn offers_that_nobody_answers_do_not_starve_a_lan() {
    let mut lan = Lan::with_range("192.168.1.20-192.168.1.22");
    for number in 1..=3 {
        lan.hear(&client(number).discover());
    }
    assert_eq!(
        lan.hear(&client(4).discover()),
        [Output::Refused(Refused::Exhausted)],
        "young offers are kept"
    );

    lan.advance(Duration::from_secs(3));

    assert_eq!(
        lan.hear(&client(4).discover()),
        [Output::Probe(lan_address(20))]
    );
    let nak = only_reply(lan.hear(&client(1).select(lan_address(20))));
    assert_eq!(nak.kind, MessageType::Nak);
}

#[test]
fn leases_that_could_not_be_stored_use_up_no_addresses() {
    let mut lan = Lan::with_range("192.168.1.20-192.168.1.22");
    for number in 1..=3 {
        lan.lease(&client(number).discover(), lan_address(19 + number));
    }
    for last in 20..=22 {
        lan.server.revert(lan_address(last), None);
    }

    let offered: std::collections::BTreeSet<_> = (4..=6)
        .map(|number| lan.offered(&client(number).discover()).address)
        .collect();

    assert_eq!(offered, [20, 21, 22].map(lan_address).into());
}

#[test]
fn a_client_that_floods_is_ignored_until_it_calms_down() {
    let mut lan = Lan::new();
    let talos = packet(TALOS, MessageType::Discover);
    let answered = (0..30)
        .filter(|_| reply_of(&lan.hear(&talos)).is_some())
        .count();
    assert_eq!(answered, 20);
    assert_eq!(lan.hear(&talos), [Output::Refused(Refused::Flood(TALOS))]);

    assert!(reply_of(&lan.hear(&client(1).init_reboot(Ipv4Addr::new(10, 0, 0, 1)))).is_some());
    lan.advance(Duration::from_secs(5));
    assert!(reply_of(&lan.hear(&talos)).is_some());
}

#[test]
fn messages_that_no_client_sends_are_counted_and_not_answered() {
    let mut lan = Lan::new();
    let mut reply = client(1).discover();
    reply.message.is_reply = true;
    let mut typeless = client(1).discover();
    typeless.message.options.set(code::MESSAGE_TYPE, [13]);
    let mut group = packet(Mac::new([1, 0, 0, 0, 0, 0]), MessageType::Discover);
    group.message.is_reply = false;
    let mut relayed = client(1).discover();
    relayed.message.giaddr = Ipv4Addr::new(10, 9, 9, 9);
    let mut nothing = client(1).discover();
    nothing.message.options.set(code::MESSAGE_TYPE, [3]);

    for wrong in [reply, typeless, group, relayed, nothing] {
        let outputs = lan.hear(&wrong);
        assert!(
            matches!(outputs.as_slice(), [Output::Refused(_)]),
            "{outputs:?}"
        );
    }
}
