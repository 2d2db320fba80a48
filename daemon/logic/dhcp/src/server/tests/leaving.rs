//! DECLINE and RELEASE.

use std::time::Duration;

use super::fixture::*;
use crate::code;
use crate::server::*;

#[test]
fn a_declined_address_is_left_alone_for_an_hour() {
    let mut lan = Lan::with_range("192.168.1.20-192.168.1.21");
    lan.lease(&client(1).discover(), lan_address(20));

    lan.hear(&client(1).decline(lan_address(20)));

    assert_eq!(lan.offered(&client(1).discover()).address, lan_address(21));
    lan.advance(Duration::from_secs(60));
    assert_eq!(lan.offered(&client(2).discover()).address, lan_address(21));
    lan.advance(Duration::from_secs(3600));
    lan.lease(&client(2).discover(), lan_address(21));
    assert_eq!(lan.offered(&client(3).discover()).address, lan_address(20));
}

#[test]
fn declines_put_at_most_a_quarter_of_the_range_aside() {
    let mut lan = Lan::with_range("192.168.1.20-192.168.1.27");
    for number in 1..=8 {
        lan.lease(&client(number).discover(), lan_address(19 + number));
    }

    let refused: Vec<_> = (1..=8)
        .flat_map(|number| lan.hear(&client(number).decline(lan_address(19 + number))))
        .filter(|output| matches!(output, Output::Refused(Refused::QuarantineFull(_))))
        .collect();

    assert_eq!(refused.len(), 6);
    assert_eq!(lan.offered(&client(9).discover()).address, lan_address(22));
}

#[test]
fn a_decline_or_release_counts_only_from_the_holder() {
    let mut lan = Lan::new();
    lan.lease(&client(1).discover(), lan_address(20));
    let mut elsewhere = client(1).release(lan_address(20));
    elsewhere.arrival.source = lan_address(66);
    let mut nameless = client(1).release(lan_address(20));
    nameless.message.options.remove(code::SERVER_ID);

    for forged in [
        client(2).release(lan_address(20)),
        client(2).decline(lan_address(20)),
        client(1).decline(lan_address(21)),
        elsewhere,
        nameless,
    ] {
        let outputs = lan.hear(&forged);
        assert!(
            matches!(outputs.as_slice(), [Output::Refused(_)]),
            "{outputs:?}"
        );
    }
    assert!(lan.binding(lan_address(20)).is_leased(lan.now));
}
