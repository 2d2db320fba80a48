use std::time::Duration;

use super::fixture::*;
use crate::{code, server::*};

const SHORT: u32 = 300;

fn without_disk() -> Lan {
    let mut lan = Lan::new();
    lan.server.set_volatile(true);
    lan
}

/// What a router knows that starts after a power loss: what was on disk.
fn after_power_loss(lan: &Lan, on_disk: Vec<Binding>) -> Lan {
    let mut server = Server::new(lan.server.scope().clone(), on_disk);
    server.started(lan.now);
    let now = lan.now;
    Lan { server, now }
}

fn on_disk(lan: &Lan) -> Vec<Binding> {
    lan.server.bindings().cloned().collect()
}

fn lease_of(outputs: &[Output]) -> u32 {
    let message = Message::parse(&only_reply_of(outputs).payload).expect("a message");
    message.options.number(code::LEASE_TIME).expect("a lease")
}

#[test]
fn a_lease_that_only_memory_knows_lasts_five_minutes() {
    let mut lan = without_disk();

    let acknowledged = lan.lease(&client(1).discover(), lan_address(20));

    assert_eq!(lease_of(&acknowledged), SHORT);
}

#[test]
fn a_reservation_is_served_in_full_because_the_configuration_remembers_it() {
    let mut lan = without_disk();

    let acknowledged = lan.lease(&packet(TALOS, MessageType::Discover), lan_address(201));

    assert_eq!(lease_of(&acknowledged), 43_200);
}

#[test]
fn a_renewal_never_promises_more_than_the_disk_holds() {
    let mut lan = Lan::new();
    lan.lease(&client(1).discover(), lan_address(20));
    let stored_until = lan.binding(lan_address(20)).free_from();
    lan.server.set_volatile(true);
    for _ in 0..20 {
        lan.advance(Duration::from_secs(1800));

        let outputs = lan.hear(&client(1).renew(lan_address(20)));

        let until = lan.now + Duration::from_secs(lease_of(&outputs).into());
        assert!(until <= stored_until, "{outputs:?}");
    }
    lan.advance(Duration::from_secs(6900));

    let outputs = lan.hear(&client(1).renew(lan_address(20)));

    assert_eq!(lease_of(&outputs), SHORT);
}

#[test]
fn without_a_disk_every_address_is_looked_for_before_it_is_offered() {
    let mut lan = Lan::new();
    lan.lease(&client(1).discover(), lan_address(20));
    lan.hear(&client(1).release(lan_address(20)));
    lan.server.set_volatile(true);

    let outputs = lan.hear(&client(1).discover());

    assert_eq!(outputs, [Output::Probe(lan_address(20))]);
}

/// Promise 6: a lease that was acknowledged survives power loss of the router.
#[test]
fn no_address_goes_to_a_second_client_after_a_power_loss_without_a_disk() {
    let mut lan = Lan::with_range("192.168.1.20-192.168.1.21");
    lan.lease(&client(9).discover(), lan_address(20));
    lan.advance(Duration::from_secs(50_000));
    let disk = on_disk(&lan);
    lan.server.set_volatile(true);
    lan.lease(&client(1).discover(), lan_address(21));
    lan.lease(&client(2).discover(), lan_address(20));

    let mut lan = after_power_loss(&lan, disk);

    // The disk says that .20 was client 9's; it may not have it confirmed, and asks anew.
    let refused = lan.hear(&client(9).init_reboot(lan_address(20)));
    assert_eq!(only_reply_of(&refused).kind, MessageType::Nak);
    // The disk says that nobody ever had .21 and that .20 is free since a while; their holders answer for them.
    let asked = lan.hear(&client(3).discover());
    assert_eq!(asked, [Output::Probe(lan_address(21))]);
    let now = lan.now;
    let asked = lan
        .server
        .probed(lan_address(21), Probed::Taken(mac(1)), now);
    assert_eq!(asked.last(), Some(&Output::Probe(lan_address(20))));
    let told = lan
        .server
        .probed(lan_address(20), Probed::Taken(mac(2)), now);
    assert_eq!(reply_of(&told), None);
    for (number, last) in [(1, 21), (2, 20)] {
        let mut lan = after_power_loss(&lan, Vec::new());
        let outputs = lan.hear(&client(number).renew(lan_address(last)));
        assert_eq!(lease_of(&outputs), 43_200, "its holder renews");
    }
}

#[test]
fn a_release_that_cannot_be_stored_leaves_the_lease_with_its_client() {
    let mut lan = Lan::new();
    lan.lease(&client(1).discover(), lan_address(20));
    lan.server.set_volatile(true);

    let outputs = lan.hear(&client(1).release(lan_address(20)));

    let refused = Refused::Unstored(MessageType::Release, lan_address(20));
    assert_eq!(outputs, [Output::Refused(refused)]);
    assert!(lan.binding(lan_address(20)).is_leased(lan.now));
}

#[test]
fn five_minutes_after_a_start_addresses_that_were_given_back_are_offered_at_once() {
    let mut lan = Lan::new();
    lan.lease(&client(1).discover(), lan_address(20));
    lan.advance(Duration::from_secs(50_000));
    let mut lan = after_power_loss(&lan, on_disk(&lan));
    assert_eq!(
        lan.hear(&client(1).discover()),
        [Output::Probe(lan_address(20))]
    );
    lan.advance(Duration::from_secs(300));

    assert!(matches!(
        lan.hear(&client(1).discover())[..],
        [Output::Send(_)]
    ));
}
