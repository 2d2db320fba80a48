#![expect(
    clippy::disallowed_methods,
    reason = "a monotonic time has no other constructor; the tests only count from it"
)]

use super::*;

const RECHECK: Duration = Duration::from_secs(60);
const SERVER: Other = Other::DhcpServer(Ipv4Addr::new(192, 168, 1, 1));

/// A guard and the clock that drives it.
struct Case {
    guard: Guard,
    start: Instant,
    sent: Vec<(u128, Vec<Instruction>)>,
}

fn case(authoritative: bool) -> Case {
    let start = Instant::now();
    Case {
        guard: Guard::new(authoritative, RECHECK, start),
        start,
        sent: Vec::new(),
    }
}

impl Case {
    /// Ticks at each deadline up to this time.
    fn run_to(&mut self, millis: u64) -> Instant {
        let until = self.start + Duration::from_millis(millis);
        while let Some(deadline) = self.guard.deadline().filter(|at| *at <= until) {
            let sent = self.guard.tick(deadline);
            if !sent.is_empty() {
                let at = deadline.duration_since(self.start).as_millis();
                self.sent.push((at, sent));
            }
        }
        until
    }
}

#[test]
fn a_lan_on_which_nobody_answers_is_served_after_a_second() {
    let mut case = case(false);

    case.run_to(999);
    assert_eq!(case.guard.verdict(), Verdict::Checking);
    assert!(!case.guard.is_alone());

    case.run_to(1000);
    assert_eq!(case.guard.verdict(), Verdict::Serving);
    assert!(case.guard.is_alone());
    assert_eq!(case.guard.deadline(), None);
    let times: Vec<_> = case.sent.iter().map(|(at, _)| *at).collect();
    assert_eq!(times, [0, 400]);
    assert_eq!(case.sent[0].1.len(), 4);
}

#[test]
fn an_answer_of_another_server_router_or_of_our_own_address_keeps_dhcp_off() {
    let others = [
        SERVER,
        Other::Router("fe80::1".parse().unwrap()),
        Other::AddressInUse(Mac::new([2, 0, 0, 0, 0, 1])),
    ];
    for other in others {
        let mut case = case(false);
        let now = case.run_to(300);

        case.guard.saw(other, now);
        case.run_to(59_000);

        assert_eq!(case.guard.verdict(), Verdict::Off, "{other}");
        assert_eq!(case.guard.others().iter().collect::<Vec<_>>(), [&other]);
    }
}

#[test]
fn a_server_that_takes_its_time_still_turns_dhcp_off() {
    let mut case = case(false);
    let now = case.run_to(3500);
    assert_eq!(case.guard.verdict(), Verdict::Serving);

    case.guard.saw(SERVER, now);

    assert_eq!(case.guard.verdict(), Verdict::Off);
}

#[test]
fn a_server_that_appears_much_later_is_only_reported() {
    let mut case = case(false);
    let now = case.run_to(3_600_000);

    case.guard.saw(SERVER, now);

    assert_eq!(case.guard.verdict(), Verdict::Serving);
    assert!(!case.guard.is_alone());
    assert!(case.guard.others().contains(&SERVER));

    let now = case.run_to(3_660_100);
    case.guard.saw(SERVER, now);
    case.run_to(3_700_000);
    assert_eq!(case.guard.verdict(), Verdict::Serving);
    assert!(case.guard.others().contains(&SERVER), "it still answers");

    case.run_to(3_800_000);
    assert!(case.guard.is_alone(), "it is gone");
}

#[test]
fn dhcp_starts_when_the_other_server_is_gone() {
    let mut case = case(false);
    let now = case.run_to(100);
    case.guard.saw(SERVER, now);

    let now = case.run_to(60_200);
    case.guard.saw(SERVER, now);
    case.run_to(119_000);
    assert_eq!(case.guard.verdict(), Verdict::Off, "it still answers");

    case.run_to(130_000);
    assert_eq!(case.guard.verdict(), Verdict::Serving);
    assert!(case.guard.is_alone());
}

#[test]
fn those_who_left_are_not_reported_when_somebody_else_keeps_dhcp_off() {
    let router = Other::Router("fe80::1".parse().unwrap());
    let mut case = case(false);
    let now = case.run_to(100);
    case.guard.saw(SERVER, now);
    case.guard.saw(router, now);

    let now = case.run_to(60_200);
    case.guard.saw(router, now);
    case.run_to(70_000);

    assert_eq!(case.guard.verdict(), Verdict::Off);
    assert_eq!(case.guard.others().iter().collect::<Vec<_>>(), [&router]);
}

#[test]
fn authoritative_serves_at_once_and_reports_who_else_is_there() {
    let mut case = case(true);
    assert_eq!(case.guard.verdict(), Verdict::Serving);

    let now = case.run_to(200);
    case.guard.saw(SERVER, now);
    case.run_to(5000);

    assert_eq!(case.guard.verdict(), Verdict::Serving);
    assert!(!case.guard.is_alone());
    assert!(case.guard.others().contains(&SERVER));

    case.guard.set_authoritative(false);
    assert_eq!(case.guard.verdict(), Verdict::Off);
}

#[test]
fn others_that_somebody_invents_are_told_up_to_a_bound() {
    let mut case = case(false);
    let now = case.run_to(3_600_000);

    for number in 0..1000 {
        let invented = Other::DhcpServer(Ipv4Addr::from_bits(number));
        case.guard.saw(invented, now);
    }

    assert_eq!(case.guard.others().len(), OTHERS);
    assert_eq!(case.guard.verdict(), Verdict::Serving);
}
