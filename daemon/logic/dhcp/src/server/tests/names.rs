//! Names that are published, and those that are not.

use super::fixture::*;
use crate::server::*;

#[test]
fn a_released_name_is_free_for_another_client() {
    let mut lan = Lan::new();
    lan.lease(&client(1).named("nas").discover(), lan_address(20));
    let outputs = lan.lease(&client(2).named("nas").discover(), lan_address(21));
    assert!(outputs.contains(&Output::Refused(Refused::NameTaken("nas".into()))));
    assert_eq!(lan.binding(lan_address(21)).hostname, None);

    lan.hear(&client(1).release(lan_address(20)));
    lan.hear(&client(2).named("nas").renew(lan_address(21)));

    assert_eq!(lan.binding(lan_address(21)).hostname, Some("nas".into()));
}

#[test]
fn no_client_gets_the_name_of_the_router_or_of_a_reservation() {
    let mut lan = Lan::new();

    lan.lease(&client(1).named("Router").discover(), lan_address(20));
    lan.lease(&client(2).named("talos-1").discover(), lan_address(21));
    lan.lease(&client(3).named("wpad").discover(), lan_address(22));

    for last in 20..=22 {
        assert_eq!(lan.binding(lan_address(last)).hostname, None, ".{last}");
    }
}

#[test]
fn a_client_keeps_its_name_when_a_renewal_does_not_repeat_it() {
    let mut lan = Lan::new();
    lan.lease(&client(1).named("Laptop").discover(), lan_address(20));

    lan.hear(&client(1).renew(lan_address(20)));

    assert_eq!(lan.binding(lan_address(20)).hostname, Some("laptop".into()));
}
